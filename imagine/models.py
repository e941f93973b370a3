"""API keys, budgets, and every request that was made."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gallery.models import Image
from gallery.soundness import MAX_MODEL_LENGTH

if TYPE_CHECKING:
    from .limits import Allowance

LONGEST_SAID = 1000
"""Characters that are stored of an upstream's own words."""

LONGEST_GENERATION = timedelta(seconds=2 * settings.IMAGINE_TIMEOUT, minutes=5)


def dollars(label: Any) -> "models.DecimalField[Any, Any]":
    """Return a column of US dollars, exact to xAI's tick of 1/10,000,000,000."""
    return models.DecimalField(label, max_digits=18, decimal_places=10, null=True)


class ApiKey(models.Model):
    """A key for the APIs. Only its SHA-256 is stored; `keys.create_api_key` makes it."""

    whose = "API key"  # whose limits these are, in messages

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
    def has_counted_requests(self) -> bool:
        return self.requests_per_minute is not None or self.max_concurrent is not None

    def allows(self, model: str) -> bool:
        """Return whether the key may use this model; without a list it may use every one."""
        return not self.allowed_models or model in self.allowed_models


class UserBudget(models.Model):
    """The monthly budget of a user at the Imagine page. API keys do not count towards it."""

    whose = "user"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user"), related_name="budget"
    )
    monthly_budget_usd = models.DecimalField(
        _("US dollars per month"), max_digits=10, decimal_places=2, null=True, blank=True
    )

    class Meta:
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")

    def __str__(self) -> str:
        return "–" if self.monthly_budget_usd is None else f"${self.monthly_budget_usd}"

    @property
    def generations(self) -> "models.QuerySet[Generation]":
        """The generations that count towards it."""
        return Generation.objects.filter(user_id=self.user_id)


class GenerationQuerySet(models.QuerySet["Generation"]):
    """Queries on generations."""

    def running(self, now: datetime) -> "GenerationQuerySet":
        """Keep those under way that are not older than any can be, whatever their rows say."""
        since = now - LONGEST_GENERATION
        began = Q(started_at=None, created_at__gt=since) | Q(started_at__gt=since)
        return self.filter(began, status=Generation.Status.PENDING)

    def abandoned(self, now: datetime) -> "GenerationQuerySet":
        """Keep those that were begun by a program that is gone."""
        until = now - LONGEST_GENERATION
        began = Q(started_at=None, created_at__lte=until) | Q(started_at__lte=until)
        return self.filter(began, status=Generation.Status.PENDING)

    def unfinished(self, now: datetime) -> "GenerationQuerySet":
        """Keep those that run or wait for their turn: what a key's limits count."""
        return self.running(now) | self.filter(status=Generation.Status.QUEUED)

    def of(self, key: "ApiKey | None", user: Any) -> "GenerationQuerySet":
        """Keep those of this caller."""
        return self.filter(key=key) if key is not None else self.filter(key=None, user=user)


class Generation(models.Model):
    """One request for pictures: written before the upstream is called, finished after.

    It is also a task: its caller may collect the pictures later by `task_id`.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        PENDING = "pending", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        PARTIAL = "partial", _("Partly succeeded")
        FAILED = "failed", _("Failed")
        INTERRUPTED = "interrupted", _("Interrupted")
        CANCELLED = "cancelled", _("Cancelled")

    UNFINISHED: ClassVar = (Status.QUEUED, Status.PENDING)

    class Operation(models.TextChoices):
        GENERATE = "generate", _("Generation")
        EDIT = "edit", _("Editing")

    class CostBasis(models.TextChoices):
        UPSTREAM = "upstream", _("reported by the upstream")
        COMPUTED = "computed", _("computed from the price book")
        UNKNOWN = "unknown", _("unknown")

    operation = models.CharField(
        _("operation"), max_length=16, choices=Operation.choices, default=Operation.GENERATE
    )
    status = models.CharField(
        _("status"), max_length=16, choices=Status.choices, default=Status.PENDING
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True)  # of one that waited; else None
    finished_at = models.DateTimeField(_("finished"), null=True)
    served_by = models.CharField(max_length=100)  # the address of the program that runs it
    # 128 random bits; rows of before have none.
    task_id = models.CharField(  # noqa: DJ001
        _("task"), max_length=32, null=True, unique=True, editable=False
    )

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
    model = models.CharField(_("model"), max_length=MAX_MODEL_LENGTH)
    prompt = models.TextField(_("prompt"))
    n = models.PositiveSmallIntegerField(_("pictures requested"))
    aspect_ratio = models.CharField(_("aspect ratio"), max_length=16, blank=True)
    parameters = models.JSONField(_("parameters"), default=dict)
    # What else is needed to begin it later, and to answer it then.
    errand = models.JSONField(null=True)

    # Identifies a repeated request: a hash of caller and Idempotency-Key.
    idempotency_key = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001
    fingerprint = models.CharField(max_length=64, blank=True)

    upstream_status = models.PositiveSmallIntegerField(_("upstream's HTTP status"), null=True)
    error_status = models.PositiveSmallIntegerField(_("HTTP status returned"), null=True)
    error_type = models.CharField(_("error type"), max_length=64, blank=True)
    error_code = models.CharField(_("error code"), max_length=64, blank=True)
    error_param = models.CharField(max_length=64, blank=True, default="", db_default="")
    error_message = models.TextField(_("error"), blank=True)
    # The upstream's own words, without secrets; the client may not have been told.
    upstream_said = models.CharField(
        _("the upstream says"), max_length=LONGEST_SAID, blank=True, default="", db_default=""
    )
    upstream_ms = models.PositiveIntegerField(_("upstream, ms"), null=True)
    storing_ms = models.PositiveIntegerField(_("storing, ms"), null=True)
    cost_usd = dollars(_("cost, US dollars"))  # None: not known (yet)
    cost_basis = models.CharField(
        _("cost is"),
        max_length=16,
        choices=CostBasis.choices,
        default=CostBasis.UNKNOWN,
        db_default=CostBasis.UNKNOWN,
    )
    # The most that it may cost. It counts against budgets as long as `cost_usd` is not known.
    reserved_usd = dollars(_("at most, US dollars"))
    usage = models.JSONField(_("tokens"), default=dict)
    images: "models.ManyToManyField[Image, Any]" = models.ManyToManyField(
        Image, verbose_name=_("images"), related_name="generations"
    )

    parents: "models.ManyToManyField[Image, Any]" = models.ManyToManyField(
        Image, verbose_name=_("edited images"), related_name="edits"
    )

    objects: ClassVar[GenerationQuerySet] = GenerationQuerySet.as_manager()  # type: ignore[assignment]

    # What its key may still request, known to whoever has just begun it.
    allowance: "Allowance | None" = None

    class Meta:
        verbose_name = _("generation")
        verbose_name_plural = _("generations")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["status", "served_by"], name="imagine_gen_status"),
            models.Index(fields=["created_at"], name="imagine_gen_created"),
            models.Index(fields=["key", "created_at"], name="imagine_gen_key"),
            models.Index(fields=["user", "created_at"], name="imagine_gen_user"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.prompt[:60]}"

    def is_unfinished(self, now: datetime) -> bool:
        """Return whether it is one of the query set's `unfinished`."""
        if self.status == self.Status.QUEUED:
            return True
        began = self.started_at or self.created_at
        return self.status == self.Status.PENDING and began > now - LONGEST_GENERATION


class Webhook(models.Model):
    """Where to report the end of a task; the rows are the list of what is due.

    It is due from `due_at` on, once its generation has ended.
    """

    generation = models.OneToOneField(Generation, models.CASCADE, related_name="webhook")
    url = models.CharField(max_length=2000)
    due_at = models.DateTimeField(null=True, default=timezone.now)  # None: told, or given up
    attempts = models.PositiveSmallIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=200, blank=True)  # of the last attempt

    class Meta:
        indexes: ClassVar = [models.Index(fields=["due_at"], name="imagine_webhook_due")]

    def __str__(self) -> str:
        return self.url


class Quarantined(models.Model):
    """Something that was paid for and is not in the library: a link, or bytes."""

    generation = models.ForeignKey(
        Generation, models.CASCADE, verbose_name=_("generation"), related_name="quarantined"
    )
    index = models.PositiveSmallIntegerField(_("picture"))  # from 0 to n - 1
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    link = models.TextField(_("link"), blank=True)
    file = models.CharField(_("file"), max_length=200, blank=True)  # its name in the storage
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    content_type = models.CharField(_("media type"), max_length=100, blank=True)
    model = models.CharField(_("model"), max_length=MAX_MODEL_LENGTH, blank=True)
    revised_prompt = models.TextField(blank=True)
    reason = models.CharField(_("why"), max_length=LONGEST_SAID, blank=True)
    attempts = models.PositiveIntegerField(_("tried again"), default=0)

    class Meta:
        verbose_name = _("picture in quarantine")
        verbose_name_plural = _("pictures in quarantine")
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"#{self.generation_id} · {self.index + 1}"


class UpstreamNotice(models.Model):
    """The last thing that an upstream said about one of our keys."""

    class Event(models.TextChoices):
        REFUSED = "refused", _("refused")
        LIMITED = "limited", _("rate-limited")
        NO_CREDIT = "no_credit", _("without credit")

    upstream = models.CharField(_("upstream"), max_length=200)
    key_prefix = models.CharField(_("key begins with"), max_length=12, blank=True)
    event = models.CharField(_("event"), max_length=16, choices=Event.choices)
    happened_at = models.DateTimeField(_("when"))
    until = models.DateTimeField(_("paused until"))
    said = models.CharField(
        _("it says"), max_length=LONGEST_SAID, blank=True, default="", db_default=""
    )

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
