"""Who may ask for pictures, and every request that was made."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gallery.models import Image


class ApiKey(models.Model):
    """A key for the APIs. Only its SHA-256 is kept; `keys.create_api_key` makes it."""

    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("begins with"), max_length=12, editable=False)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_active(self) -> bool:
        expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.revoked_at is None and not expired


class Generation(models.Model):
    """One request for pictures: written before the upstream is called, finished after."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        PARTIAL = "partial", _("Partly succeeded")
        FAILED = "failed", _("Failed")
        INTERRUPTED = "interrupted", _("Interrupted")

    class Operation(models.TextChoices):
        GENERATE = "generate", _("Generation")
        EDIT = "edit", _("Editing")

    operation = models.CharField(
        _("operation"), max_length=16, choices=Operation.choices, default=Operation.GENERATE
    )
    status = models.CharField(
        _("status"), max_length=16, choices=Status.choices, default=Status.PENDING
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True)
    served_by = models.CharField(max_length=100)  # the address of the program that runs it

    key = models.ForeignKey(
        ApiKey, models.SET_NULL, verbose_name=_("API key"), related_name="generations", null=True
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("user"),
        related_name="generations",
        null=True,
    )
    client = models.CharField(_("client"), max_length=200, blank=True)

    provider = models.CharField(_("provider"), max_length=32)
    model = models.CharField(_("model"), max_length=100)
    prompt = models.TextField(_("prompt"))
    n = models.PositiveSmallIntegerField(_("pictures asked for"))
    aspect_ratio = models.CharField(_("aspect ratio"), max_length=16, blank=True)
    parameters = models.JSONField(_("parameters"), default=dict)

    upstream_status = models.PositiveSmallIntegerField(_("upstream's HTTP status"), null=True)
    error_type = models.CharField(_("error type"), max_length=64, blank=True)
    error_code = models.CharField(_("error code"), max_length=64, blank=True)
    error_message = models.TextField(_("error"), blank=True)
    upstream_ms = models.PositiveIntegerField(_("upstream, ms"), null=True)
    storing_ms = models.PositiveIntegerField(_("storing, ms"), null=True)
    cost_usd = models.DecimalField(
        _("cost, US dollars"), max_digits=12, decimal_places=6, null=True
    )
    images: "models.ManyToManyField[Image, Any]" = models.ManyToManyField(
        Image, verbose_name=_("images"), related_name="generations"
    )

    parents: "models.ManyToManyField[Image, Any]" = models.ManyToManyField(
        Image, verbose_name=_("edited images"), related_name="edits"
    )

    class Meta:
        verbose_name = _("generation")
        verbose_name_plural = _("generations")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["status", "served_by"], name="imagine_gen_status"),
            models.Index(fields=["created_at"], name="imagine_gen_created"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.prompt[:60]}"
