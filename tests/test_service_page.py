"""The service at a glance, in the admin site."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from gallery.models import Image
from imagine.models import Generation

PAGE = "/admin/service/"


@pytest.mark.parametrize("number", [1, 3])
def test_page_shows_growth_and_generations_in_few_queries(
    staff, add_image, number, django_assert_num_queries
):
    images = [add_image() for _ in range(number)]
    for status in ("succeeded", "failed")[:number]:
        Generation.objects.create(status=status, prompt="x", n=1, provider="p", model="m")
    with django_assert_num_queries(5):  # session, user; counters, generations, failed ones
        response = staff.get(PAGE)
    growth, days = response.context["growth"], response.context["generations"]
    assert (len(growth), len(days)) == (12, 30)
    assert growth[-1].value == sum(image.file_size for image in images)
    assert (growth[-1].height, growth[-2].value) == (100, 0)
    assert (days[-1].value, days[-1].failed) == ((1, 0) if number == 1 else (2, 1))


def test_page_checks_and_cleans(staff, add_image, media_folder):
    images = [add_image() for _ in range(6)]
    Path(images[0].file.path).unlink()
    checked = staff.post(PAGE, {"action": "check"}).context["report"]
    assert (checked.orphans, checked.removed) == ([images[0].pk], 0)
    assert staff.post(PAGE, {"action": "clean"}).context["report"].removed == 1
    media_folder.rename(media_folder.with_name("unmounted"))
    assert "Is the media folder mounted?" in staff.post(PAGE, {"action": "clean"}).content.decode()
    assert Image.objects.count() == 5


def test_page_shows_settings_without_secrets(staff, settings):
    settings.XAI_API_KEY = "xai-sesame"
    settings.REDIS_URL = "redis://user:sesame@redis.example:6379/0"
    page = staff.get(PAGE)
    assert "sesame" not in page.content.decode()
    shown = dict(page.context["settings"])
    assert (shown["XAI_API_KEY"], shown["REDIS_URL"]) == (
        "set",
        "redis://user:…@redis.example:6379/0",
    )


def test_page_is_for_superusers(db):
    user = User.objects.create_user("viewer", password="x", is_staff=True)
    client = Client()
    client.force_login(user)
    assert (client.get(PAGE).status_code, client.post(PAGE, {"action": "clean"}).status_code) == (
        403,
        403,
    )
