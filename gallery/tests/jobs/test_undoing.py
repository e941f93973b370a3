"""Changes are recorded with what was before, and taken back exactly."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from pyroaring import BitMap64

from gallery import audit, history, statistics
from gallery.differences import Difference, between, ids_of, pack, unpack
from gallery.history import CannotContinue, RecordedChange, Recording
from gallery.jobs import changes, marking, removal, tagging, undoing
from gallery.jobs.undoing import UndoReport
from gallery.models import Image, Tag

pytestmark = pytest.mark.django_db


def state() -> dict[int, tuple]:
    """All that an undo can put back, by id."""
    return {
        image.pk: (
            image.favorite, image.nsfw, image.trashed_at is not None,
            image.prompt, image.prompt_folded, image.prompt_source,
            [tag.name for tag in image.tags.all()],
        )
        for image in Image.objects.with_tags()
    }  # fmt: skip


def undo_change(*, change_id: int, **options) -> UndoReport:
    parts = RecordedChange.objects.kept().left_of(change_id, **options)
    return undoing.undo_change(parts=parts, **options)


@pytest.fixture
def six(add_image):
    """Ids of six pictures, every other a favourite, every third sensitive, with tags."""
    images = [
        add_image(
            prompt=f"{n}",
            favorite=n % 2 == 0,
            nsfw=n % 3 == 0,
            tags=[*(["a"] if n < 3 else []), *(["k"] if n in (2, 3) else [])],
        )
        for n in range(6)
    ]
    removal.trash_images(image_ids=[images[0].pk])
    return [image.pk for image in images]


JOBS = {
    "favorite": lambda ids: marking.mark_images(image_ids=ids, favorite=True),
    "no favorite": lambda ids: marking.mark_images(image_ids=ids, favorite=False),
    "sensitive": lambda ids: marking.mark_images(image_ids=ids, nsfw=True),
    "not sensitive": lambda ids: marking.mark_images(image_ids=ids, nsfw=False),
    "tags": lambda ids: tagging.change_tags(image_ids=ids, add=["b", "c"], remove=["A"]),
    "trash": lambda ids: removal.trash_images(image_ids=ids),
    "restore": lambda ids: removal.restore_images(image_ids=ids),
    "edit": lambda ids: marking.edit_image(
        image_id=ids[1], favorite=True, nsfw=True, tags=["x", "y"], prompt="Ｎew"
    ),
    "prompt": lambda ids: marking.edit_image(image_id=ids[1], prompt="  another\n'\"\\ 狐 "),
    "no prompt": lambda ids: marking.edit_image(image_id=ids[1], prompt=""),
    "replace tags": lambda ids: tagging.replace_tags(image_id=ids[1], names=["q"]),
    "rename tag": lambda ids: tagging.rename_tag(tag_id=Tag.objects.get(key="a").pk, name="z"),
    "delete tag": lambda ids: tagging.delete_tag(tag_id=Tag.objects.get(key="a").pk),
    "merge tags": lambda ids: tagging.rename_tag(tag_id=Tag.objects.get(key="a").pk, name="K"),
}


@pytest.mark.parametrize("name", JOBS)
def test_undo_puts_back_what_each_picture_was_and_redo_does_it_again(six, name):
    before, counted = state(), statistics.totals()
    JOBS[name](six)
    after, counted_after = state(), statistics.totals()
    assert after != before
    change = RecordedChange.objects.whole().first()
    undone = undo_change(change_id=change.pk)
    assert (state(), statistics.totals(), undone.failed) == (before, counted, [])
    redone = undo_change(change_id=undone.change)
    assert (state(), statistics.totals(), redone.failed) == (after, counted_after, [])
    again = undo_change(change_id=change.pk)
    assert (state(), again.done) == (before, undone.done)


def test_undo_counts_those_that_were_different(six):
    report = marking.mark_images(image_ids=six, favorite=True)
    assert report.done == 6
    undone = undo_change(change_id=report.change)
    assert (undone.done, undone.failed, undone.finished) == (3, [], True)


def test_change_that_changes_nothing_is_not_recorded(six):
    had = RecordedChange.objects.count()
    marking.mark_images(image_ids=six[::2], favorite=True)
    assert RecordedChange.objects.count() == had


def test_undo_leaves_alone_what_somebody_has_changed_since(six):
    change = marking.mark_images(image_ids=six, favorite=True).change
    marking.mark_images(image_ids=[six[1]], favorite=False)
    marking.mark_images(image_ids=[six[3]], favorite=False)
    marking.mark_images(image_ids=[six[3]], favorite=True)  # as it was, but by somebody's will
    removal.delete_images(image_ids=[six[5]])
    tagging.change_tags(image_ids=[six[3]], add=["other"])
    undone = undo_change(change_id=change)
    assert (undone.done, undone.failed) == (
        0, [(six[1], "changed since"), (six[3], "changed since")],
    )  # fmt: skip
    assert Image.objects.get(pk=six[3]).favorite


UNRECORDED = {
    "favorite": (
        lambda ids: marking.mark_images(image_ids=ids, favorite=True),
        lambda pk: Image.objects.filter(pk=pk).update(favorite=False),
    ),
    "sensitive": (
        lambda ids: marking.mark_images(image_ids=ids, nsfw=True),
        lambda pk: Image.objects.filter(pk=pk).update(nsfw=False),
    ),
    "trash": (
        lambda ids: removal.trash_images(image_ids=ids),
        lambda pk: Image.objects.filter(pk=pk).update(trashed_at=None),
    ),
    "tag": (
        lambda ids: tagging.change_tags(image_ids=ids, add=["new"]),
        lambda pk: Image.tags.through.objects.filter(image_id=pk, tag__name="new").delete(),
    ),
}


@pytest.mark.parametrize(("done", "undone_by_hand"), UNRECORDED.values(), ids=UNRECORDED)
def test_undo_does_not_count_what_is_no_longer_as_the_change_left_it(six, done, undone_by_hand):
    """Though no record says who did that: it may be a release or a program that writes none."""
    change = done([six[1], six[5]]).change
    undone_by_hand(six[5])
    before = state()
    undone = undo_change(change_id=change)
    assert (undone.done, undone.failed) == (1, [(six[5], "changed since")])
    after = state()
    assert {pk for pk in after if after[pk] != before[pk]} == {six[1]}


def test_undo_of_one_field_keeps_the_others(six):
    change = marking.mark_images(image_ids=six, favorite=True).change
    tagging.change_tags(image_ids=six, add=["later"])
    assert undo_change(change_id=change).failed == []
    assert [image.favorite for image in Image.objects.order_by("pk")] == [True, False] * 3
    assert Image.objects.filter(tags__name="later").count() == 6


def test_undo_of_a_change_whose_later_ones_are_undone(six):
    first = tagging.change_tags(image_ids=six, add=["t"]).change
    second = tagging.change_tags(image_ids=six, remove=["t"]).change
    assert undo_change(change_id=first).done == 0
    assert undo_change(change_id=second).done == 6
    assert undo_change(change_id=first).done == 6


def test_change_undone_twice_is_refused(six):
    change = marking.mark_images(image_ids=six, nsfw=True).change
    undo_change(change_id=change)
    for nothing in (change, 10**9):
        with pytest.raises(undoing.NothingToUndo):
            undo_change(change_id=nothing)


def test_redo_undone_again_is_the_change_undone(six):
    before = state()
    change = marking.mark_images(image_ids=six, nsfw=True).change
    redo = undo_change(change_id=undo_change(change_id=change).change).change
    undo_change(change_id=redo)
    assert state() == before
    assert RecordedChange.objects.get(pk=change).undone


def test_tag_that_is_gone_is_not_given_back_without_its_deletion(six):
    tag = Tag.objects.get(key="a")
    change = tagging.change_tags(image_ids=six, remove=["a"]).change
    tagging.delete_tag(tag_id=tag.pk)
    deletion = RecordedChange.objects.whole().first()
    assert undo_change(change_id=change).done == 0
    undo_change(change_id=deletion.pk)
    assert undo_change(change_id=change).done == 3
    assert Tag.objects.get(pk=tag.pk).name == "a"


def test_tag_deleted_and_made_anew_is_the_new_one(six):
    tagging.delete_tag(tag_id=Tag.objects.get(key="a").pk)
    deletion = RecordedChange.objects.whole().first()
    tagging.change_tags(image_ids=six[4:], add=["A"])
    undo_change(change_id=deletion.pk)
    assert list(Tag.objects.filter(key="a").values_list("name", "images__prompt").order_by(
        "images__prompt"
    )) == [("A", "0"), ("A", "1"), ("A", "2"), ("A", "4"), ("A", "5")]  # fmt: skip


def test_name_of_a_tag_that_has_changed_since_stays(six):
    tag = Tag.objects.get(key="a")
    tagging.rename_tag(tag_id=tag.pk, name="b")
    rename = RecordedChange.objects.whole().first()
    tagging.change_tags(image_ids=six, add=["a"])
    with pytest.raises(ValidationError):
        undo_change(change_id=rename.pk)
    assert Tag.objects.get(pk=tag.pk).name == "b"


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(changes, "CHUNK", 2)


def test_change_of_many_parts_is_one_and_is_undone_in_steps(six, small_parts):
    before = state()
    first = tagging.change_tags(image_ids=six[:3], add=["t"])
    more = tagging.change_tags(image_ids=six[3:], add=["t"], go_on_with=first.change)
    assert more.change == first.change
    assert RecordedChange.objects.parts_of(first.change).count() == 4
    step = undo_change(change_id=first.change, limit=2)
    assert (step.done, step.finished) == (2, False)
    rest = undo_change(change_id=first.change, go_on_with=step.change)
    assert (rest.done, rest.finished, rest.change) == (4, True, step.change)
    assert state() == before


def test_undo_in_steps_ends_where_nothing_can_be_taken_back(six, small_parts):
    change = marking.mark_images(image_ids=six, nsfw=True).change
    marking.mark_images(image_ids=six, nsfw=False)
    after, steps, go_on_with = state(), [], None
    while not steps or not steps[-1].finished:
        assert len(steps) < 3
        steps.append(undo_change(change_id=change, limit=1, go_on_with=go_on_with))
        go_on_with = steps[-1].change
    # The first and the fourth were sensitive already.
    failed = [pk for step in steps for pk, _reason in step.failed]
    assert failed == [six[1], six[2], six[4], six[5]]
    assert ([step.done for step in steps], state()) == ([0, 0, 0], after)
    assert not RecordedChange.objects.get(pk=change).undone  # what was in the way may be undone


def test_undo_in_steps_looks_at_each_part_once(six, small_parts):
    change = marking.mark_images(image_ids=six, favorite=True).change
    marking.mark_images(image_ids=[six[1]], favorite=False)
    first = undo_change(change_id=change, limit=1)
    second = undo_change(change_id=change, limit=1, go_on_with=first.change)
    third = undo_change(change_id=change, limit=1, go_on_with=first.change)
    assert [(step.done, step.failed, step.finished) for step in (first, second, third)] == [
        (0, [(six[1], "changed since")], False), (1, [], False), (1, [], True),
    ]  # fmt: skip
    assert {second.change, third.change} == {first.change}
    redone = undo_change(change_id=first.change)
    assert (redone.done, redone.failed) == (2, [])


def test_undo_of_a_stopped_redo_takes_back_what_was_redone(six, small_parts):
    change = tagging.change_tags(image_ids=six, add=["t"]).change
    undo = undo_change(change_id=change).change
    redo = undo_change(change_id=undo, limit=2)
    assert (Image.objects.filter(tags__name="t").count(), redo.finished) == (2, False)
    tagged = undo_change(change_id=undo, limit=2, go_on_with=redo.change)
    assert Image.objects.filter(tags__name="t").count() == 4
    step = undo_change(change_id=redo.change, limit=2)
    assert (step.done, step.finished) == (2, False)
    assert Image.objects.filter(tags__name="t").count() == 2
    rest = undo_change(change_id=redo.change, limit=2, go_on_with=step.change)
    assert (rest.done, rest.finished, tagged.change) == (2, True, redo.change)
    assert Image.objects.filter(tags__name="t").count() == 0
    with pytest.raises(undoing.NothingToUndo):
        undo_change(change_id=redo.change)


def test_undo_of_a_stopped_redo_keeps_what_was_not_undone(six, small_parts):
    change = tagging.change_tags(image_ids=six, add=["t"]).change
    undo = undo_change(change_id=change, limit=2)
    redo = undo_change(change_id=undo.change)
    assert undo_change(change_id=redo.change).done == 2
    assert Image.objects.filter(tags__name="t").count() == 4


def test_redo_is_undone_with_what_it_has_redone(six):
    change = tagging.change_tags(image_ids=six, add=["t"]).change
    redo = undo_change(change_id=undo_change(change_id=change).change).change
    assert undo_change(change_id=change).done == 6
    assert RecordedChange.objects.get(pk=redo).undone
    with pytest.raises(undoing.NothingToUndo):
        undo_change(change_id=redo)


def test_picture_that_an_undo_puts_into_the_trash_stays_there_its_time(six, settings):
    old = timezone.now() - timedelta(days=settings.GALLERY_TRASH_DAYS, seconds=-1)
    Image.objects.filter(pk=six[0]).update(trashed_at=old)
    change = removal.restore_images(image_ids=six[:1]).change
    began = timezone.now()
    undo = undo_change(change_id=change)
    assert undo.done == 1
    assert Image.objects.get(pk=six[0]).trashed_at >= began
    assert undo_change(change_id=undo.change).done == 1
    assert undo_change(change_id=change).done == 1
    assert Image.objects.get(pk=six[0]).trashed_at >= began


def test_tag_whose_pictures_are_deleted_comes_back_by_undo(six):
    tagging.delete_tag(tag_id=Tag.objects.get(key="a").pk)
    deletion = RecordedChange.objects.whole().first()
    removal.delete_images(image_ids=six)
    assert undo_change(change_id=deletion.pk) == UndoReport(
        tags=True, change=RecordedChange.objects.latest("pk").pk
    )
    assert Tag.objects.filter(key="a").exists()
    with pytest.raises(undoing.NothingToUndo):
        undo_change(change_id=deletion.pk)


def test_deletion_reads_rows_near_its_pictures_in_batches(six, monkeypatch):
    for pk in six:
        tagging.change_tags(image_ids=[pk], add=["t"])
    monkeypatch.setattr(history, "BATCH", 2)
    ends = [six[0], six[5]]
    near = RecordedChange.objects.touching(BitMap64(ends)).filter(action="tagged")
    assert [row.first_image for row in near.order_by("pk")] == ends
    history.forget_images(six)
    assert [row.differences for row in RecordedChange.objects.filter(action="tagged")] == [[]] * 6


def test_runs_hold_all_ids_and_leave_the_widest_gaps_out(monkeypatch):
    monkeypatch.setattr(history, "MOST_RUNS", 3)
    ids = BitMap64([1, 2, 5, 100, 101, 1000, 1007])
    assert list(history._runs(ids)) == [(1, 5), (100, 101), (1000, 1007)]
    assert list(history._runs(BitMap64([7]))) == [(7, 7)]


def test_only_what_is_alike_can_go_on(six):
    first = marking.mark_images(image_ids=six[:1], nsfw=False).change
    for wrong in (
        lambda: marking.mark_images(image_ids=six, nsfw=True, go_on_with=first),
        lambda: removal.trash_images(image_ids=six, go_on_with=first),
        lambda: marking.mark_images(image_ids=six, nsfw=False, go_on_with=10**9),
    ):
        with pytest.raises(CannotContinue):
            wrong()


def test_deletion_purges_what_was_before(six):
    change = tagging.change_tags(image_ids=six, add=["t"]).change
    removal.delete_images(image_ids=six[:5])
    rows = RecordedChange.objects.filter(pk=change)
    assert [set(ids_of(row.differences)) for row in rows] == [{six[5]}]
    removal.delete_images(image_ids=six[5:])
    rows = RecordedChange.objects.all()
    assert [(row.differences, row.undone) for row in rows] == [([], True), ([], True)]
    with pytest.raises(undoing.NothingToUndo):
        undo_change(change_id=change)


def test_records_are_purged_after_thirty_days(six):
    change = marking.mark_images(image_ids=six, nsfw=True).change
    RecordedChange.objects.filter(pk=change).update(at=timezone.now() - timedelta(days=30))
    with pytest.raises(undoing.NothingToUndo):
        undo_change(change_id=change)
    history.purge()
    assert not RecordedChange.objects.filter(pk=change).exists()


def test_record_grows_with_the_values_and_not_with_the_pictures(add_image):
    facts = Image.objects.filter(pk=add_image().pk).facts()[0]

    def size(pictures: int) -> int:
        before = dict.fromkeys(range(pictures), facts)
        after = dict.fromkeys(before, replace(facts, favorite=not facts.favorite))
        return len(pack(between(before, after)))

    assert size(100_000) <= 2 * size(1000)


def test_differences_survive_packing(add_image):
    image = add_image(tags=["a"])
    (old,) = Image.objects.filter(pk=image.pk).facts()
    removal.trash_images(image_ids=[image.pk])
    tagging.change_tags(image_ids=[image.pk], add=["b"], remove=["a"])
    (new,) = Image.objects.filter(pk=image.pk).facts()
    found = between({image.pk: old}, {image.pk: new})
    assert unpack(pack(found)) == found
    assert {each.field for each in found} == {"trashed_at", "tag"}
    assert all(isinstance(each, Difference) and set(each.ids) == {image.pk} for each in found)


def test_author_is_who_asks(six):
    token = audit.author.set(lambda: "user 7")
    try:
        marking.mark_images(image_ids=six, nsfw=True)
        assert [row.author for row in RecordedChange.objects.by("user 7")] == ["user 7"]
        with pytest.raises(CannotContinue):
            Recording(history.Action.TAGGED, go_on_with=RecordedChange.objects.first().pk)
    finally:
        audit.author.reset(token)
