"""`GET /v1/files/image/{filename}`: signed links."""

import httpx2
import pytest

from gallery.jobs import removal
from gallery.tests.drawing import draw
from imagine.links import signed_filename


@pytest.fixture
def visitor(gateway):
    """Someone without a key."""
    with httpx2.Client(base_url=f"{gateway.url}/v1/files/image/") as http:
        yield http


@pytest.fixture
def image(transactional_db, add_image):
    return add_image(data=draw(256, 256))


def test_signed_link_gives_the_file_to_anyone(visitor, image):
    response = visitor.get(signed_filename(image.pk, "jpg"))
    with image.file as file:
        assert response.content == file.read()
    wanted = {
        "content-type": "image/jpeg",
        "content-length": str(image.file_size),
        "cache-control": "public, max-age=86400",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "accept-ranges": "bytes",
    }
    assert {name: response.headers[name] for name in wanted} == wanted
    again = visitor.get(
        signed_filename(image.pk, "jpg"), headers={"If-None-Match": response.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_signed_link_gives_ranges_and_heads(visitor, image):
    name = signed_filename(image.pk, "jpg")
    whole = visitor.get(name).content
    part = visitor.get(name, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole)}"
    # Ranges are defined for GET alone.
    head = visitor.head(name, headers={"Range": "bytes=10-19"})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(whole))


def test_link_that_nobody_signed_gives_nothing(visitor, image):
    name = signed_filename(image.pk, "jpg")
    other = signed_filename(image.pk + 1, "jpg")
    forged = name.replace(name.split("-", 2)[2], other.split("-", 2)[2])
    for wrong in (forged, other, "x.jpg", f"{image.pk}.jpg", name.replace("-0-", "-9999999999-")):
        response = visitor.get(wrong)
        assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")


def test_link_ends_with_its_time(visitor, image, settings, monkeypatch):
    settings.IMAGINE_URL_TTL = 60
    name = signed_filename(image.pk, "jpg")
    assert visitor.get(name).status_code == 200
    monkeypatch.setattr("imagine.links.time.time", lambda: 4_000_000_000)
    assert visitor.get(name).status_code == 404


def test_link_ends_with_the_picture(visitor, image):
    name = signed_filename(image.pk, "jpg")
    removal.trash_images(image_ids=[image.pk])
    assert visitor.get(name).status_code == 404


def test_link_is_kept_by_caches_no_longer_than_it_lives(visitor, image, settings):
    for lives, kept in ((5, range(3, 6)), (3600, range(3595, 3601)), (10**6, [86400])):
        settings.IMAGINE_URL_TTL = lives
        control = visitor.get(signed_filename(image.pk, "jpg")).headers["cache-control"]
        assert int(control.removeprefix("public, max-age=")) in kept
