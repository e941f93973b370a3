"""Stores what each person has chosen about keyboard and exports, wherever they log in."""

from typing import ClassVar

from django.conf import settings
from django.db import models

CHOICES = ("single_keys", "ask_to_trash")


class KeyPreferences(models.Model):
    """A person's choices about the keyboard; somebody without a row has the defaults."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+"
    )
    # Single-key shortcuts, which speech input triggers by accident.
    single_keys = models.BooleanField(default=True, db_default=True)
    # Whether the Delete key asks before it moves pictures to the trash.
    ask_to_trash = models.BooleanField(default=False, db_default=False)

    class Meta:
        app_label = "gallery"
        default_permissions: ClassVar = ()

    def as_dict(self) -> dict[str, bool]:
        return {name: getattr(self, name) for name in CHOICES}


class ExportPreferences(models.Model):
    """A person's last export; somebody who has not exported has no row."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+"
    )
    embedding = models.CharField(max_length=8, default="keep", db_default="keep")
    # Empty for the usual names, whatever these are by then.
    name_template = models.CharField(max_length=200, blank=True, default="", db_default="")

    class Meta:
        app_label = "gallery"
        default_permissions: ClassVar = ()


def read_preferences(*, user_id: int) -> dict[str, bool]:
    """Read a person's choices, or the defaults. One query."""
    row = KeyPreferences.objects.filter(pk=user_id).first() or KeyPreferences()
    return row.as_dict()


def change_preferences(*, user_id: int, **chosen: bool) -> dict[str, bool]:
    """Store the given choices, leave the others as they are, and return all."""
    row, _ = KeyPreferences.objects.update_or_create(pk=user_id, defaults=chosen)
    return row.as_dict()


def read_export_preferences(*, user_id: int) -> dict[str, str]:
    """Read `embedding` and `name_template` of the last export, or the defaults. One query."""
    row = ExportPreferences.objects.filter(pk=user_id).first() or ExportPreferences()
    return {"embedding": row.embedding, "name_template": row.name_template}


def remember_export_preferences(*, user_id: int, embedding: str, name_template: str) -> None:
    """Store how somebody exports."""
    ExportPreferences.objects.update_or_create(
        pk=user_id, defaults={"embedding": embedding, "name_template": name_template}
    )
