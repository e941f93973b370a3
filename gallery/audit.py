"""Records who deleted, exported or changed a key: when, and how many.

The jobs write the entries themselves, in the same transaction as the deed, so no caller can forget
one. The actor is a context variable: a job does not know its request.
"""

import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


def _command() -> str:
    return " ".join(["manage.py", *sys.argv[1:2]])


actor: ContextVar[Callable[[], str]] = ContextVar("actor", default=_command)
"""Returns who acts; it is called when an entry is written, because a key is recognised late."""

author: ContextVar[Callable[[], str]] = ContextVar("author", default=str)
"""Returns the actor's identity whatever its present name: `user 7`, `key 3`; empty for a
command."""


def shown(actor: str) -> str:
    """Return the actor of an entry (`user ada`, `key phone`) in the reader's language."""
    kind, _space, name = actor.partition(" ")
    if kind == "user":
        return gettext("user %(name)s") % {"name": name}
    return gettext("key %(name)s") % {"name": name} if kind == "key" else actor


class AuditEntry(models.Model):
    """Something that cannot be undone, or that let data out. Entries are never changed or
    deleted."""

    class Action(models.TextChoices):
        DELETED = "deleted", _("Pictures deleted")
        CLEANED = "cleaned", _("Rows without a file removed")
        EXPORTED = "exported", _("Pictures exported")
        KEY_CREATED = "key_created", _("API key created")
        KEY_CHANGED = "key_changed", _("API key changed")
        KEY_REVOKED = "key_revoked", _("API key revoked")

    at = models.DateTimeField(_("when"), default=timezone.now, db_index=True)
    actor = models.CharField(_("by"), max_length=200)
    action = models.CharField(_("action"), max_length=32, choices=Action.choices)
    count = models.PositiveIntegerField(_("number"))
    detail = models.JSONField(_("details"), default=dict)

    class Meta:
        app_label = "gallery"
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        default_permissions = ("view",)
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.actor}: {self.get_action_display()} ({self.count})"


def record(action: AuditEntry.Action, *, count: int, **detail: Any) -> None:
    """Write an entry; `detail` is JSON that helps to find the things again."""
    if count:
        AuditEntry.objects.create(
            action=action, actor=actor.get()()[:200], count=count, detail=detail
        )
