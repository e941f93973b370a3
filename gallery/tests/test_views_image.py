"""One picture's pages and forms, as they work without a script."""

import pytest

from gallery.models import Image

GALLERY = "/admin/gallery/"


def names(image: Image) -> list[str]:
    return list(image.tags.values_list("name", flat=True))


@pytest.mark.parametrize("action", ["", "tags/", "favorite/", "sensitive/", "delete/", "restore/"])
def test_visitor_is_sent_to_login(client, add_image, action):
    path = f"{GALLERY}images/{add_image().pk}/{action}"
    response = client.get(path) if action in ("", "delete/") else client.post(path)
    assert (response.status_code, response.url) == (302, f"/admin/login/?next={path}")


def test_detail_without_script_opens_in_front_of_the_list(staff, add_image):
    pk = add_image().pk
    response = staff.get(f"{GALLERY}images/{pk}/")
    assert (response.status_code, response.url) == (302, f"{GALLERY}?image={pk}")


@pytest.mark.parametrize("pictures", [1, 3])
def test_detail_asks_a_constant_number_of_queries(
    staff, add_image, django_assert_num_queries, pictures
):
    images = [add_image(tags=["a", "b"]) for _ in range(pictures)]
    with django_assert_num_queries(5):  # session, user; row, tags; neighbours
        response = staff.get(f"{GALLERY}images/{images[0].pk}/", headers={"HX-Request": "true"})
    detail = response.context["detail"]
    assert (detail.previous, detail.next) == (images[1].pk if pictures > 1 else None, None)


def test_neighbours_are_those_of_the_filtered_list(staff, add_image):
    first, _, third, fourth = (add_image(model=model) for model in "abaa")
    response = staff.get(
        f"{GALLERY}images/{third.pk}/?model=a&sort_order=asc", headers={"HX-Request": "true"}
    )
    detail = response.context["detail"]
    assert (detail.previous, detail.next) == (first.pk, fourth.pk)


def test_detail_of_no_picture_is_not_found(staff, db):
    response = staff.get(f"{GALLERY}images/1/", headers={"HX-Request": "true"})
    assert response.status_code == 404


@pytest.mark.parametrize("asked", ["7", "x", "²", "9" * 30, "-1", ""])
def test_list_without_the_asked_picture_shows_the_list(staff, add_image, asked):
    add_image()
    response = staff.get(GALLERY, {"image": asked})
    assert (response.status_code, "detail-title" in response.text) == (200, False)


def test_tags_are_added_by_comma_and_removed(staff, add_image):
    image = add_image(tags=["old"])
    path = f"{GALLERY}images/{image.pk}/tags/"
    response = staff.post(path, {"add": "风景，Ａ, a", "next": f"{GALLERY}?image={image.pk}"})
    assert (response.status_code, response.url) == (302, f"{GALLERY}?image={image.pk}")
    assert names(image) == ["Ａ", "old", "风景"]
    staff.post(path, {"remove": "old"})
    assert names(image) == ["Ａ", "风景"]


def test_tag_that_is_not_valid_is_told(staff, add_image):
    image = add_image()
    response = staff.post(f"{GALLERY}images/{image.pk}/tags/", {"add": "x" * 65}, follow=True)
    assert "A tag has at most 64 characters." in response.text
    assert names(image) == []


def test_favourite_is_set_and_taken_away(staff, add_image):
    image = add_image()
    marks = []
    for value in ("true", "false"):
        staff.post(f"{GALLERY}images/{image.pk}/favorite/", {"favorite": value})
        image.refresh_from_db()
        marks.append(image.favorite)
    assert marks == [True, False]


def test_sensitive_mark_is_set_and_taken_away(staff, add_image):
    image = add_image()
    marks, veiled = [], []
    for value in ("true", "false"):
        staff.post(f"{GALLERY}images/{image.pk}/sensitive/", {"nsfw": value})
        image.refresh_from_db()
        marks.append(image.nsfw)
        pages = ("?view=grid", "?view=list", f"?image={image.pk}", f"images/{image.pk}/delete/")
        veiled.append({"reveal__check" in staff.get(GALLERY + page).text for page in pages})
    assert (marks, veiled) == ([True, False], [{True}, {False}])


@pytest.mark.parametrize(
    ("said", "kept"), [("show", "show"), ("blur", "blur"), ("x", "blur"), ("", "blur")]
)
def test_browser_keeps_whether_it_shows_sensitive_pictures(staff, db, said, kept):
    assert 'data-sensitive="blur"' in staff.get(GALLERY).text
    response = staff.post(f"{GALLERY}sensitive/", {"sensitive": said, "next": "/admin/imagine/"})
    assert (response.status_code, response.url) == (302, "/admin/imagine/")
    assert f'data-sensitive="{kept}"' in staff.get(GALLERY).text


def test_delete_asks_then_moves_to_the_trash_and_restores(staff, add_image):
    image = add_image()
    path = f"{GALLERY}images/{image.pk}/"
    assert "Delete this picture?" in staff.get(path + "delete/").text
    response = staff.post(path + "delete/", follow=True)
    assert "1 picture moved to the trash." in response.text
    image.refresh_from_db()
    assert image.is_trashed
    staff.post(path + "restore/")
    image.refresh_from_db()
    assert not image.is_trashed


def test_delete_for_good_takes_row_and_files(
    staff, add_image, media_folder, django_capture_on_commit_callbacks
):
    image = add_image()
    with django_capture_on_commit_callbacks(execute=True):
        staff.post(f"{GALLERY}images/{image.pk}/delete/", {"how": "forever"})
    assert list(Image.objects.all()) == []
    assert [path for path in media_folder.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "target", ["https://example.com/", "//example.com/", "javascript:alert(1)"]
)
def test_next_address_of_another_site_is_not_followed(staff, add_image, target):
    pk = add_image().pk
    response = staff.post(f"{GALLERY}images/{pk}/favorite/", {"next": target})
    assert response.url == f"{GALLERY}?image={pk}"


@pytest.mark.parametrize("action", ["tags/", "favorite/", "sensitive/", "delete/", "restore/"])
def test_action_on_no_picture_is_not_found(staff, db, action):
    assert staff.post(f"{GALLERY}images/1/{action}", {"add": "a"}).status_code == 404
