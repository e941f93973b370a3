"""The list pages: what they show, and how little they ask of the database."""

import re
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from gallery.jobs.removal import trash_images
from gallery.models import Image
from gallery.tests.drawing import draw

GALLERY = "/admin/gallery/"
TRASH = "/admin/gallery/trash/"


def shown(response) -> list[int]:
    return [image.pk for image in response.context["images"]]


@pytest.mark.parametrize("path", [GALLERY, TRASH])
def test_visitor_is_sent_to_login(client, db, path):
    response = client.get(path)
    assert (response.status_code, response.url) == (302, f"/admin/login/?next={path}")


@pytest.mark.parametrize("pictures", [1, 3])
@pytest.mark.parametrize(
    ("query", "queries"),
    [
        ("", 9),
        ("?view=list", 9),
        ("?search=cat&model=m&aspect_ratio=1:1&tags=a,b&favorite=false&start_date=2026-01-01", 10),
        ("?search=model:m", 9),
    ],
)
def test_list_asks_a_constant_number_of_queries(
    staff, add_image, django_assert_num_queries, pictures, query, queries
):
    for _ in range(pictures):
        add_image(prompt="a cat", model="m", tags=["a", "b"])
    # Session, user; counters, names of tags; ids of searched names, or models; count, ids, newest
    # id (for a filter: the index's state, candidates, ids); rows, tags.
    with django_assert_num_queries(queries):
        response = staff.get(GALLERY + query)
    assert len(shown(response)) == pictures


@pytest.mark.parametrize("pictures", [1, 3])
def test_list_with_a_picture_in_front_asks_few_queries(
    staff, add_image, django_assert_num_queries, pictures
):
    images = [add_image(model="m", tags=["a", "b"]) for _ in range(pictures + 1)]
    outside = f"{GALLERY}?image={images[0].pk}&search=model:m&page_size={pictures}"
    with django_assert_num_queries(10):  # those of the list, and the neighbours
        response = staff.get(outside)
    detail = response.context["detail"]
    assert (detail.previous, detail.next) == (images[1].pk, None)


def test_neighbours_inside_of_the_page_cost_nothing(staff, add_image, django_assert_num_queries):
    images = [add_image() for _ in range(3)]
    with django_assert_num_queries(8):  # as without a picture, but no tags to name
        response = staff.get(f"{GALLERY}?image={images[1].pk}")
    detail = response.context["detail"]
    assert (detail.previous, detail.next) == (images[2].pk, images[0].pk)


def test_list_shows_the_newest_first_and_sorts_four_ways(staff, add_image):
    small, large, middle = (
        add_image(prompt=str(size), data=draw(size, size)) for size in (40, 400, 120)
    )
    orders = {
        "": [middle, large, small],
        "?sort_by=created_at&sort_order=asc": [small, large, middle],
        "?sort_by=file_size&sort_order=desc": [large, middle, small],
        "?sort_by=file_size&sort_order=asc": [small, middle, large],
    }
    assert {query: shown(staff.get(GALLERY + query)) for query in orders} == {
        query: [image.pk for image in images] for query, images in orders.items()
    }


def test_view_and_page_size_are_remembered(staff, add_image):
    add_image()
    staff.get(GALLERY + "?view=list&page_size=20")
    state = staff.get(GALLERY).context["state"]
    assert (state.view, state.page_size) == ("list", 20)


@pytest.mark.parametrize("page", ["9", "999999999", "3"])
def test_page_behind_the_last_shows_the_last(staff, add_image, page):
    first, *_ = [add_image() for _ in range(3)]
    assert shown(staff.get(GALLERY, {"page_size": "2", "page": page})) == [first.pk]


@pytest.mark.parametrize("page", ["0", "-1", "x", "", "²", "9" * 400])
def test_page_that_is_no_number_shows_the_first(staff, add_image, page):
    image = add_image()
    assert shown(staff.get(GALLERY, {"page": page})) == [image.pk]


def test_bad_filter_is_named_and_shows_nothing(staff, add_image):
    add_image()
    response = staff.get(GALLERY, {"start_date": "yesterday"})
    assert (response.status_code, shown(response)) == (200, [])
    assert "From: Enter a date such as 2026-11-25" in response.text


def test_own_script_gets_the_results_alone(staff, add_image):
    add_image()
    whole, part = staff.get(GALLERY), staff.get(GALLERY, headers={"HX-Request": "true"})
    assert ("<html" in whole.text, "<html" in part.text) == (True, False)
    assert '<div id="gallery"' in part.text
    assert part.headers["Vary"].split(", ").count("HX-Request") == 1


def test_chips_name_each_filter_and_drop_it(staff, add_image):
    add_image()
    query = (
        "?search=cat&model=m&model=n&tags=a,b&tags_match=any&favorite=true&start_date=2026-11-02"
        "&view=list&page=1"
    )
    chips = staff.get(GALLERY + query).context["chips"]
    assert [(chip.label, chip.value) for chip in chips] == [
        ("Search", "cat"),
        ("Model", "m"),
        ("Model", "n"),
        ("Tag, or", "a"),
        ("Tag, or", "b"),
        ("", "Favourites"),
        ("From", "Nov. 2, 2026"),
    ]
    rest = "&favorite=true&start_date=2026-11-02&view=list"
    assert [chip.without for chip in chips][:5] == [
        "?model=m&model=n&tags=a%2Cb&tags_match=any" + rest,
        "?search=cat&tags=a%2Cb&tags_match=any" + rest.replace("&view=list", "&view=list&model=n"),
        "?search=cat&tags=a%2Cb&tags_match=any" + rest + "&model=m",
        "?search=cat&model=m&model=n&tags=b&tags_match=any" + rest,
        "?search=cat&model=m&model=n&tags=a&tags_match=any" + rest,
    ]


def test_reset_keeps_view_and_sorting(staff, db):
    response = staff.get(GALLERY + "?search=x&view=list&sort_by=file_size&page=4")
    assert response.context["reset_query"] == "?view=list&sort_by=file_size"


def test_trash_shows_only_what_was_trashed(staff, add_image):
    kept, trashed = add_image(), add_image()
    trash_images(image_ids=[trashed.pk])
    assert (shown(staff.get(GALLERY)), shown(staff.get(TRASH))) == ([kept.pk], [trashed.pk])


def test_texts_of_people_are_never_markup(staff, add_image):
    add_image(prompt="<script>alert(1)</script>", tags=["<b>bold</b>"])
    for query in ("", "?view=list", "?search=<i>"):
        page = staff.get(GALLERY + query).text
        assert not any(text in page for text in ("<script>alert", "<b>bold", "<i>"))


def test_cards_show_the_truth(staff, add_image):
    now = timezone.now()
    add_image(tags=["a", "b"], created_at=now)
    add_image(tags=["b"], created_at=datetime(2020, 1, 31, tzinfo=now.tzinfo))
    summary = staff.get(GALLERY).context["summary"]
    assert (summary.total_count, summary.month_count, summary.top_tags) == (
        2,
        1,
        [("b", 2), ("a", 1)],
    )


@pytest.mark.parametrize(
    ("language", "title"), [("zh-CN", "图库"), ("en", "Gallery"), ("fr", "图库")]
)
def test_language_is_the_browsers_or_chinese(staff, db, language, title):
    response = staff.get(GALLERY, headers={"Accept-Language": language})
    assert f"<title>{title} · Grok2API Gallery</title>" in response.text


def test_trash_says_when_each_picture_goes_and_sorts_by_that(staff, add_image, settings):
    settings.GALLERY_TRASH_DAYS = 30
    images = [add_image(prompt=f"p{number}") for number in range(3)]
    trash_images(image_ids=[image.pk for image in images])
    for image, days in zip(images, (29.5, 3, 40), strict=True):
        Image.objects.filter(pk=image.pk).update(trashed_at=timezone.now() - timedelta(days=days))
    first, second, third = (image.pk for image in images)
    assert shown(staff.get(TRASH)) == [second, first, third]
    assert shown(staff.get(f"{TRASH}?sort_by=trashed_at&sort_order=asc")) == [third, first, second]
    assert shown(staff.get(f"{TRASH}?sort_by=created_at")) == [third, second, first]
    for view in ("grid", "list"):
        page = staff.get(f"{TRASH}?view={view}").content.decode()
        said = re.findall(r"<time [^>]*title=[^>]*>\s*([^<]*?)\s*</time>", page)
        assert said == ["27 days left", "1 day left", "due for deletion"]
    detail = staff.get(f"{TRASH}?image={first}").context["detail"]
    assert (detail.previous, detail.next) == (second, third)


def test_picture_that_is_not_in_the_trash_has_no_place_in_its_order(staff, add_image):
    image, trashed = add_image(), add_image()
    trash_images(image_ids=[trashed.pk])
    detail = staff.get(f"{TRASH}?image={image.pk}").context["detail"]
    assert (detail.previous, detail.next) == (None, None)


def test_order_of_the_trash_is_refused_elsewhere(staff, add_image):
    add_image()
    response = staff.get(f"{GALLERY}?sort_by=trashed_at")
    assert "Only the trash can be sorted this way." in response.content.decode()
    api = "/api/v1/admin/gallery/images/?sort_by=trashed_at"
    assert staff.get(api).json() == {"sort_by": ["Only the trash can be sorted this way."]}
    assert staff.get(f"{api}&trash=only").status_code == 200
