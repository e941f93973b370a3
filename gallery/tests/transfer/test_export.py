"""Archives of pictures: exact size, readable names, honest manifests."""

import csv
import hashlib
import io
import json
import subprocess
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import override

from gallery.files import metadata
from gallery.models import Image
from gallery.tests.drawing import draw
from gallery.tests.files.metadata.tool_files import A1111, png
from gallery.transfer.export import Embedding, export_images
from gallery.transfer.name_templates import read_template
from gallery.transfer.picture_records import as_record

FEBRUARY = timezone.make_aware(timezone.datetime(2026, 2, 7, 12, 30))


@pytest.fixture
def exported(db):
    """Exports these pictures; the archive's bytes have been checked against its size."""

    def export(images: list[Image], **options):
        archive = export_images(image_ids=[image.pk for image in images], **options)
        data = b"".join(archive)
        assert len(data) == archive.size
        archive.close()
        file = zipfile.ZipFile(io.BytesIO(data))
        assert file.testzip() is None
        return file

    return export


def manifest(file: zipfile.ZipFile) -> list[dict]:
    return [json.loads(line) for line in file.read("manifest.jsonl").decode().splitlines()]


def stem(image: Image) -> str:
    return image.filename.partition(".")[0][:6]


def test_export_holds_every_picture_and_all_that_is_known_of_it(add_image, exported, media_folder):
    one = add_image(prompt="日落 海景", tags=["海", "b"], created_at=FEBRUARY, model="m")
    two = add_image(prompt="", data=draw(format="PNG"), created_at=FEBRUARY, favorite=True)
    file = exported([two, one])
    names = [f"20260207-{stem(two)}.png", f"20260207-日落-海景-{stem(one)}.jpg"]
    assert file.namelist() == [*names, "manifest.jsonl", "manifest.csv", "SHA256SUMS"]
    for name, image in zip(names, (two, one), strict=True):
        assert file.read(name) == (media_folder / image.file.name).read_bytes()
    records = [as_record(Image.objects.get(pk=image.pk)) for image in (two, one)]
    assert manifest(file) == [
        {"file": name, **record, "status": "ok", "sha256": record["content_hash"]}
        for name, record in zip(names, records, strict=True)
    ]
    rows = list(csv.DictReader(io.StringIO(file.read("manifest.csv").decode("utf-8-sig"))))
    assert [(row["file"], row["status"], row["prompt"], row["tags"]) for row in rows] == [
        (names[0], "ok", "", ""), (names[1], "ok", "日落 海景", "b, 海"),
    ]  # fmt: skip


def test_export_opens_in_unzip_and_its_checksums_hold(add_image, db, tmp_path):
    ids = [add_image(prompt=f"图 {number}", data=draw(64 + number)).pk for number in range(3)]
    archive = export_images(image_ids=ids)
    (tmp_path / "a.zip").write_bytes(b"".join(archive))
    archive.close()
    subprocess.run(["unzip", "-q", "a.zip"], cwd=tmp_path, check=True)
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=tmp_path
    )
    assert done.returncode == 0
    assert len(list(tmp_path.glob("*.jpg"))) == 3


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("../../etc/passwd", "-..-etc-passwd"),
        ('a<b>:"c"/\\|?* d\n\te', "a-b-c-d-e"),
        ("CON", "CON"),
        ("end...", "end"),
        ("\u202egpj.exe\u200b", "gpj.exe"),
        ("长" * 300, "长" * 26),
        ("e\u0301", "\u00e9"),
        ("\U0001f98a fox", "\U0001f98a-fox"),
        ("///", ""),
    ],
)
def test_names_are_safe_on_every_system(add_image, exported, prompt, words):
    image = add_image(prompt=prompt, created_at=FEBRUARY)
    expected = "-".join(filter(None, ["20260207", words.strip("-. "), stem(image)])) + ".jpg"
    assert exported([image]).namelist()[0] == expected


def test_names_differ_where_only_their_case_did(add_image, exported):
    images = [add_image(prompt=prompt, created_at=FEBRUARY) for prompt in ("Fox", "fOX", "fox")]
    for number, image in enumerate(images):
        name = f"images/{'abcdef'}{number}.jpg"
        Image.objects.filter(pk=image.pk).update(file=name)
        Path(image.file.path).rename(image.file.storage.path(name))
    names = exported(images).namelist()[:3]
    assert names == [
        "20260207-Fox-abcdef.jpg", "20260207-fOX-abcdef1.jpg", "20260207-fox-abcdef2.jpg",
    ]  # fmt: skip


def test_files_are_called_as_a_template_says(add_image, exported):
    images = [
        add_image(prompt="a red kite / over the sea", model="grok imagine:1", created_at=FEBRUARY),
        add_image(prompt="", model="", data=draw(30, 40, format="PNG"), created_at=FEBRUARY),
    ]
    one, two = (image.pk for image in images)
    for template, names in {
        "{date}_{model}_{prompt:10}_{id}": [
            f"20260207_grok-imagine-1_a-red-kite_{one}.jpg", f"20260207_{two}.png",
        ],
        "{prompt:2} ({width}×{height}, {ratio}) {time}": [
            "a (64×64, 1x1) 123000.jpg", "(30×40, 3x4) 123000.png",
        ],
        "kite": ["kite.jpg", "kite.png"],
        "{width}_{model}_{prompt:1}": ["64_grok-imagine-1_a.jpg", "30.png"],
        "{prompt:1} - {id}\u202e": [f"a - {one}.jpg", f"{two}.png"],
        "..{model}": ["grok-imagine-1.jpg", f"{two}.png"],
        "CON": ["_CON.jpg", "_CON.png"],
        "nul.{id}": [f"_nul.{one}.jpg", f"_nul.{two}.png"],
        "{{{width}}}": ["{64}.jpg", "{30}.png"],
        "{prompt}" * 20: [("a-red-kite-over-the-sea" * 20)[:180] + ".jpg", f"{two}.png"],
    }.items():  # fmt: skip
        assert exported(images, template=read_template(template)).namelist()[:2] == names
    same = [images[0], add_image(created_at=FEBRUARY), add_image(created_at=FEBRUARY)]
    taken = f"a-{same[2].pk}"
    Image.objects.filter(pk=same[1].pk).update(prompt=taken)
    names = exported(same, template=read_template("{prompt:1}")).namelist()[:3]
    assert names == ["a.jpg", f"a-{same[1].pk}.jpg", f"{same[2].pk}.jpg"]


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{prompts}", "There is no field {prompts}. Fields are {date}, {time}, {model}, {prompt},"),
        ("{}", "There is no field {}"), ("{prompt.x}", "There is no field {prompt.x}"),
        ("{id!r}", "There is no field {id!r}"), ("{prompt", "Unbalanced brace"),
        ("}", "Unbalanced brace"), ("{prompt:0}", "{prompt:0}: give a number"),
        ("{prompt:{id}}", "{prompt:{id}}: give a number"), ("{prompt:100}", "{prompt:100}: give"),
        ("a/{id}", "“/” cannot be in the name"), ("{id}\n", None), ("a\nb", "“\n” cannot be in"),
        ("x" * 201, "at most 200 characters"), ("", None), ("a b", None),
    ],
)  # fmt: skip
def test_a_template_that_names_no_file_is_refused_with_its_reason(template, said):
    if said is None:
        read_template(template)
        return
    with override("en"), pytest.raises(ValidationError) as refusal:
        read_template(template)
    assert said in " ".join(refusal.value.messages)


def test_a_picture_that_cannot_be_read_is_named_as_failed(add_image, media_folder, db):
    gone, lost, kept = (add_image(prompt=word, created_at=FEBRUARY) for word in "abc")
    Path(gone.file.path).unlink()
    archive = export_images(image_ids=[gone.pk, 10**9, lost.pk, kept.pk])
    Path(lost.file.path).unlink()  # after its size was promised
    data = b"".join(archive)
    assert (len(data), archive.count, archive.failed) == (archive.size, 3, 2)
    file = zipfile.ZipFile(io.BytesIO(data))
    archive.close()
    reason = "failed: No such file or directory"
    assert [(line["file"][9], line["status"]) for line in manifest(file)] == [
        ("a", reason), ("b", reason), ("c", "ok"),
    ]  # fmt: skip
    assert [name[9] for name in file.namelist()[:-3]] == ["c"]
    assert file.read("SHA256SUMS").decode().split() == [kept.content_hash, file.namelist()[0]]


def test_a_damaged_picture_is_exported_and_named(add_image, exported):
    image = add_image(created_at=FEBRUARY)
    data = bytearray(Path(image.file.path).read_bytes())
    data[-3] ^= 1
    Path(image.file.path).write_bytes(data)
    file = exported([image])
    (line,) = manifest(file)
    assert (line["status"], line["sha256"]) == (
        "damaged: not the file that was stored", hashlib.sha256(data).hexdigest(),
    )  # fmt: skip
    assert file.read(line["file"]) == data


def test_formulas_are_no_formulas_in_the_table(add_image, exported):
    file = exported([add_image(prompt="=1+1", model="@x")])
    (row,) = csv.DictReader(io.StringIO(file.read("manifest.csv").decode("utf-8-sig")))
    assert (row["prompt"], row["model"], manifest(file)[0]["prompt"]) == ("'=1+1", "'@x", "=1+1")


def test_embedding_writes_prompt_and_source_type_into_the_files(add_image, exported):
    generated = {"source": Image.Source.GENERATED}
    images = [
        add_image(prompt="海\n第二行", model="grok-imagine-1.0", **generated),
        add_image(
            prompt="x" * 32_000, model="sample-painter", data=draw(format="PNG"), **generated
        ),
        add_image(data=png(parameters=A1111)),
        add_image(prompt="gif", model="m", data=draw(format="GIF"), **generated),
    ]
    file = exported(images, embedding=Embedding.EMBED)
    found = [metadata.read(file.read(line["file"])) for line in manifest(file)]
    assert [(each.prompt[:20], each.source_type) for each in found] == [
        ("海\n第二行", "trainedAlgorithmicMedia"), ("x" * 20, "algorithmicMedia"),
        (A1111[:20], ""), ("gif", "trainedAlgorithmicMedia"),
    ]  # fmt: skip
    for line in manifest(file):
        assert hashlib.sha256(file.read(line["file"])).hexdigest() == line["sha256"]


def test_stripping_takes_prompts_out_of_the_files(add_image, exported):
    image = add_image(prompt="known", data=png(parameters=A1111 * 5000))
    file = exported([image], embedding=Embedding.STRIP)
    assert metadata.read(file.read(file.namelist()[0])).raw == {}


@pytest.mark.parametrize("count", [1, 3])
def test_export_asks_two_queries_and_one_audit_entry_for_any_number(
    add_image, count, django_assert_num_queries
):
    ids = [add_image(tags=["a", "b"]).pk for _ in range(count)]
    with django_assert_num_queries(3):
        archive = export_images(image_ids=ids)
        list(archive)
    archive.close()


def test_export_holds_one_picture_at_a_time(add_image, db):
    data = draw() + bytes(1_000_000)  # what follows a JPEG's end is no part of the picture
    ids = [add_image(data=data).pk for _ in range(12)]
    tracemalloc.start()
    archive = export_images(image_ids=ids)
    total = sum(map(len, archive))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == archive.size
    assert peak < 3_500_000
    archive.close()


def test_an_empty_export_is_an_archive_all_the_same(exported):
    assert exported([]).namelist() == ["manifest.jsonl", "manifest.csv", "SHA256SUMS"]
