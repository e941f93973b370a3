"""/healthz and /readyz."""

import pytest
from django.db import connection

from grok2api import health

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def asked_anew():
    health._require_schema.cache_clear()
    yield
    health._require_schema.cache_clear()


def test_a_whole_house_is_ready(client):
    answer = client.get("/readyz")
    found = answer.json()
    assert (answer.status_code, found["status"], found["database"]) == (200, "ok", "ok")


def test_an_old_schema_is_not_ready_until_it_is_brought_up_to_date(client):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'gallery' AND name >= '0007'")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "unavailable")
    assert client.get("/healthz").json() == {"status": "ok"}


def test_a_good_schema_is_asked_for_once(client, django_assert_num_queries):
    client.get("/readyz")
    with django_assert_num_queries(1):
        assert client.get("/readyz").status_code == 200
