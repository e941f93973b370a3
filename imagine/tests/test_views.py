"""The Imagine page and its token."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from gallery.templatetags.gallery_pages import thumbnail_address
from imagine import callers
from imagine.links import file_path
from imagine.models import Generation


def test_page_needs_a_staff_login(db):
    for response in (Client().get("/admin/imagine/"), Client().post("/admin/imagine/token/")):
        assert (response.status_code, response["Location"].split("?")[0]) == (302, "/admin/login/")


def test_token_is_for_its_user_and_needs_the_csrf_mark(staff, admin_user):
    response = staff.post("/admin/imagine/token/")
    assert response["Cache-Control"] == "no-store"
    body = response.json()
    assert body["expires_in"] == 300
    assert callers.identify(body["token"]).user == admin_user
    assert staff.get("/admin/imagine/token/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin_user)
    assert strict.post("/admin/imagine/token/").status_code == 403


def chosen(page):
    """Values of the form that the page shows as chosen."""
    (prompt,) = re.findall(r"<textarea[^>]*>([^<]*)</textarea>", page)
    return prompt, *re.findall(r'name="\w+" value="([^"]*)"\s+checked', page)


def test_address_fills_in_the_form(staff):
    query = {"prompt": "a <fox> & 日落", "aspect_ratio": "20:9", "n": "4"}
    page = staff.get("/admin/imagine/", query).content.decode()
    assert chosen(page) == ("a &lt;fox&gt; &amp; 日落", "20:9", "4")


def test_picture_fills_in_the_form_whole(staff, add_image, settings):
    settings.IMAGINE_PROVIDER = "openai"
    settings.IMAGINE_UPSTREAM_URL = "http://localhost:9/v1"
    image = add_image(prompt="雪" * 40_000, aspect_ratio="16:9", model="served")
    alone = staff.get("/admin/imagine/", {"again": image.pk}).content.decode()
    assert chosen(alone) == ("雪" * 40_000, "16:9", "1")
    assert '<option value="served" selected>' in alone
    generation = Generation.objects.create(
        prompt="asked", n=8, model="asked-for", aspect_ratio="2:1"
    )
    generation.images.set([image])
    made = staff.get("/admin/imagine/", {"again": image.pk}).content.decode()
    assert chosen(made) == ("雪" * 40_000, "2:1", "1")
    assert '<option value="asked-for" selected>' in made
    whole = staff.get("/admin/imagine/", {"generation": generation.pk}).content.decode()
    assert chosen(whole) == ("asked", "2:1", "8")
    for nothing in ("0", "x", "9" * 30, str(image.pk + 1)):
        page = staff.get("/admin/imagine/", {"again": nothing}).content.decode()
        assert chosen(page) == ("", "1:1", "1")


def test_page_knows_its_users_tasks_and_late_failures(staff, admin_user, django_user_model):
    other = django_user_model.objects.create_user("other")
    facts = {"n": 1, "errand": {}, "model": "m", "aspect_ratio": "1:1"}
    for number, (user, status, age) in enumerate(
        [
            (admin_user, "queued", None), (admin_user, "pending", None),
            (admin_user, "failed", 1), (admin_user, "failed", 60), (admin_user, "succeeded", 1),
            (other, "queued", None),
        ]
    ):  # fmt: skip
        finished = age and timezone.now() - timedelta(minutes=age)
        Generation.objects.create(
            user=user, status=status, prompt=f"{number}", finished_at=finished, error_code="x",
            task_id=f"t{number}", **facts,
        )  # fmt: skip
    page = staff.get("/admin/imagine/").content.decode()
    (found,) = re.findall(r'<script id="tasks"[^>]*>(.*?)</script>', page)
    assert [(task["prompt"], task["poll_url"], task["error"]) for task in json.loads(found)] == [
        ("0", "/v1/images/tasks/t0", None),
        ("1", "/v1/images/tasks/t1", None),
        ("2", "/v1/images/tasks/t2", {"code": "x", "message": ""}),
    ]


def test_nonsense_in_the_address_gives_the_ordinary_form(staff):
    query = {"prompt": "x" * 40_000, "aspect_ratio": "7:1", "n": "99", "model": "\x00"}
    page = staff.get("/admin/imagine/", query).content.decode()
    assert chosen(page) == ("", "1:1", "1")


def test_page_says_that_pictures_are_samples(staff, settings):
    assert "sample painter" in staff.get("/admin/imagine/").content.decode()
    settings.IMAGINE_PROVIDER = "xai"
    page = staff.get("/admin/imagine/").content.decode()
    assert "sample painter" not in page
    assert re.findall(r'<option value="(grok[^"]*)"', page)[:2] == [
        "grok-imagine-1.0", "grok-imagine-image",
    ]  # fmt: skip


@pytest.mark.parametrize("rows", [1, 3])
def test_page_shows_what_the_user_made_before(
    staff, admin_user, add_image, rows, django_assert_num_queries
):
    add_image(prompt="somebody else's")
    for number in range(rows):
        generation = Generation.objects.create(prompt="x", n=1, user=admin_user)
        generation.images.add(add_image(prompt=f"mine {number}"))
    with django_assert_num_queries(6):
        page = staff.get("/admin/imagine/").content.decode()
    assert re.findall(r'dir="auto">(mine \d)<', page) == [
        f"mine {number}" for number in reversed(range(rows))
    ]


def test_page_token_generates_for_its_user(gateway, client, admin_user):
    headers = {"Authorization": f"Bearer {callers.page_token(admin_user)}"}
    response = client.post("/v1/images/generations", json={"prompt": "a fox"}, headers=headers)
    assert response.status_code == 200
    generation = Generation.objects.get()
    assert (generation.user, generation.key) == (admin_user, None)


def test_address_names_pictures_to_edit(staff, add_image):
    first, second = add_image(), add_image(nsfw=True)
    query = {"edit": [str(second.pk), "x", "9" * 30, "0", str(first.pk), str(second.pk)]}
    page = staff.get("/admin/imagine/", query).content.decode()
    (sources,) = re.findall(r'<script type="application/json">(.*?)</script>', page)
    assert json.loads(sources) == [
        {"link": file_path(second), "preview": thumbnail_address(second), "sensitive": True},
        {"link": file_path(first), "preview": thumbnail_address(first), "sensitive": False},
    ]
