"""Tags of one and of many pictures."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from gallery import statistics
from gallery.jobs import tagging
from gallery.jobs.changes import ChangeReport, read_facts
from gallery.models import Image, Tag
from gallery.tests.meanwhile import meanwhile


def names(image: Image) -> list[str]:
    return [tag.name for tag in Image.objects.get(pk=image.pk).tags.all()]


def counters_are_exact() -> bool:
    everything = read_facts(list(Image.objects.values_list("pk", flat=True)))
    return statistics.totals() == statistics.recount(everything.values())


def test_split_names_knows_chinese_and_latin_separators():
    assert tagging.split_names("风景， 人物、abc ,x;y；\nz,, ") == [
        "风景", "人物", "abc", "x", "y", "z",
    ]  # fmt: skip


def test_clean_names_collapses_blanks_and_doubles():
    assert tagging.clean_names(["  Big   Cat ", "ｂｉｇ cat", "Ａ", "a"]) == ["Big Cat", "Ａ"]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ("", "empty"),
        (" ", "empty"),
        ("x" * 65, "max_length"),
        ("a\x00b", "invalid"),
        ("a,b", "invalid"),
    ],
)
def test_clean_names_refuses(bad, code):
    with pytest.raises(ValidationError) as error:
        tagging.clean_names([bad])
    assert error.value.code == code


def test_change_tags_adds_and_removes_on_many(add_image):
    first, second = add_image(tags=["a", "b"]), add_image(tags=["c"])
    report = tagging.change_tags(image_ids=[first.pk, second.pk, 0], add=["Ｃ", "d"], remove=["B"])
    assert report == ChangeReport(done=2, failed=[(0, "not found")])
    assert (names(first), names(second)) == (["a", "c", "d"], ["c", "d"])
    assert counters_are_exact()


def test_replace_tags_leaves_exactly_these(add_image):
    image = add_image(tags=["a", "b"])
    assert tagging.replace_tags(image_id=image.pk, names=["b", "x"])
    assert names(image) == ["b", "x"]
    assert counters_are_exact()
    assert not tagging.replace_tags(image_id=0, names=["b"])


def test_rename_tag_keeps_its_pictures(add_image):
    image = add_image(tags=["old"])
    tag = tagging.rename_tag(tag_id=Tag.objects.get().pk, name="New")
    assert (tag.name, tag.key, names(image)) == ("New", "new", ["New"])
    assert tagging.rename_tag(tag_id=tag.pk, name="NEW").name == "NEW"


def test_rename_tag_onto_another_merges(add_image):
    first, second = add_image(tags=["cat"]), add_image(tags=["cats", "cat"])
    tagging.rename_tag(tag_id=Tag.objects.get(name="cats").pk, name="CAT")
    assert (names(first), names(second)) == (["cat"], ["cat"])
    assert [tag.name for tag in Tag.objects.all()] == ["cat"]
    assert counters_are_exact()


def test_delete_tag_takes_it_off_its_pictures(add_image):
    image = add_image(tags=["a", "b"])
    assert tagging.delete_tag(tag_id=Tag.objects.get(name="a").pk) == 1
    assert names(image) == ["b"]
    assert counters_are_exact()
    with pytest.raises(tagging.TagNotFound):
        tagging.delete_tag(tag_id=0)


@pytest.mark.django_db(transaction=True)
def test_a_tag_that_goes_is_taken_off_pictures_that_got_it_meanwhile(add_image):
    first, second = add_image(tags=["a"]), add_image(tags=["b"])
    tag = Tag.objects.get(name="a")

    def give() -> None:
        tagging.change_tags(image_ids=[second.pk], add=["a"])

    with meanwhile(r"^SELECT .*prompt_folded", give):  # the pictures that have it are known
        assert tagging.delete_tag(tag_id=tag.pk) == 2
    assert (names(first), names(second)) == ([], ["b"])
    assert [tag.name for tag in Tag.objects.all()] == ["b"]
    assert counters_are_exact()


@pytest.mark.django_db(transaction=True)
def test_a_tag_that_is_being_given_is_not_deleted_from_under_it(add_image):
    image = add_image(tags=["a"])
    tagging.replace_tags(image_id=image.pk, names=[])
    tag = Tag.objects.get()
    is_locked, is_deleted = threading.Event(), threading.Event()

    def let_it_be_deleted() -> None:
        is_locked.set()
        is_deleted.wait(0.3)  # whoever deletes it waits for us, so this is in vain

    def give() -> None:
        try:
            with meanwhile(r"^INSERT .*INTO .?gallery_tag\W", let_it_be_deleted):
                tagging.change_tags(image_ids=[image.pk], add=["a"])
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        giving = pool.submit(give)
        assert is_locked.wait(30)
        assert tagging.delete_tag(tag_id=tag.pk) == 1
        is_deleted.set()
        giving.result()
    assert (names(image), Tag.objects.count()) == ([], 0)
    assert counters_are_exact()
