"""What each person has chosen about keyboard and exports; it goes wherever they log in."""

from typing import ClassVar

from django.conf import settings
from django.db import models

CHOICES = ("single_keys", "ask_to_trash")


class KeyPreferences(models.Model):
    """One row for each person who has chosen something; who has none has the defaults."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+"
    )
    # Letters, digits and signs that act without Ctrl: speech input presses them unasked.
    single_keys = models.BooleanField(default=True, db_default=True)
    # Whether the Delete key asks before it moves pictures to the trash.
    ask_to_trash = models.BooleanField(default=False, db_default=False)

    class Meta:
        app_label = "gallery"
        default_permissions: ClassVar = ()

    def as_dict(self) -> dict[str, bool]:
        return {name: getattr(self, name) for name in CHOICES}


class ExportPreferences(models.Model):
    """How a person has exported last; who has not has no row."""

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
    """What the person has chosen, and the defaults of all else. One query."""
    row = KeyPreferences.objects.filter(pk=user_id).first() or KeyPreferences()
    return row.as_dict()


def change_preferences(*, user_id: int, **chosen: bool) -> dict[str, bool]:
    """Keep what is chosen, and leave the rest as it is; answers all."""
    row, _ = KeyPreferences.objects.update_or_create(pk=user_id, defaults=chosen)
    return row.as_dict()


def read_export_preferences(*, user_id: int) -> dict[str, str]:
    """`embedding` and `name_template` of the last export, or the defaults. One query."""
    row = ExportPreferences.objects.filter(pk=user_id).first() or ExportPreferences()
    return {"embedding": row.embedding, "name_template": row.name_template}


def remember_export_preferences(*, user_id: int, embedding: str, name_template: str) -> None:
    """Keep how somebody exports."""
    ExportPreferences.objects.update_or_create(
        pk=user_id, defaults={"embedding": embedding, "name_template": name_template}
    )
