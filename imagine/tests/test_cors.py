"""Scripts of a web page speak to the gateway."""

import httpx2
import pytest

from .conftest import Gateway

ORIGIN = {"Origin": "http://localhost:5173"}


@pytest.mark.parametrize(
    ("wanted", "allowed"),
    [
        ("authorization,content-type,x-stainless-os", "authorization,content-type,x-stainless-os"),
        ("", "Authorization, Content-Type, Idempotency-Key, Prefer"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/images/generations", "/v1/models", "/v1/whatever"])
def test_preflight_is_allowed_without_a_token(gateway: Gateway, path, wanted, allowed):
    headers = {**ORIGIN, "Access-Control-Request-Method": "POST"}
    if wanted:
        headers["Access-Control-Request-Headers"] = wanted
    answer = httpx2.options(gateway.url + path, headers=headers)
    told = {name: answer.headers.get(name) for name in (
        "access-control-allow-origin", "access-control-allow-methods",
        "access-control-allow-headers", "access-control-max-age",
    )}  # fmt: skip
    assert (answer.status_code, told) == (204, {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, HEAD, POST, OPTIONS",
        "access-control-allow-headers": allowed,
        "access-control-max-age": "86400",
    })  # fmt: skip
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/models", 200), ("POST", "/v1/images/generations", 400), ("GET", "/v1/x", 404),
     ("PUT", "/v1/models", 405), ("GET", "/v1/files/image/1-0-x.jpg", 404)],
)  # fmt: skip
def test_every_answer_may_be_read_by_a_script(client, method, path, status):
    answer = client.request(method, path, headers=ORIGIN)
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == "*"
    exposed = answer.headers["access-control-expose-headers"].lower()
    told = {"location", "retry-after", "x-request-id", "x-ignored-parameters"}
    assert told <= set(exposed.split(", "))


def test_a_stranger_is_told_so_in_a_way_that_a_script_can_read(gateway: Gateway):
    answer = httpx2.get(gateway.url + "/v1/models", headers=ORIGIN)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, "*")


@pytest.mark.parametrize("path", ["/api/v1/admin/gallery/images/", "/admin/login/", "/healthz"])
def test_what_has_sessions_is_open_to_no_other_page(gateway: Gateway, path):
    answer = httpx2.get(gateway.url + path, headers=ORIGIN)
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("host", ["grok_gallery:8000", "a_b", "GROK_Gallery.local"])
def test_a_host_with_an_underscore_is_answered(client, host):
    for path, status in (("/healthz", 200), ("/v1/models", 200), ("/admin/login/", 200)):
        assert client.get(path, headers={"Host": host}).status_code == status, path
    answer = client.post("/v1/images/generations", headers={"Host": host}, json={"prompt": "x"})
    assert answer.json()["data"][0]["url"].startswith(f"http://{host}/v1/files/")


@pytest.mark.parametrize("host", ["a_b/c", "a_b@c", "a_b c", "_"])
def test_a_host_that_is_no_name_is_refused(client, host):
    answer = client.post("/v1/images/generations", headers={"Host": host}, json={"prompt": "x"})
    assert answer.status_code == (400 if host != "_" else 200)
