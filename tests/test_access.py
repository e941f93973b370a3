"""Every address, asked for by a stranger: all want a login or a key but the few that say so."""

import re
import urllib.error
import urllib.request

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from imagine import keys
from tests.server import Server

OPEN = {"healthz", "readyz"}
NOT_FOUND = {"v1/files/image/<str:filename>", "v1/"}  # a wrong signature; no such address
LOGIN_PAGES = {"admin/login/", "admin/logout/"}
PUBLIC_TEXTS = {"admin/jsi18n/"}  # Django's own translations for its scripts


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


def routes(patterns=None, prefix: str = "") -> list[str]:
    """The route of every address of the program, as the URL patterns spell it."""
    found = []
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            found += routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            found.append(route)
    return found


def example(route: str) -> str:
    """An address that the route matches."""
    path = re.sub(r"\(\?P<\w+>[^()]*(?:\([^()]*\)[^()]*)*\)", "1", route)
    path = re.sub(r"<(?:int|id|path):\w+>", "1", path)
    path = re.sub(r"<(?:str:)?\w+>", "x", path)
    return re.sub(r"[\\^$?]|\.\*|\\Z", "", path.replace("\\Z", "").replace("\\.", "."))


def status(server: Server, path: str, method: str, key: str = "") -> tuple[int, str]:
    """Status and Location of what a stranger, or the holder of this key, is answered."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(f"{server.url}/{path}", method=method, headers=headers)
    try:
        with urllib.request.build_opener(NoRedirect).open(request, timeout=20) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Location", "")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("access")) as running:
        yield running


def test_routes_are_all_looked_at():
    found = routes()
    assert set(found) >= OPEN | NOT_FOUND | LOGIN_PAGES | PUBLIC_TEXTS
    assert len(found) > 60


@pytest.mark.parametrize(
    ("method", "key"),
    [
        *((method, "") for method in ("GET", "POST", "PUT", "PATCH", "DELETE")),
        ("GET", "sk-of-nobody"),
        ("POST", "page.W10:of:nobody"),
    ],
)
def test_a_stranger_is_let_in_nowhere(server, method, key):
    let_in = {}
    for route in sorted(set(routes()) - OPEN - LOGIN_PAGES - PUBLIC_TEXTS):
        code, location = status(server, example(route), method, key)
        at_login = code in (301, 302) and location.startswith("/admin/login/")
        home = route == "" and location == "/admin/gallery/"
        # A form without its token is turned away (403) before anybody asks who sent it.
        refused = code in (401, 403, 405) or (code == 404 and route in NOT_FOUND)
        if not (at_login or home or refused):
            let_in[route] = (code, location)
    assert let_in == {}


def test_a_key_is_good_for_the_apis_and_no_page(server):
    pages = {"admin/gallery/", "admin/imagine/", "admin/", "admin/auth/user/", "api/docs/"}
    for page in pages:
        code, location = status(server, page, "GET", server.api_key)
        assert (code, location.startswith("/admin/login/")) == (302, True)
    apis = {"v1/models", "api/v1/admin/gallery/stats/", "metrics"}
    assert {status(server, path, "GET", server.api_key)[0] for path in apis} == {200}


def test_a_revoked_key_is_good_for_nothing(client, db):
    key, secret = keys.create_api_key(name="lost")
    headers = {"Authorization": f"Bearer {secret}"}
    paths = ("/api/v1/admin/gallery/stats/", "/metrics")
    assert [client.get(path, headers=headers).status_code for path in paths] == [200, 200]
    keys.revoke([key.pk])
    assert [client.get(path, headers=headers).status_code for path in paths] == [401, 401]


def test_the_open_addresses_say_little(server):
    assert {path: status(server, path, "GET")[0] for path in sorted(OPEN)} == {
        "healthz": 200,
        "readyz": 200,
    }
