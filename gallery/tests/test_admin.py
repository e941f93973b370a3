"""The library in Django's admin site."""

import pytest
from django.urls import reverse

from gallery import statistics
from gallery.models import Image, RemovedRow, Tag

IMAGES = "/admin/gallery/image/"


@pytest.mark.parametrize("number", [1, 3])
def test_image_list_shows_thumbnails_without_a_query_for_each(
    staff, add_image, number, django_assert_num_queries
):
    images = [add_image(prompt=f"fox {index}", tags=["a", "b"]) for index in range(number)]
    with django_assert_num_queries(7):  # session, user, two filters, count, rows, tags
        page = staff.get(IMAGES).content.decode()
    for image in images:
        assert reverse("api:image-thumbnail", args=[image.pk]) in page
        assert image.prompt in page
    assert page.count("a, b") == number


def test_image_list_searches_filters_and_hides_the_trash(staff, add_image):
    from gallery.jobs import removal

    fox, dog = add_image(prompt="ａ FOX", model="m"), add_image(prompt="dog", tags=["fox"])
    removal.trash_images(image_ids=[add_image(prompt="fox gone").pk])

    def found(query: str) -> list[Image]:
        return list(staff.get(f"{IMAGES}?{query}").context["cl"].result_list)

    assert found("q=a fox") == [fox]
    assert found("q=fox") == [dog, fox]
    assert found("model=m") == [fox]
    assert [image.prompt for image in found("trash=only")] == ["fox gone"]


def test_image_form_changes_tags_and_marks_through_the_jobs(staff, add_image):
    image = add_image(tags=["old"])
    answer = staff.post(
        f"{IMAGES}{image.pk}/change/", {"tag_names": "new， Ｎew", "favorite": "on"}
    )
    assert answer.status_code == 302
    image.refresh_from_db()
    assert (image.favorite, [tag.name for tag in image.tags.all()]) == (True, ["new"])
    assert list(statistics.tag_counts().values()) == [1]
    bad = staff.post(f"{IMAGES}{image.pk}/change/", {"tag_names": "x" * 65})
    assert bad.context["adminform"].form.errors == {
        "tag_names": ["A tag has at most 64 characters."]
    }


@pytest.mark.parametrize(
    ("action", "left"),
    [("delete_selected", {"total": 0, "favorite": 0, "trashed": 0}),
     ("make_favorite", {"total": 2, "favorite": 2, "trashed": 0}),
     ("move_to_trash", {"total": 2, "favorite": 0, "trashed": 2})],
)  # fmt: skip
def test_image_actions_go_through_the_jobs(
    staff, add_image, action, left, media_folder, django_capture_on_commit_callbacks
):
    ids = [add_image().pk, add_image().pk]
    with django_capture_on_commit_callbacks(execute=True):
        staff.post(IMAGES, {"action": action, "_selected_action": ids, "post": "yes"})
    assert {
        "total": Image.objects.count(),
        "favorite": Image.objects.filter(favorite=True).count(),
        "trashed": Image.objects.exclude(trashed_at=None).count(),
    } == left
    files = [path for path in media_folder.rglob("*") if path.is_file()]
    assert len(files) == 2 * left["total"]


def test_tag_list_counts_and_renames(staff, add_image):
    add_image(tags=["cat", "pet"])
    add_image(tags=["cat"])
    page = staff.get("/admin/gallery/tag/").content.decode()
    assert '<td class="field-image_count">2</td>' in page
    pet = Tag.objects.get(key="pet")
    staff.post(f"/admin/gallery/tag/{pet.pk}/change/", {"name": "CAT"})
    assert [tag.name for tag in Tag.objects.all()] == ["cat"]


def test_removed_rows_can_be_read(staff):
    row = RemovedRow.objects.create(image_id=7, file="images/x.jpg", facts={"prompt": "a fox"})
    page = staff.get(f"/admin/gallery/removedrow/{row.pk}/change/").content.decode()
    assert "a fox" in page
