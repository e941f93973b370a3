"""Pages of pictures."""

from datetime import UTC, datetime

import pytest

from gallery.index import building
from gallery.index.criteria import Criteria, SortBy, Word
from gallery.index.matching import Index, ids_of
from gallery.index.postings import SEGMENT_BITS
from gallery.jobs import marking
from gallery.models import Image
from gallery.search import listing, strata
from gallery.search.filters import ImageFilter
from gallery.search.listing import PageNotFound, find_page
from grok2api.runtime.snapshot import one_snapshot


@pytest.mark.parametrize("pictures", [1, 3])
def test_page_of_pictures_with_tags_takes_four_queries(
    add_image, django_assert_num_queries, pictures
):
    images = [add_image(tags=["b", "a"]) for _ in range(pictures)]
    with django_assert_num_queries(4):  # count, ids, rows, tags
        page = find_page(Criteria(), page_size=50)
        rows = [(row.pk, [tag.name for tag in row.tags.all()]) for row in page.rows]
    assert rows == [(image.pk, ["a", "b"]) for image in reversed(images)]


def test_pages_say_where_they_are(add_image):
    images = [add_image(prompt="red") for _ in range(5)]
    pages = [
        find_page(Criteria(words=(Word("red"),)), page=number, page_size=2) for number in (1, 2, 3)
    ]
    assert [page.ids for page in pages] == [
        [images[4].pk, images[3].pk], [images[2].pk, images[1].pk], [images[0].pk],
    ]  # fmt: skip
    assert [(page.count, page.count_exact, page.total_pages) for page in pages] == [
        (5, True, 3)
    ] * 3
    assert [(page.previous, page.next) for page in pages] == [(None, 2), (1, 3), (2, None)]


@pytest.mark.parametrize("number", [-1, 0, 2, 10**9])
def test_page_out_of_range_is_not_found(add_image, number):
    add_image()
    with pytest.raises(PageNotFound):
        find_page(Criteria(), page=number, page_size=50)


def test_first_page_of_nothing_is_empty(db):
    page = find_page(Criteria(), page_size=50)
    assert (page.rows, page.count, page.total_pages, page.next, page.previous) == (
        [], 0, 1, None, None,
    )  # fmt: skip


def test_only_pictures_without_the_whole_word_are_looked_at(add_image):
    whole = add_image(prompt="one castle")
    part = add_image(prompt="two castles")
    grams = add_image(prompt="casa asta stl tle")  # its grams, but not the word
    building.build_segment(whole.pk >> SEGMENT_BITS)
    wanted = Index().find(Criteria(words=(Word("castle"),)))
    assert wanted.ids() == [whole.pk, part.pk, grams.pk]
    assert ids_of(wanted.unsure) == [part.pk, grams.pk]
    unwanted = Index().find(Criteria(without_words=(Word("castle"),)))
    assert unwanted.ids() == ids_of(unwanted.unsure) == [part.pk, grams.pk]
    assert find_page(Criteria(words=(Word("castle"),)), page_size=9).ids == [part.pk, whole.pk]
    assert find_page(Criteria(without_words=(Word("castle"),)), page_size=9).ids == [grams.pk]


def test_pictures_with_a_common_wide_word_are_not_looked_at(add_image, monkeypatch):
    monkeypatch.setattr(building, "COMMON", 3)
    whole = [add_image(prompt=f"一只{word}在跑").pk for word in ("红狐狸", "红狐狸", "红狐狸")]
    pairs = add_image(prompt="红狐，狐狸").pk
    rare = [add_image(prompt="红狐皮").pk for _ in range(2)]
    building.build_segment(pairs >> SEGMENT_BITS)
    for text, expected, unsure in (
        ("红狐狸", whole, [pairs]),
        ("红狐皮", rare, rare),
        ("一只红狐", whole, []),
        ("一只红狐狸", whole, whole),
    ):
        wanted = Index().find(Criteria(words=(Word(text),)))
        assert ids_of(wanted.unsure) == unsure
        unwanted = Index().find(Criteria(without_words=(Word(text),)))
        assert sorted(unwanted.ids()) == sorted(
            {*whole, pairs, *rare}.difference(expected) | set(unsure)
        )
        found = find_page(Criteria(words=(Word(text),)), page_size=9)
        assert (found.ids, found.count_exact) == (expected[::-1], True)


@pytest.mark.parametrize("sort_by", [SortBy.CREATED_AT, SortBy.FILE_SIZE])
@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("many", [5_000, 0], ids=["sorted", "walked"])
def test_pages_by_strata_have_room_for_what_the_index_does_not_know(
    add_image, monkeypatch, sort_by, descending, many
):
    images = [
        add_image(model="m", created_at=datetime(2026, 1 + number % 9, 1 + number, 12, tzinfo=UTC))
        for number in range(18)
    ]
    for number, image in enumerate(images):  # sizes over many classes
        Image.objects.filter(pk=image.pk).update(file_size=1000 << number % 9)
    for segment in {image.pk >> SEGMENT_BITS for image in images}:
        building.build_segment(segment)
    marking.mark_images(image_ids=[image.pk for image in images[3::4]], favorite=True)
    for room in (listing, strata):
        monkeypatch.setattr(room, "FINE_ENOUGH", 0)
    monkeypatch.setattr(listing, "MANY", many)
    criteria = Criteria(models=(frozenset({"m"}),), sort_by=sort_by, descending=descending)
    expected = list(Image.objects.order_by(*criteria.ordering).values_list("pk", flat=True))
    for size in (1, 2, 5):
        pages = range(1, len(images) // size + 1)
        found = [find_page(criteria, page=page, page_size=size).ids for page in pages]
        assert found == [expected[(page - 1) * size :][:size] for page in pages]


def test_only_whole_days_and_classes_of_size_are_taken_unseen(add_image):
    day = datetime(2026, 3, 5, tzinfo=UTC)
    images = [add_image(created_at=day.replace(hour=hour)) for hour in (10, 11, 12, 13)]
    sizes = [900, 904, 905, 1_000]
    for image, size in zip(images, sizes, strict=True):
        Image.objects.filter(pk=image.pk).update(file_size=size)
    building.build_segment(images[0].pk >> SEGMENT_BITS)
    ids = [image.pk for image in images]
    noon = day.replace(hour=12)
    for criteria, expected in (
        (Criteria(start=noon), ids[2:]),
        (Criteria(end=noon), ids[:2]),
        (Criteria(min_size=905), ids[2:]),
        (Criteria(max_size=904), ids[:2]),
    ):
        assert sorted(find_page(criteria, page_size=9).ids) == expected


@pytest.mark.parametrize("is_indexed", [True, False])
def test_several_are_counted_as_each_would_be(add_image, is_indexed):
    for prompt in ("a lighthouse by the sea", "a light house", "a fox", "a lighthouse keeper"):
        add_image(prompt=prompt, model=prompt[-3:], tags=["x"] if "fox" in prompt else [])
    if is_indexed:
        building.rebuild(lambda done, total: None, building.segment_numbers())
    add_image(prompt="one lighthouse more")
    marking.mark_images(image_ids=[Image.objects.first().pk], favorite=True)
    many = [
        ImageFilter(query, Image.objects.all()).criteria
        for query in (
            {"search": "lighthouse"}, {"search": "lighthouse keeper"}, {"search": "-lighthouse"},
            {"search": "lighthouse", "favorite": "true"}, {"tags": "x"}, {"trash": "only"}, {},
            {"search": "lighthouse"}, {"model": ["fox"]}, {"search": "nothing"},
        )
    ]  # fmt: skip
    with one_snapshot():
        first = listing.count_each(many[:2])
        assert listing.count_each(many) == [3, 1, 2, 1, 1, 0, 5, 3, 1, 0]
    assert first == [3, 1]
    assert [listing.exact_count(each) for each in many] == listing.count_each(many)
