"""No page and no answer to a reader asks the database more than twelve times."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gallery.jobs import marking
from imagine import keys
from imagine.models import Generation

MOST = 12
FILTERS = "model=m&aspect_ratio=1:1&tags=a,b&favorite=false&start_date=2026-01-01&sort_by=file_size"
EVERYTHING = f"search=cat+model:m+-model:n+tag:a&{FILTERS}"
GALLERY = "/admin/gallery/"
API = "/api/v1/admin/gallery/"
ADDRESSES = [
    GALLERY,
    f"{GALLERY}?view=list&{EVERYTHING}",
    f"{GALLERY}?page=9&{EVERYTHING}",
    f"{GALLERY}?page=9",
    f"{GALLERY}?search=nothing",
    f"{GALLERY}?image={{image}}",
    f"{GALLERY}?image={{last}}&search=model:m&page_size=1",
    f"{GALLERY}?image={{other}}&{EVERYTHING}",
    f"{GALLERY}?image={{other}}&page=9&{EVERYTHING}",
    f"{GALLERY}trash/?{EVERYTHING}",
    f"{GALLERY}trash/empty/",
    f"{GALLERY}images/{{image}}/delete/",
    f"{GALLERY}live/statistics/?after=1",
    f"{GALLERY}live/selection/?{EVERYTHING}",
    f"{GALLERY}live/suggestions/?{EVERYTHING}",
    f"{GALLERY}live/suggestions/?search=mountians+lihgthouse+model:n&{FILTERS}",
    f"{GALLERY}live/suggestions/?trash=only&search=mountians+lihgthouse+model:n&{FILTERS}",
    "/admin/imagine/",
    "/api/docs/",
    "/api/schema/",
    "/metrics",
    "/readyz",
    "/admin/",
    f"{GALLERY}image/?q=cat&model=m&aspect_ratio=1:1",
    f"{GALLERY}image/{{image}}/change/",
    f"{GALLERY}image/{{image}}/delete/",
    f"{GALLERY}tag/",
    f"{GALLERY}tag/{{tag}}/change/",
    f"{GALLERY}removedrow/",
    "/admin/imagine/apikey/",
    "/admin/imagine/apikey/{key}/change/",
    "/admin/imagine/generation/?q=cat",
    "/admin/imagine/generation/{generation}/change/",
    "/admin/auth/user/",
    f"{API}images/?{EVERYTHING}",
    f"{API}images/?trash=only&{EVERYTHING}",
    f"{API}images/?format=api",
    f"{API}images/{{image}}/",
    f"{API}images/{{image}}/file/",
    f"{API}images/{{image}}/thumbnail/",
    f"{API}tags/",
    f"{API}stats/",
    f"{API}facets/",
    f"{API}facets/?{EVERYTHING}",
    f"{API}facets/?{EVERYTHING}&tags_match=any",
    f"{API}facets/?trash=only&{EVERYTHING}",
]


@pytest.mark.parametrize("script", [False, True], ids=["page", "fragment"])
@pytest.mark.parametrize("rows", [1, 3])
def test_nothing_asks_more_than_twelve_queries(staff, admin_user, add_image, rows, script):
    images = [add_image(prompt="a cat", model="m", tags=["a", "b", "c"]) for _ in range(rows)]
    add_image(prompt="mountains behind a lighthouse", model="n")
    for number in range(rows):
        key, _ = keys.create_api_key(name=f"key {number}")
        made = Generation.objects.create(
            prompt="cat", n=1, model="m", key=key, user=admin_user, provider="sample"
        )
        made.images.set(images)
    call_command("rebuild_search")  # as in service: an index, and pictures changed since
    other = add_image(prompt="a dog", model="other")
    marking.mark_images(image_ids=[image.pk for image in images], nsfw=True)
    names = {
        "image": images[0].pk,
        "last": images[-1].pk,
        "other": other.pk,
        "tag": images[0].tags.all()[0].pk,
        "key": key.pk,
        "generation": made.pk,
    }
    headers = {"HX-Request": "true"} if script else {}
    too_many, unanswered = {}, {}
    for address in ADDRESSES:
        with CaptureQueriesContext(connection) as queries:
            response = staff.get(address.format(**names), headers=headers)
            response.getvalue()
        if len(queries) > MOST:
            too_many[address] = len(queries)
        if response.status_code != 200:
            unanswered[address] = response.status_code
    assert (too_many, unanswered) == ({}, {})
