"""Decides who may change what: one table for pages and REST API.

Every address requires a staff login (or a key) before it shows anything; the views see to that.
This table adds what a login needs to change something. Django's admin site checks the same
permissions itself. Anything that is not in the table can be changed by superusers only; reading
requires a permission only if the table says so.
"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}

ANY = ""
"""No permission beyond the login: the address changes nothing of the library, or only one's own
data, or its view checks for itself."""

ADD, CHANGE, DELETE = "gallery.add_image", "gallery.change_image", "gallery.delete_image"
GENERATE = "imagine.add_generation"

RULES: dict[tuple[str, str], str] = {
    ("api:image-list", "POST"): ADD,
    ("api:image-detail", "PATCH"): CHANGE,
    ("api:image-detail", "DELETE"): DELETE,
    ("api:image-tags", "POST"): CHANGE,
    ("api:image-bulk-tags", "POST"): CHANGE,
    ("api:image-favorite", "POST"): CHANGE,
    ("api:image-nsfw", "POST"): CHANGE,
    ("api:image-restore", "POST"): CHANGE,
    ("api:image-trash", "POST"): DELETE,
    ("api:image-delete", "POST"): DELETE,
    ("api:image-export", "POST"): ANY,
    ("api:scan", "POST"): ADD,
    ("api:selections", "POST"): ANY,
    ("api:searches", "POST"): ANY,
    ("api:change-undo", "POST"): ANY,  # the view asks for what the change itself needs
    ("api:tag-detail", "PATCH"): "gallery.change_tag",
    ("api:tag-detail", "DELETE"): "gallery.delete_tag",
    ("gallery:image_tags", "POST"): CHANGE,
    ("gallery:image_prompt", "POST"): CHANGE,
    ("gallery:image_favorite", "POST"): CHANGE,
    ("gallery:image_sensitive", "POST"): CHANGE,
    ("gallery:sensitive", "POST"): ANY,
    ("gallery:image_restore", "POST"): CHANGE,
    ("gallery:image_delete", "GET"): DELETE,  # asks for what nobody else may answer
    ("gallery:image_delete", "POST"): DELETE,
    ("gallery:empty_trash", "GET"): DELETE,
    ("gallery:empty_trash", "POST"): DELETE,
    ("gallery:export", "POST"): ANY,
    ("gallery:preferences", "POST"): ANY,
    ("gallery:history_undo", "POST"): ANY,  # as in the API
    ("imagine:price", "POST"): GENERATE,
    ("imagine:token", "POST"): GENERATE,
    ("set_language", "POST"): ANY,
}

ADMIN_SITE = "admin:"
"""Addresses of Django's admin site, which checks permissions itself."""

ROLES = {
    "Viewers": [
        "gallery.view_image", "gallery.view_tag", "imagine.view_generation",
    ],
    "Editors": [
        "gallery.view_image", "gallery.add_image", "gallery.change_image", "gallery.delete_image",
        "gallery.view_tag", "gallery.change_tag", "gallery.delete_tag",
        "imagine.view_generation", "imagine.add_generation",
    ],
}  # fmt: skip
"""Groups that every installation has; an administrator's changes to them are kept."""


class ChangesPermitted:
    """Middleware that requires the table's permission of a session's user for a change."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: Any) -> None:
        match = request.resolver_match
        name = match.view_name if match is not None else ""
        if name.startswith(ADMIN_SITE):
            return
        method = request.method or ""
        needed = RULES.get((name, "GET" if method == "HEAD" else method))
        if needed is None and method in SAFE_METHODS:
            return
        user = request.user
        if not user.is_authenticated or user.is_superuser:
            return  # a stranger is sent to the login, a key is looked at, by the view
        if needed is None or (needed and not user.has_perm(needed)):
            raise PermissionDenied(_("Your account can view this but not change it."))


def create_roles(**signal: Any) -> None:
    """Create missing groups, after a migration."""
    for name, labels in ROLES.items():
        group, is_new = Group.objects.get_or_create(name=name)
        if is_new:
            wanted = {tuple(label.split(".")) for label in labels}
            permissions = Permission.objects.select_related("content_type")
            group.permissions.set(
                permission
                for permission in permissions
                if (permission.content_type.app_label, permission.codename) in wanted
            )
