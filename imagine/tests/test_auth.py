"""Who may use the gateway and the REST API."""

import hashlib
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from imagine import callers, keys
from imagine.models import ApiKey


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer sk-wrong", "Basic YTpi", "Bearer page.x:y:z"]
)
def test_gateway_refuses_whoever_has_no_key(client, header):
    headers = {"Authorization": header} if header is not None else {"Authorization": ""}
    for response in (
        client.post("/v1/images/generations", json={"prompt": "x"}, headers=headers),
        client.get("/v1/models", headers=headers),
    ):
        error = response.json()["error"]
        assert (response.status_code, error["type"], error["code"], error["param"]) == (
            401, "authentication_error", "invalid_api_key", None,
        )  # fmt: skip
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_revoked_and_expired_keys_are_refused_at_once(client):
    assert client.get("/v1/models").status_code == 200
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get("/v1/models").status_code == 401
    ApiKey.objects.update(expires_at=None)
    assert keys.revoke(list(ApiKey.objects.values_list("pk", flat=True))) == 1
    assert client.get("/v1/models").status_code == 401


@pytest.mark.django_db
def test_key_is_kept_as_a_hash_alone():
    key, secret = keys.create_api_key(name="mine")
    assert secret.startswith("sk-")
    assert len(secret) >= 3 + 256 // 6
    row = ApiKey.objects.values().get()
    assert row["key_hash"] == hashlib.sha256(secret.encode()).hexdigest()
    assert row["prefix"] == secret[:7]
    assert secret not in str(row)
    assert callers.find_active_key(secret) == key


@pytest.mark.django_db
def test_use_of_a_key_is_written_once_a_minute(django_assert_num_queries):
    _, secret = keys.create_api_key(name="mine")
    with django_assert_num_queries(2):
        callers.find_active_key(secret)
    with django_assert_num_queries(1):
        callers.find_active_key(secret)
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
    with django_assert_num_queries(2):
        callers.find_active_key(secret)


@pytest.mark.django_db
def test_page_token_stands_for_its_user_until_the_password_changes(admin_user):
    token = callers.page_token(admin_user)
    assert callers.identify(token) == callers.Caller(user=admin_user)
    admin_user.set_password("another password")
    admin_user.save()
    with pytest.raises(callers.InvalidToken):
        callers.identify(token)


@pytest.mark.django_db
@pytest.mark.parametrize("lost", ["is_active", "is_staff"])
def test_page_token_ends_with_the_users_rights(admin_user, lost):
    token = callers.page_token(admin_user)
    User.objects.update(**{lost: False})
    with pytest.raises(callers.InvalidToken):
        callers.identify(token)


def test_rest_api_takes_key_or_session(staff):
    _, secret = keys.create_api_key(name="mine")
    path = "/api/schema/"
    assert staff.get(path).status_code == 200
    assert Client().get(path).status_code == 401
    assert Client(headers={"Authorization": f"Bearer {secret}"}).get(path).status_code == 200
    refused = Client(headers={"Authorization": "Bearer sk-wrong"}).get(path)
    assert (refused.status_code, refused["WWW-Authenticate"]) == (401, "Bearer")
    token = callers.page_token(User.objects.get())
    assert Client(headers={"Authorization": f"Bearer {token}"}).get(path).status_code == 401
