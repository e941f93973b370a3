"""The REST API of the library, as a client meets it."""

import base64
import hashlib
import io
import json
import re
import zipfile
from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.dateparse import parse_datetime

from gallery.files import decoding
from gallery.models import Image
from gallery.tests.drawing import draw

IMAGES = "/api/v1/admin/gallery/images/"
TAGS = "/api/v1/admin/gallery/tags/"


def post(client: Client, path: str, data: object):
    return client.post(path, data, content_type="application/json")


def expected(image: Image) -> dict:
    base = f"http://testserver{IMAGES}{image.pk}"
    return {
        "id": image.pk,
        "filename": image.filename,
        "url": f"{base}/file/",
        "thumbnail_url": f"{base}/thumbnail/?v=2-{image.filename[:8]}",
        "prompt": image.prompt,
        "model": image.model,
        "aspect_ratio": image.aspect_ratio,
        "width": image.width,
        "height": image.height,
        "file_size": image.file_size,
        "created_at": image.created_at,
        "tags": [tag.name for tag in image.tags.all()],
        "favorite": image.favorite,
        "nsfw": image.nsfw,
        "content_hash": image.content_hash,
        "file_name": image.file_name,
        "added_at": image.added_at,
        "prompt_source": image.prompt_source,
    }


def read(answer: dict) -> dict:
    """The answer with its times as moments."""
    moments = {name: parse_datetime(answer[name]) for name in ("created_at", "added_at")}
    assert all(moment is not None and moment.tzinfo is not None for moment in moments.values())
    return {**answer, **moments}


@pytest.mark.parametrize("number", [1, 3])
def test_list_answers_a_page_in_few_queries(staff, add_image, number, django_assert_num_queries):
    images = [add_image(prompt=f"p{index}", tags=["a", "b"]) for index in range(number)]
    with django_assert_num_queries(6):  # session, user, count, ids, rows, tags
        answer = staff.get(IMAGES).json()
    results = [read(row) for row in answer.pop("results")]
    assert answer == {
        "count": number,
        "count_exact": True,
        "next": None,
        "previous": None,
        "page": 1,
        "page_size": 50,
        "total_pages": 1,
    }
    assert results == [expected(image) for image in reversed(images)]


def test_list_pages_filters_and_sorts(staff, add_image):
    small, large = (
        add_image(prompt="红色的狐狸", tags=["x"]),
        add_image(data=draw(300, 300), model="m"),
    )

    def ids(query: str) -> list[int]:
        return [row["id"] for row in staff.get(f"{IMAGES}?{query}").json()["results"]]

    assert ids("sort_by=file_size&sort_order=desc") == [large.pk, small.pk]
    assert ids("sort_by=created_at&sort_order=asc") == [small.pk, large.pk]
    assert ids("search=狐狸") == [small.pk]
    assert ids("model=m") == [large.pk]
    assert ids("tags=X") == [small.pk]
    page = staff.get(f"{IMAGES}?page_size=1").json()
    assert (page["total_pages"], page["next"]) == (
        2,
        f"http://testserver{IMAGES}?page=2&page_size=1",
    )


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("sort_by=prompt", "sort_by"),
        ("page_size=0", "page_size"),
        ("page_size=201", "page_size"),
        ("page=x", "page"),
        ("favorite=perhaps", "favorite"),
        ("start_date=yesterday", "start_date"),
        ("tags_match=some", "tags_match"),
    ],
)
def test_list_names_the_field_of_a_bad_query(staff, query, field):
    answer = staff.get(f"{IMAGES}?{query}")
    assert (answer.status_code, list(answer.json())) == (400, [field])


def test_list_has_no_page_behind_the_last(staff):
    assert staff.get(f"{IMAGES}?page=2").status_code == 404


def test_upload_stores_the_picture(staff, media_folder):
    data = draw(96, 64, format="PNG")
    file = SimpleUploadedFile("any.name", data)
    form = {
        "file": file,
        "prompt": "a fox",
        "tags": "red， Fox",
        "modified_at": "2020-05-06T07:08Z",
    }
    answer = staff.post(IMAGES, form)
    assert answer.status_code == 201
    image = Image.objects.get()
    assert read(answer.json()) == expected(image)
    assert (image.source, image.aspect_ratio, image.prompt) == ("uploaded", "3:2", "a fox")
    assert (image.file_name, image.prompt_source) == ("any.name", "given")
    assert image.created_at == datetime(2020, 5, 6, 7, 8, tzinfo=UTC) < image.added_at
    named = staff.get(f"{IMAGES}{image.pk}/file/?download")
    assert named["Content-Disposition"] == 'attachment; filename="any.name.png"'
    body(named)
    assert sorted(tag.name for tag in image.tags.all()) == ["Fox", "red"]


def test_upload_of_an_archive_takes_in_every_picture(staff, media_folder):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a/one.jpg", draw())
        archive.writestr("../two.jpg", draw(color="#ff0000"))
        archive.writestr("again.jpg", draw())
        archive.writestr("broken.png", draw(format="PNG")[:60])
        archive.writestr("notes.txt", "x")
        archive.writestr("photo.psd", b"8BPS\0\1")
    file = SimpleUploadedFile("old.zip", out.getvalue())
    answer = staff.post(IMAGES, {"file": file, "tags": "old"})
    ids = list(Image.objects.order_by("pk").values_list("pk", flat=True))
    assert answer.status_code == 200
    assert answer.json() == {
        "added": 2, "image_ids": ids, "changed": 0, "known": 1,
        "failed": [
            {"name": "old.zip/broken.png", "reason": "The picture is damaged or incomplete."}
        ],
        "ignored": {"other": 1, "Photoshop (PSD)": 1},
    }  # fmt: skip
    assert [image.tags.get().name for image in Image.objects.all()] == ["old", "old"]
    broken = SimpleUploadedFile("cut.zip", out.getvalue()[:200])
    assert staff.post(IMAGES, {"file": broken}).json() == {
        "added": 0, "image_ids": [], "changed": 0, "known": 0,
        "failed": [{"name": "cut.zip", "reason": "File is not a zip file"}], "ignored": {},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "file"),
        ({"file": "text"}, "file"),
        ({"file": b""}, "file"),
        ({"file": b"<svg/>"}, "file"),
        ({"file": draw()[:200]}, "file"),
        ({"file": draw(), "prompt": "x" * 32_001}, "prompt"),
        ({"file": draw(), "tags": "x" * 65}, "tags"),
        ({"file": draw(), "prompt": "nul \0"}, "prompt"),
        ({"file": draw(), "modified_at": "yesterday"}, "modified_at"),
    ],
)
def test_upload_refuses_bad_input_and_stores_nothing(staff, media_folder, fields, field):
    if isinstance(fields.get("file"), bytes):
        fields = {**fields, "file": SimpleUploadedFile("a.jpg", fields["file"], "image/jpeg")}
    answer = staff.post(IMAGES, fields)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert Image.objects.count() == 0
    assert [path for path in media_folder.rglob("*") if path.is_file()] == []


def test_upload_refuses_a_decompression_bomb_before_decoding_it(staff):
    from PIL import Image as Pillow

    out = io.BytesIO()
    Pillow.new("1", (20_000, 20_000)).save(out, "PNG")
    assert len(out.getvalue()) < 100_000 < decoding.max_pixels() < 20_000 * 20_000
    answer = staff.post(IMAGES, {"file": SimpleUploadedFile("bomb.png", out.getvalue())})
    assert (answer.status_code, answer.json()) == (
        400,
        {"file": ["The picture has more than 100 million pixels."]},
    )


def test_upload_is_turned_away_while_too_many_large_pictures_are_read(staff, monkeypatch):
    monkeypatch.setattr(decoding, "MOST_WAITING", 0)
    staff.raise_request_exception = False
    with decoding.budget.room(decoding.budget.total, patient=True):
        answer = staff.post(IMAGES, {"file": SimpleUploadedFile("a.png", draw(8, 8, format="PNG"))})
    assert (answer.status_code, answer.json()) == (
        503,
        {"detail": "Too many large pictures are being read. Try again in a moment."},
    )
    assert answer["Retry-After"] == "5"


def test_detail_patch_and_delete(
    staff, add_image, media_folder, django_capture_on_commit_callbacks
):
    image = add_image(tags=["a"])
    path = f"{IMAGES}{image.pk}/"
    assert read(staff.get(path).json()) == expected(image)
    change = {"favorite": True, "nsfw": True, "tags": ["b", "ｂ"], "prompt": "Ａ new one"}
    answer = staff.patch(path, change, content_type="application/json")
    image.refresh_from_db()
    assert read(answer.json()) == expected(image)
    assert (image.favorite, image.nsfw, image.prompt) == (True, True, "Ａ new one")
    assert (image.prompt_source, image.prompt_folded) == ("person", "a new one")
    assert [tag.name for tag in image.tags.all()] == ["b"]
    bad = staff.patch(path, {"favorite": "maybe"}, content_type="application/json")
    assert (bad.status_code, list(bad.json())) == (400, ["favorite"])
    for prompt in ("x" * 32_001, "nul \0", None, ["list"]):
        bad = staff.patch(path, {"prompt": prompt}, content_type="application/json")
        assert (bad.status_code, list(bad.json())) == (400, ["prompt"])
    with django_capture_on_commit_callbacks(execute=True):
        assert staff.delete(path).status_code == 204
    assert [path for path in media_folder.rglob("*") if path.is_file()] == []
    assert staff.get(path).status_code == staff.delete(path).status_code == 404


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def test_file_answers_bytes_ranges_and_etags(staff, add_image):
    data = draw(128, 128)
    image = add_image(data=data)
    path = f"{IMAGES}{image.pk}/file/"
    whole = staff.get(path)
    assert (whole.status_code, body(whole), whole["Content-Type"]) == (200, data, "image/jpeg")
    assert whole["Cache-Control"] == "private, max-age=31536000, immutable"
    assert whole["X-Content-Type-Options"] == "nosniff"
    part = staff.get(path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, body(part)) == (206, data[10:20])
    assert part["Content-Range"] == f"bytes 10-19/{len(data)}"
    tail = staff.get(path, headers={"Range": "bytes=-5"})
    assert (tail.status_code, body(tail)) == (206, data[-5:])
    beyond = staff.get(path, headers={"Range": f"bytes={len(data)}-"})
    assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{len(data)}")
    assert staff.get(path, headers={"If-None-Match": whole["ETag"]}).status_code == 304
    named = staff.get(f"{path}?download")
    assert named["Content-Disposition"] == f'attachment; filename="{image.filename}"'
    body(named)


def test_thumbnail_is_webp_and_without_any_file_there_is_none(staff, add_image):
    image = add_image()
    answer = staff.get(f"{IMAGES}{image.pk}/thumbnail/")
    assert (answer["Content-Type"], body(answer)[8:12]) == ("image/webp", b"WEBP")
    for name in (image.thumbnail.name, image.file.name):
        image.file.storage.delete(name)
    assert staff.get(f"{IMAGES}{image.pk}/thumbnail/").status_code == 404


def test_bulk_actions_take_ids_or_a_filter(staff, add_image):
    one, two, three = add_image(prompt="cat"), add_image(prompt="cat"), add_image(prompt="dog")
    answer = post(staff, f"{IMAGES}tags/", {"filter": {"search": "cat"}, "add": ["pet"]})
    assert answer.json() == {"changed": 2, "failed": []}
    answer = post(staff, f"{IMAGES}favorite/", {"image_ids": [three.pk, 10**9]})
    assert answer.json() == {"changed": 1, "failed": [{"id": 10**9, "reason": "not found"}]}
    for mark in (True, False):
        answer = post(staff, f"{IMAGES}nsfw/", {"filter": {"search": "cat"}, "nsfw": mark})
        assert answer.json() == {"changed": 2, "failed": []}
        assert Image.objects.filter(nsfw=True).count() == 2 * mark
    assert post(staff, f"{IMAGES}trash/", {"filter": {"tags": "pet"}}).json() == {
        "trashed": 2,
        "failed": [],
    }
    assert staff.get(IMAGES).json()["count"] == 1
    assert staff.get(f"{IMAGES}?trash=only").json()["count"] == 2
    assert post(staff, f"{IMAGES}restore/", {"image_ids": [one.pk]}).json()["restored"] == 1
    answer = post(staff, f"{IMAGES}delete/", {"image_ids": [one.pk, two.pk]})
    assert answer.json() == {"deleted": 2, "failed": []}
    assert list(Image.objects.all()) == [three]


@pytest.mark.parametrize(
    ("action", "data", "field"),
    [
        ("delete", {}, "image_ids"),
        ("delete", {"image_ids": "all"}, "image_ids"),
        ("delete", {"image_ids": ["x"]}, "image_ids"),
        ("delete", {"filter": {"colour": "red"}}, "filter"),
        ("delete", [], "non_field_errors"),
        ("favorite", {"image_ids": [1], "favorite": "x"}, "favorite"),
        ("tags", {"image_ids": [1]}, "add"),
        ("tags", {"image_ids": [1], "add": [""]}, "add"),
    ],
)
def test_bulk_actions_name_the_field_of_bad_input(staff, add_image, action, data, field):
    image = add_image()
    answer = post(staff, f"{IMAGES}{action}/", data)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert list(Image.objects.all()) == [image]


def test_broken_json_is_a_clear_error(staff):
    answer = post(staff, f"{IMAGES}delete/", '{"image_ids": [1')
    assert (answer.status_code, list(answer.json())) == (400, ["detail"])


def test_tags_are_listed_renamed_merged_and_deleted(staff, add_image):
    add_image(tags=["cat", "pet"])
    add_image(tags=["cat"])
    tags = staff.get(TAGS).json()
    assert [(tag["name"], tag["count"]) for tag in tags] == [("cat", 2), ("pet", 1)]
    pet = tags[1]["id"]
    renamed = staff.patch(f"{TAGS}{pet}/", {"name": "Animal"}, content_type="application/json")
    assert renamed.json() == {"id": pet, "name": "Animal", "count": 1}
    merged = staff.patch(f"{TAGS}{pet}/", {"name": "CAT"}, content_type="application/json")
    assert merged.json() == {"id": tags[0]["id"], "name": "cat", "count": 2}
    bad = staff.patch(f"{TAGS}{tags[0]['id']}/", {"name": "a,b"}, content_type="application/json")
    assert (bad.status_code, list(bad.json())) == (400, ["name"])
    assert staff.delete(f"{TAGS}{tags[0]['id']}/").status_code == 204
    assert staff.get(TAGS).json() == []
    assert staff.delete(f"{TAGS}{pet}/").status_code == 404


@pytest.mark.parametrize("number", [1, 3])
def test_stats_are_exact_in_few_queries(staff, add_image, number, django_assert_num_queries):
    images = [add_image(model="m", tags=["a"]) for _ in range(number)]
    with django_assert_num_queries(4):  # session, user, counters, names of tags
        answer = staff.get("/api/v1/admin/gallery/stats/").json()
    assert answer == {
        "total_count": number,
        "total_size": sum(image.file_size for image in images),
        "month_count": number,
        "top_tags": [{"name": "a", "count": number}],
        "models": [{"name": "m", "count": number}],
        "aspect_ratios": [{"name": "1:1", "count": number}],
    }


def test_only_one_picture_can_be_deleted_by_method(staff, add_image):
    image = add_image()
    assert staff.delete(IMAGES).status_code == 405
    assert list(Image.objects.all()) == [image]


def test_browsable_pages_name_the_program(staff, add_image):
    add_image(prompt="a <b>fox</b>")
    page = staff.get(IMAGES, headers={"Accept": "text/html"}).content.decode()
    assert "<title>Image List · Grok2API Gallery</title>" in page
    assert "a &lt;b&gt;fox&lt;/b&gt;" in page


def test_export_streams_a_zip_of_the_promised_size(staff, add_image):
    one, two = add_image(prompt="日落"), add_image(prompt="fox", data=draw(96, 64))
    answer = post(staff, f"{IMAGES}export/", {"image_ids": [two.pk, one.pk, 10**9]})
    data = body(answer)
    assert (answer["Content-Type"], int(answer["Content-Length"])) == ("application/zip", len(data))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(names) == 5
        with two.file.open() as file:
            assert archive.read(names[0]) == file.read()
        records = [json.loads(line) for line in archive.read("manifest.jsonl").splitlines()]
    assert [(record["prompt"], record["status"]) for record in records] == [
        ("fox", "ok"),
        ("日落", "ok"),
    ]
    called = {"image_ids": [one.pk], "name_template": "{id}_{prompt:1}"}
    with zipfile.ZipFile(io.BytesIO(body(post(staff, f"{IMAGES}export/", called)))) as archive:
        assert archive.namelist()[0] == f"{one.pk}_日.jpg"
    bad = post(staff, f"{IMAGES}export/", {"image_ids": [one.pk], "name_template": "{x"})
    assert bad.json() == {"name_template": ["Unbalanced brace: fields are written as {prompt}."]}
    bad = post(staff, f"{IMAGES}export/", {"image_ids": [one.pk], "embedding": "perhaps"})
    assert (bad.status_code, list(bad.json())) == (400, ["embedding"])


def test_scan_takes_in_what_lies_in_the_media_folder(staff, media_folder):
    (media_folder / "dropped").mkdir()
    (media_folder / "dropped" / "a.jpg").write_bytes(draw())
    (media_folder / "dropped" / "b.jpg").write_bytes(draw(300, 300)[:900])
    answer = staff.post("/api/v1/admin/gallery/scan/").json()
    image = Image.objects.get()
    failed = answer.pop("failed")
    assert answer == {"added": 1, "image_ids": [image.pk], "changed": 0, "known": 0, "ignored": {}}
    assert [file["name"] for file in failed] == ["dropped/b.jpg"]
    assert sorted(path.name for path in (media_folder / "dropped").iterdir()) == ["b.jpg"]


def test_browsable_pages_have_no_inline_style_that_their_policy_forbids(staff, add_image):
    add_image(tags=["a"])
    for path in (IMAGES, TAGS, "/api/docs/"):
        response = staff.get(path, headers={"Accept": "text/html"})
        styles = set(re.findall(r'style="([^"]*)"', response.text))
        assert (styles - {"float: right; margin-right: 10px"}, "<style" in response.text) == (
            set(),
            False,
        )
    policy = staff.get(IMAGES, headers={"Accept": "text/html"}).headers["Content-Security-Policy"]
    digest = hashlib.sha256(b"float: right; margin-right: 10px").digest()
    assert f"'sha256-{base64.b64encode(digest).decode()}'" in policy


def test_upload_refuses_in_the_browsers_language(staff, media_folder):
    file = SimpleUploadedFile("a.jpg", draw(512, 512)[:-300])
    answer = staff.post(IMAGES, {"file": file}, headers={"Accept-Language": "zh-CN"})
    assert answer.json() == {"file": ["图片已损坏或不完整。"]}


def test_upload_of_several_files_at_once_is_refused_whole(staff):
    files = [SimpleUploadedFile(f"{name}.jpg", draw(color=name)) for name in ("red", "blue")]
    answer = staff.post(IMAGES, {"file": files})
    assert (answer.status_code, answer.json()) == (
        400, {"file": ["Send one file per request, or several in a ZIP archive."]},
    )  # fmt: skip
    assert not Image.objects.exists()


def test_more_files_than_a_form_may_have_are_refused_without_naming_a_setting(staff):
    files = [SimpleUploadedFile(f"{number}.jpg", b"x") for number in range(101)]
    answer = staff.post(IMAGES, {"file": files})
    assert (answer.status_code, answer.json()) == (
        400, {"detail": "At most 100 files can be sent at once."},
    )  # fmt: skip
