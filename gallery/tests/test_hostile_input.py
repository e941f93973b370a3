"""Input that no honest client sends: refused by name, never a fault of ours."""

import json
import tracemalloc

import pytest
from django.urls import reverse
from rest_framework import serializers as drf

from gallery.api.fields import MOST_ERRORS, ListField
from gallery.jobs import tagging
from gallery.models import Tag
from tests.campaign.attacks.texts import wrong_lists

API = "/api/v1/admin/gallery/"
HALF = "\ud800"  # half of a surrogate pair
HUGE = "9" * 30
NOT_UNICODE = ["This text is not valid Unicode."]


def post(client, path, body):
    """JSON as a browser's script may write it, with escapes for halves of characters."""
    content = body if isinstance(body, str) else json.dumps(body)
    return client.post(API + path, content, content_type="application/json")


@pytest.mark.parametrize(
    "path", ["delete/", "trash/", "restore/", "favorite/", "nsfw/", "tags/", "export/"]
)
@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"filter": {HALF: 1}}, {"filter": NOT_UNICODE}),
        ({"filter": {"sort_by": HALF}}, {"filter": NOT_UNICODE}),
        ({"image_ids": [1], "embedding": HALF}, {"embedding": NOT_UNICODE}),
        ([HALF], {"detail": NOT_UNICODE[0]}),
        ("[" * 100_000, {"detail": "The JSON is nested too deeply."}),
    ],
)
def test_bulk_actions_refuse_texts_that_are_none(staff, db, path, body, errors):
    response = post(staff, f"images/{path}", body)
    assert (response.status_code, response.json()) == (400, errors)


@pytest.mark.parametrize("kind", wrong_lists(1))
def test_bulk_actions_name_a_few_of_what_is_wrong(staff, db, kind):
    """Neither the answer nor the memory grows with the errors."""
    answers, peaks = [], []
    for size in (1_000, 8_000):
        body = wrong_lists(size)[kind].decode()
        tracemalloc.start()
        response = post(staff, "images/tags/", body)
        peaks.append((tracemalloc.get_traced_memory()[1] - 200_000) / len(body))
        tracemalloc.stop()
        answers.append((response.status_code, len(response.content)))
    assert answers[0] == answers[1]
    assert (answers[0][0], answers[0][1] < 2_000) == (400, True)
    assert peaks[1] < 40  # bytes for each byte of the body


@pytest.mark.once
def test_every_list_of_the_api_names_a_few_of_what_is_wrong():
    def kinds(serializer):
        for kind in serializer.__subclasses__():
            yield kind
            yield from kinds(kind)

    lists = [
        (kind.__name__, name)
        for kind in kinds(drf.Serializer)
        if kind.__module__.split(".")[0] in ("gallery", "imagine", "grok2api")
        for name, field in kind().fields.items()
        if isinstance(field, drf.ListField) and not isinstance(field, ListField)
    ]
    assert lists == []


def test_wrong_ids_are_named_by_their_places(staff, db):
    response = post(staff, "images/delete/", {"image_ids": [1, *["x"] * 20]})
    errors = response.json()["image_ids"]
    assert errors == {str(place): ["A valid integer is required."] for place in range(1, 11)}
    assert len(errors) == MOST_ERRORS


def test_json_of_too_many_lists_is_refused(staff, db):
    response = post(staff, "images/delete/", f"[{'[],' * 100_000}[]]")
    said = (response.status_code, response.json())
    assert said == (400, {"detail": "The JSON holds too many lists and objects."})


def test_upload_is_a_form_and_nothing_else(staff, db):
    assert post(staff, "images/", {"file": "x", "tags": "a"}).status_code == 415


@pytest.mark.parametrize(
    "selection",
    [
        '{"image_ids": ["\\ud800"]}',
        '{"filter": {"\\ud800": 1}}',
        '{"filter": {"sort_by": "\\ud800"}}',
        f'{{"image_ids": [{"9" * 5000}]}}',
        "[" * 100_000,
    ],
)
def test_export_page_refuses_what_it_cannot_read(staff, selection):
    assert staff.post("/admin/gallery/export/", {"selection": selection}).status_code == 400


@pytest.mark.parametrize("action", ["tags", "favorite", "sensitive", "delete", "restore"])
def test_page_of_an_id_that_no_database_has_is_not_found(staff, db, action):
    assert staff.post(f"/admin/gallery/images/{HUGE}/{action}/").status_code == 404
    assert staff.post(f"/admin/gallery/images/{HUGE[:18]}/{action}/").status_code == 404


@pytest.mark.parametrize("name", ["a\x00", HALF, "\x7f", "\x9f"])
def test_tag_of_no_text_is_refused_whether_it_is_to_come_or_to_go(add_image, name):
    image = add_image(tags=["a"])
    for change in ({"add": [name]}, {"remove": [name]}):
        with pytest.raises(tagging.ValidationError):
            tagging.change_tags(image_ids=[image.pk], **change)
    assert [tag.name for tag in image.tags.all()] == ["a"]


@pytest.mark.parametrize("model", ["gallery_image", "gallery_tag", "auth_user"])
@pytest.mark.parametrize("value", ["x", HUGE, "-1", ""])
def test_admin_action_refuses_ids_that_are_none(staff, add_image, model, value):
    add_image(tags=["a"])
    response = staff.post(
        reverse(f"admin:{model}_changelist"),
        {"action": "delete_selected", "_selected_action": [value], "post": "yes"},
    )
    assert response.status_code == 400
    assert Tag.objects.count() == 1


def test_admin_search_for_more_than_a_prompt_finds_nothing(staff, add_image):
    add_image()
    response = staff.get(reverse("admin:gallery_image_changelist"), {"q": "x" * 33_000})
    assert (response.status_code, response.context["cl"].result_count) == (200, 0)


def test_admin_refuses_an_address_with_nul(staff, db):
    response = staff.get(reverse("admin:gallery_image_changelist"), {"model": "\0"})
    assert response.status_code == 400


def test_login_under_a_name_that_nobody_can_have_is_refused(client, db):
    response = client.post("/admin/login/", {"username": "x" * 1000, "password": "x"})
    assert (response.status_code, list(response.context["form"].errors)) == (200, ["username"])


def test_key_cannot_expire_before_time_began(staff, db):
    moment = {"expires_at_0": "0001-01-01", "expires_at_1": "00:00"}
    response = staff.post(reverse("admin:imagine_apikey_add"), {"name": "k", **moment})
    assert list(response.context["adminform"].form.errors) == ["expires_at"]


def test_list_survives_the_end_of_time(staff, add_image):
    add_image()
    response = staff.get("/admin/gallery/?start_date=9999-12-01&end_date=9999-12-31")
    assert response.status_code == 200
