"""What the open page asks for by itself."""

import pytest

from gallery.jobs.removal import trash_images

LIVE = "/admin/gallery/live/"


@pytest.mark.parametrize("name", ["statistics/", "count/", "selection/", "suggestions/"])
def test_visitor_is_sent_to_login(client, db, name):
    assert client.get(LIVE + name).status_code == 302


@pytest.mark.parametrize("pictures", [1, 3])
def test_statistics_count_what_has_arrived(staff, add_image, django_assert_num_queries, pictures):
    seen = add_image()
    newest = [add_image(tags=["a"]) for _ in range(pictures)][-1]
    with django_assert_num_queries(6):  # session, user; newest, arrived; counters, names of tags
        response = staff.get(LIVE + "statistics/", {"after": seen.pk})
    assert (response.context["arrived"], response.context["newest_id"]) == (pictures, newest.pk)
    assert response.context["summary"].total_count == pictures + 1


@pytest.mark.parametrize("pictures", [1, 3])
def test_selection_is_everything_that_matches(
    staff, add_image, django_assert_num_queries, pictures
):
    images = [add_image(model="m") for _ in range(pictures)]
    add_image(model="other")
    with django_assert_num_queries(5):  # session, user; the index's state, gaps; names; bytes
        total = staff.get(LIVE + "selection/", {"model": "m", "page": "2"}).json()
    assert total == {"count": pictures, "bytes": sum(image.file_size for image in images)}
    ids = staff.get(LIVE + "selection/", {"model": "m", "ids": ""}).json()["ids"]
    assert sorted(ids) == [image.pk for image in images]


def test_exact_count_follows_an_upper_bound(staff, add_image):
    for prompt in ("abcd", "abcxbcd", "bcd"):  # the second has all grams of the search, not it
        add_image(prompt=prompt)
    assert staff.get(LIVE + "count/", {"search": "abcd"}).text.strip() == "1 picture"
    assert staff.get(LIVE + "count/", {"search": "bcd"}).text.strip() == "3 pictures"
    assert staff.get(LIVE + "count/", {"start_date": "x"}).text.strip() == "0 pictures"


def test_selection_with_a_bad_filter_is_refused(staff, db):
    response = staff.get(LIVE + "selection/", {"start_date": "x"})
    assert (response.status_code, list(response.json()["errors"])) == (400, ["start_date"])


def test_suggestions_say_which_filter_to_drop(staff, add_image, django_assert_num_queries):
    for _ in range(2):
        add_image(prompt="a cat", model="m")
    add_image(prompt="a dog", tags=["x"])
    query = {"search": "cat", "model": "n", "aspect_ratio": "1:1", "favorite": "false", "tags": "x"}
    with django_assert_num_queries(9):  # session, user; names; index; four times find; the word
        response = staff.get(LIVE + "suggestions/", query)
    assert response.context["suggestions"] == []
    del query["tags"]
    response = staff.get(LIVE + "suggestions/", query)
    assert [(chip.name, count) for chip, count in response.context["suggestions"]] == [("model", 2)]
    assert "Without “n”: 2 pictures" in response.text


def test_statistics_say_what_the_shown_pictures_are_now(staff, add_image):
    plain, loved, trashed = add_image(), add_image(favorite=True), add_image(favorite=True)
    trash_images(image_ids=[trashed.pk])
    asked = f"{plain.pk},{loved.pk},{trashed.pk},999999,x,,{'9' * 30}"
    response = staff.get(f"/admin/gallery/live/statistics/?ids={asked}")
    assert response.context["gone"] == [trashed.pk, 999999]
    assert response.context["favorites"] == [loved.pk]
    many = ",".join(map(str, range(1, 5000)))
    assert len(staff.get(f"/admin/gallery/live/statistics/?ids={many}").context["gone"]) <= 200
