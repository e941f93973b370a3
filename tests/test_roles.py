"""A read-only user at every address, with every method; and the table that says who may change."""

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import URLResolver, get_resolver, resolve

from gallery.models import Image, Tag
from grok2api.access import ADMIN_SITE, RULES, SAFE_METHODS
from imagine.models import ApiKey
from tests.test_access import example, routes

pytestmark = pytest.mark.django_db

CHANGE_NOTHING = {"home", "healthz", "readyz", "metrics"}
"""Views that do the same for every method, or refuse it: they only tell."""


def views(patterns=None, namespace=""):
    """(view name, methods) of every address that is ours, outside `/v1` and the admin site."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            if pattern.namespace not in ("imagine_api", "admin"):
                yield from views(pattern.url_patterns, inner)
        else:
            yield f"{namespace}{pattern.name}", methods(pattern.callback)


def methods(view) -> set[str]:
    """The unsafe methods that a view takes, as far as it says so."""
    actions = getattr(view, "actions", None)
    if actions:
        return {method.upper() for method in actions} - SAFE_METHODS
    cls = getattr(view, "view_class", None) or getattr(view, "cls", None)
    if cls is not None:
        named = ("post", "put", "patch", "delete")
        return {method.upper() for method in named if hasattr(cls, method)}
    # A function: those that it does not refuse.
    return {method for method in ("POST", "PUT", "PATCH", "DELETE") if takes(view, method)}


def takes(view, method) -> bool:
    from django.contrib.auth.models import AnonymousUser
    from django.test import RequestFactory

    request = RequestFactory().generic(method, "/")
    request.user = AnonymousUser()
    request._dont_enforce_csrf_checks = True
    if iscoroutinefunction(view):
        view = async_to_sync(view)
    try:
        answer = view(request)
    except TypeError:
        answer = view(request, pk=1)
    return answer.status_code not in (200, 405)


@pytest.fixture
def viewer(db):
    user = User.objects.create_user("looker", password="a long password", is_staff=True)
    user.groups.add(Group.objects.get(name="Viewers"))
    return sign_in(user)


@pytest.fixture
def editor(db):
    user = User.objects.create_user("editor", password="a long password", is_staff=True)
    user.groups.add(Group.objects.get(name="Editors"))
    return sign_in(user)


def sign_in(user):
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


def test_every_address_that_changes_something_has_a_rule():
    asked = {(name, method) for name, found in views() for method in found}
    without = {(name, method) for name, method in asked - set(RULES) if name not in CHANGE_NOTHING}
    # Of any method it is the language of one's own pages that changes.
    assert without == {("set_language", method) for method in ("PUT", "PATCH", "DELETE")}


def test_every_rule_is_of_an_address():
    known = {name for name, _ in views()}
    later = {"api:image-export", "api:scan"}
    assert {name for name, _ in RULES} - later <= known


def test_a_viewer_sees_everything_of_the_library_and_changes_nothing(viewer, add_image):
    image = add_image(tags=["x"])
    kept = facts()
    changed, broken = {}, {}
    for route in sorted(set(routes())):
        if route.startswith("v1/") or "logout" in route or "password_change" in route:
            continue
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            path = "/" + example(route).replace("/1/", f"/{image.pk}/")
            match = resolve(path)
            answer = viewer.generic(method, path, b"{}", "application/json")
            if answer.status_code >= 500:
                broken[route, method] = answer.status_code
            # Django's admin site shows a form again for a method that it does not know.
            shown = method == "GET" or match.namespace == "admin"
            may = shown or answer.status_code in (302, 400, 401, 403, 404, 405)
            if not may:
                changed[route, method] = answer.status_code
            answer.getvalue()  # to its end, for a stream holds a file
    assert broken == {}
    # Whoever may look may take along.
    assert set(changed) <= {
        ("api/v1/admin/gallery/images/export/", "POST"),
        ("admin/gallery/export/", "POST"),
    }
    assert facts() == kept


def facts():
    """All that a viewer must leave alone."""
    return [
        list(Image.objects.order_by("pk").values()),
        list(Tag.objects.order_by("pk").values()),
        list(ApiKey.objects.values()),
        User.objects.count(),
        list(Group.objects.values("name", "permissions").order_by("name", "permissions")),
    ]


def test_what_needs_a_permission_is_refused_in_words(viewer, editor, add_image):
    image = add_image()
    api = f"/api/v1/admin/gallery/images/{image.pk}/"
    for method, data in (("PATCH", b'{"favorite": true}'), ("DELETE", b"")):
        answer = viewer.generic(method, api, data, "application/json")
        assert (answer.status_code, answer.json()) == (
            403,
            {"detail": "Your account can view this but not change it."},
        )
    assert viewer.post("/admin/imagine/token/").status_code == 403
    refused = b"<h2>Your account can view this but not change it.</h2>"
    seen = [refused in client.get("/admin/imagine/").content for client in (viewer, editor)]
    assert seen == [True, False]
    for question in (f"/admin/gallery/images/{image.pk}/delete/", "/admin/gallery/trash/empty/"):
        for method in ("GET", "HEAD", "POST"):
            assert viewer.generic(method, question).status_code == 403
        assert b"Your account can view this" in viewer.get(question).content
        assert editor.get(question).status_code in {200, 302}
    assert viewer.get("/admin/gallery/").status_code == 200
    assert viewer.get(api).status_code == 200
    assert viewer.get("/admin/gallery/image/").status_code == 200
    assert viewer.get("/admin/gallery/auditentry/").status_code == 403
    assert viewer.get("/admin/imagine/apikey/").status_code == 403
    assert editor.post("/admin/imagine/token/").status_code == 200
    answer = editor.generic("PATCH", api, b'{"favorite": true}', "application/json")
    assert (answer.status_code, answer.json()["favorite"]) == (200, True)
    assert editor.delete(api).status_code == 204
    assert editor.get("/admin/imagine/apikey/").status_code == 403
    assert editor.get("/admin/auth/user/").status_code == 403


def test_admin_actions_are_not_offered_to_a_viewer(viewer, add_image):
    image = add_image()
    for action in ("make_favorite", "move_to_trash", "restore_from_trash", "delete_selected"):
        form = {"action": action, "_selected_action": [image.pk], "post": "yes"}
        viewer.post("/admin/gallery/image/", form)
    image.refresh_from_db()
    assert (image.favorite, image.trashed_at) == (False, None)
    assert (
        viewer.post(f"/admin/gallery/image/{image.pk}/delete/", {"post": "yes"}).status_code == 403
    )


def test_a_page_token_ends_with_the_right_to_generate(editor):
    from imagine import callers

    user = User.objects.get(username="editor")
    token = callers.page_token(user)
    assert callers.identify(token).user == user
    user.groups.clear()
    with pytest.raises(callers.InvalidToken):
        callers.identify(token)


def test_admin_site_addresses_are_left_to_its_own_permissions():
    assert not any(name.startswith(ADMIN_SITE) for name, _ in RULES)
