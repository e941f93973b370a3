"""The page of what was done, as forms alone use it."""

from importlib import import_module

import pytest

from gallery import audit
from gallery.history import RecordedChange
from gallery.jobs import changes, marking, removal, tagging
from gallery.models import Image, Tag

HISTORY = "/admin/gallery/history/"


@pytest.fixture
def ids(add_image):
    return [add_image(tags=["sea"]).pk for _ in range(3)]


def told(answer) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def test_history_says_what_was_done_and_undoes_it(staff, ids):
    removal.trash_images(image_ids=ids)
    change = RecordedChange.objects.get()
    page = staff.get(HISTORY)
    (line,) = page.context["lines"]
    assert (line.count, line.undone, line.way) == (3, False, change.pk)
    assert b"Moved to the trash" in page.content
    answer = staff.post(f"{HISTORY}{change.pk}/undo/", follow=True)
    assert told(answer) == ["Done: 3 pictures were put back."]
    (line,) = answer.context["lines"]
    assert line.undone
    staff.post(f"{HISTORY}{line.way}/undo/")
    assert Image.objects.exclude(trashed_at=None).count() == 3
    assert staff.post(f"{HISTORY}{line.way}/undo/", follow=True).status_code == 200


def test_history_says_who_in_the_readers_language(staff, ids):
    for actor in ("user ada", "key phone", "manage.py empty_trash"):
        token = audit.actor.set(lambda actor=actor: actor)
        removal.trash_images(image_ids=[ids.pop()])
        audit.actor.reset(token)
    read = [
        [line.by for line in staff.get(HISTORY, headers=asked).context["lines"]]
        for asked in ({"accept-language": "en"}, {"accept-language": "zh-CN"})
    ]
    assert read == [
        ["manage.py empty_trash", "key phone", "user ada"],
        ["manage.py empty_trash", "密钥 phone", "用户 ada"],
    ]


def test_history_names_tags(staff, ids):
    tagging.change_tags(image_ids=ids, add=["lake"], remove=["sea"])
    tagging.rename_tag(tag_id=Tag.objects.get(key="lake").pk, name="pond")
    tagging.rename_tag(tag_id=Tag.objects.get(key="pond").pk, name="sea")
    tagging.delete_tag(tag_id=Tag.objects.get(key="sea").pk)
    lines = staff.get(HISTORY).context["lines"]
    assert [line.names for line in lines] == [
        [("", "sea")],
        [("", "pond"), ("→", "sea")],
        [("", "lake"), ("→", "pond")],
        [("+", "lake"), ("−", "sea")],
    ]
    for line in lines:
        staff.post(f"{HISTORY}{line.way}/undo/")
    assert [image.tags.get().name for image in Image.objects.all()] == ["sea"] * 3


def test_history_names_what_was_changed_since(staff, ids):
    change = marking.mark_images(image_ids=ids, favorite=True).change
    marking.mark_images(image_ids=ids[:1], favorite=False)
    answer = staff.post(f"{HISTORY}{change}/undo/", follow=True)
    assert told(answer) == [
        "Done: 2 pictures were put back.",
        f"1 picture was changed afterwards and was left as it is: {ids[0]}",
    ]


def test_history_undoes_a_long_change_in_steps(staff, ids, monkeypatch):
    monkeypatch.setattr(changes, "CHUNK", 1)
    monkeypatch.setattr(import_module("gallery.views.history"), "STEP", 1)
    change = marking.mark_images(image_ids=ids, favorite=True).change
    marking.mark_images(image_ids=ids[:1], favorite=False)
    path, form, messages = f"{HISTORY}{change}/undo/", {}, []
    for _ in ids:
        page = staff.post(path, form, follow=True)
        form = {"change": page.context["step"]}
        messages.append((told(page), page.context["unfinished"], b"Continue" in page.content))
    done = ["Done: 1 picture was put back."]
    left = [f"1 picture was changed afterwards and was left as it is: {ids[0]}"]
    assert messages == [(left, change, True), (done, change, True), (done, None, False)]
    assert not Image.objects.filter(favorite=True).exists()


def test_history_goes_on_with_nothing_that_is_not_there(staff, ids):
    change = marking.mark_images(image_ids=ids, favorite=True).change
    answer = staff.post(f"{HISTORY}{change}/undo/", {"change": 10**9}, follow=True)
    assert told(answer) == ["There is no such change to continue."]
    assert staff.get(f"{HISTORY}?unfinished=x&change=1").context["unfinished"] is None


def test_history_says_that_a_tag_was_put_back(staff, ids):
    tagging.rename_tag(tag_id=Tag.objects.get(key="sea").pk, name="lake")
    change = RecordedChange.objects.get()
    answer = staff.post(f"{HISTORY}{change.pk}/undo/", follow=True)
    assert told(answer) == ["Done: the tag was put back."]


def test_history_has_no_undo_where_nothing_is_left(staff, ids):
    marking.mark_images(image_ids=ids, favorite=True)
    removal.delete_images(image_ids=ids)
    page = staff.get(HISTORY)
    (line,) = page.context["lines"]
    assert (line.count, line.undone, line.gone, line.way) == (3, False, True, None)
    assert b"deleted for good since" in page.content


def test_history_goes_page_by_page(staff, ids):
    for _ in range(30):
        marking.mark_images(image_ids=ids, favorite=True)
        marking.mark_images(image_ids=ids, favorite=False)
    first = staff.get(HISTORY)
    assert (len(first.context["lines"]), len(RecordedChange.objects.all())) == (50, 60)
    rest = staff.get(f"{HISTORY}?before={first.context['older']}")
    assert (len(rest.context["lines"]), rest.context["older"]) == (10, None)
    assert staff.get(f"{HISTORY}?before=x").status_code == 200


@pytest.mark.parametrize("pictures", [1, 3])
def test_history_costs_the_same_for_any_number(
    staff, add_image, pictures, django_assert_num_queries
):
    for _ in range(pictures):
        marking.mark_images(image_ids=[add_image().pk], favorite=True)
    with django_assert_num_queries(3):  # session, user, changes
        staff.get(HISTORY)


def test_unknown_change_is_not_found(staff, db):
    assert staff.post(f"{HISTORY}99/undo/").status_code == 404
