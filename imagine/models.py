"""Who may ask for pictures, and every request that was made."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gallery.models import Image

LONGEST_GENERATION = timedelta(seconds=2 * settings.IMAGINE_TIMEOUT, minutes=5)


class ApiKey(models.Model):
    """A key for the APIs. Only its SHA-256 is kept; `keys.create_api_key` makes it."""

    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("begins with"), max_length=12, editable=False)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)

    allowed_models = models.JSONField(_("allowed models"), default=list, blank=True)
    requests_per_minute = models.PositiveIntegerField(
        _("requests per minute"), null=True, blank=True
    )
    max_concurrent = models.PositiveIntegerField(_("requests at once"), null=True, blank=True)
    monthly_budget_usd = models.DecimalField(
        _("US dollars per month"), max_digits=10, decimal_places=2, null=True, blank=True
    )

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

    @property
    def is_limited(self) -> bool:
        limits = (self.requests_per_minute, self.max_concurrent, self.monthly_budget_usd)
        return any(limit is not None for limit in limits)

    def allows(self, model: str) -> bool:
        """Whether the key may ask for this model; without a list it may ask for every one."""
        return not self.allowed_models or model in self.allowed_models


class GenerationQuerySet(models.QuerySet["Generation"]):
    """Reads over many generations."""

    def running(self, now: datetime) -> "GenerationQuerySet":
        """Under way; one that is older than any can be is not, whatever its row says."""
        return self.filter(
            status=Generation.Status.PENDING, created_at__gt=now - LONGEST_GENERATION
        )

    def abandoned(self, now: datetime) -> "GenerationQuerySet":
        """Begun by a program that is gone."""
        return self.filter(
            status=Generation.Status.PENDING, created_at__lte=now - LONGEST_GENERATION
        )


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

    # What a repeated request is known by: the client's Idempotency-Key within its caller, hashed.
    idempotency_key = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001
    fingerprint = models.CharField(max_length=64, blank=True)

    upstream_status = models.PositiveSmallIntegerField(_("upstream's HTTP status"), null=True)
    error_type = models.CharField(_("error type"), max_length=64, blank=True)
    error_code = models.CharField(_("error code"), max_length=64, blank=True)
    error_message = models.TextField(_("error"), blank=True)
    upstream_ms = models.PositiveIntegerField(_("upstream, ms"), null=True)
    storing_ms = models.PositiveIntegerField(_("storing, ms"), null=True)
    cost_usd = models.DecimalField(
        _("cost, US dollars"), max_digits=12, decimal_places=6, null=True
    )
    usage = models.JSONField(_("tokens"), default=dict)
    images: "models.ManyToManyField[Image, Any]" = models.ManyToManyField(
        Image, verbose_name=_("images"), related_name="generations"
    )

    parents: "models.ManyToManyField[Image, Any]" = models.ManyToManyField(
        Image, verbose_name=_("edited images"), related_name="edits"
    )

    objects: ClassVar[GenerationQuerySet] = GenerationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("generation")
        verbose_name_plural = _("generations")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["status", "served_by"], name="imagine_gen_status"),
            models.Index(fields=["created_at"], name="imagine_gen_created"),
            models.Index(fields=["key", "created_at"], name="imagine_gen_key"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.prompt[:60]}"


class UpstreamNotice(models.Model):
    """The last thing that an upstream said of one of our keys for it."""

    class Event(models.TextChoices):
        REFUSED = "refused", _("refused")
        LIMITED = "limited", _("limited in its rate")

    upstream = models.CharField(_("upstream"), max_length=200)
    key_prefix = models.CharField(_("key begins with"), max_length=12, blank=True)
    event = models.CharField(_("event"), max_length=16, choices=Event.choices)
    happened_at = models.DateTimeField(_("when"))
    until = models.DateTimeField(_("left alone until"))

    class Meta:
        verbose_name = _("upstream key")
        verbose_name_plural = _("upstream keys")
        ordering: ClassVar = ["-happened_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["upstream", "key_prefix"], name="imagine_one_notice_per_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.key_prefix}… · {self.get_event_display()}"
