"""API keys and generations in Django's admin site."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from gallery.templatetags.gallery_pages import thumbnail_address

from . import keys, quarantine_admin
from .models import ApiKey, Generation, UpstreamNotice, UserBudget

__all__ = ["ApiKeyAdmin", "GenerationAdmin", "UpstreamNoticeAdmin", "quarantine_admin"]


class ModelNames(forms.CharField):
    """A list of model ids, separated by commas."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        names = [name.strip() for name in super().clean(value).split(",")]
        return [name for name in names if name]


class ApiKeyForm(forms.ModelForm[ApiKey]):
    allowed_models = ModelNames(
        label=_("Allowed models"),
        required=False,
        help_text=_("Separated by commas; empty for all."),
        widget=forms.TextInput(attrs={"size": 60}),
    )

    class Meta:
        model = ApiKey
        fields = (
            "name", "expires_at", "allowed_models", "requests_per_minute", "max_concurrent",
            "monthly_budget_usd",
        )  # fmt: skip

    def clean_expires_at(self) -> Any:
        moment = self.cleaned_data["expires_at"]
        if moment and not 1000 <= moment.year <= 9998:  # in UTC some databases have no such day
            raise forms.ValidationError(self.fields["expires_at"].error_messages["invalid"])
        return moment


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin[ApiKey]):
    """A key is shown once, when it is made; it can be revoked but not deleted."""

    form = ApiKeyForm
    list_display = (
        "name", "starts_with", "active", "created_at", "last_used_at", "expires_at", "limits",
    )  # fmt: skip
    search_fields = ("name", "prefix")
    fields = ApiKeyForm.Meta.fields
    actions = ("revoke",)

    @admin.display(description=_("key"), ordering="prefix")
    def starts_with(self, key: ApiKey) -> SafeString:
        return format_html("<code>{}…</code>", key.prefix)

    @admin.display(description=_("limits"))
    def limits(self, key: ApiKey) -> str:
        said = [
            f"{key.requests_per_minute}/min" if key.requests_per_minute is not None else "",
            f"{key.max_concurrent} ∥" if key.max_concurrent is not None else "",
            f"${key.monthly_budget_usd}" if key.monthly_budget_usd is not None else "",
            ", ".join(key.allowed_models),
        ]
        return " · ".join(filter(None, said)) or "–"

    @admin.display(description=_("active"), boolean=True)
    def active(self, key: ApiKey) -> bool:
        return key.is_active

    @admin.action(description=_("Revoke the selected keys"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: "models.QuerySet[ApiKey]") -> None:
        count = keys.revoke(list(queryset.values_list("pk", flat=True)))
        text = ngettext("%(count)d key was revoked.", "%(count)d keys were revoked.", count)
        self.message_user(request, text % {"count": count})

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            keys.change_key(obj, self.fields)
            return
        facts = {name: getattr(obj, name) for name in ApiKeyForm.Meta.fields}
        made, secret = keys.create_api_key(**facts)
        obj.pk, obj.prefix, obj.created_at = made.pk, made.prefix, made.created_at
        text = _("Copy the key now, it is not shown again: {secret}")
        self.message_user(
            request,
            format_html(str(text), secret=format_html("<code>{}</code>", secret)),
            messages.WARNING,
        )

    def has_delete_permission(
        self,
        request: HttpRequest,
        obj: ApiKey | None = None,
    ) -> bool:
        return False


class BudgetInline(admin.StackedInline[UserBudget, User]):
    """A user's monthly budget; empty means no limit."""

    model = UserBudget
    can_delete = False

    def get_formset(self, request: HttpRequest, obj: User | None = None, **options: Any) -> Any:
        """Limit the formset to its one form, however many the request claims."""
        formset = super().get_formset(request, obj, **options)
        formset.absolute_max = formset.max_num
        return formset


admin.site.unregister(User)


@admin.register(User)
class UserWithBudgetAdmin(UserAdmin[User]):
    """Django's page of a user, with the budget."""

    inlines = (BudgetInline,)


@admin.register(UpstreamNotice)
class UpstreamNoticeAdmin(admin.ModelAdmin[UpstreamNotice]):
    """The latest thing that upstreams said about each of our keys."""

    list_display = ("key_prefix", "upstream", "event", "said", "happened_at", "until")
    list_filter = ("event", "upstream")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: UpstreamNotice | None = None
    ) -> bool:
        return False


@admin.register(Generation)
class GenerationAdmin(admin.ModelAdmin[Generation]):
    """All requests for pictures: who, what, how long, at what cost, and why they failed."""

    list_display = (
        "created_at", "short_prompt", "model", "made", "cost", "error_code", "status", "who",
        "seconds",
    )  # fmt: skip
    fields = (
        "status", "created_at", "finished_at", "key", "user", "client", "provider", "model",
        "prompt", "n", "aspect_ratio", "parameters", "again", "pictures", "upstream_status",
        "error_type", "error_code", "error_message", "upstream_said", "upstream_ms", "storing_ms",
        "cost", "cost_basis", "reserved_usd",
    )  # fmt: skip
    list_filter = (
        "status", "operation", "provider", "model", "error_code", "cost_basis", "key", "created_at",
    )  # fmt: skip
    list_select_related = ("key", "user")
    search_fields = ("prompt", "error_message", "client")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Generation]":
        # A subquery, not a join, so that filters and totals read one table.
        links = Generation.images.through.objects.filter(generation_id=models.OuterRef("pk"))
        counts = links.values("generation_id").annotate(count=models.Count("pk")).values("count")
        return super().get_queryset(request).annotate(image_count=models.Subquery(counts))

    @admin.display(description=_("prompt"), ordering="prompt")
    def short_prompt(self, generation: Generation) -> str:
        return f"{generation.prompt[:80]}…" if len(generation.prompt) > 80 else generation.prompt

    @admin.display(description=_("pictures"), ordering="n")
    def made(self, generation: Any) -> str:
        """Show how many pictures are stored, of how many requested."""
        return f"{generation.image_count or 0}/{generation.n}"

    @admin.display(description=_("US$"), ordering="cost_usd")
    def cost(self, generation: Generation) -> str:
        """Show the cost without trailing zeros; an unknown cost is not zero."""
        cost = generation.cost_usd
        if cost is None:
            return str(generation.CostBasis.UNKNOWN.label)
        return f"{cost.normalize():f}"

    @admin.display(description=_("seconds"), ordering="upstream_ms")
    def seconds(self, generation: Generation) -> str:
        """Show the time from the request to the last stored picture."""
        parts = [generation.upstream_ms, generation.storing_ms]
        known = [part for part in parts if part is not None]
        return f"{sum(known) / 1000:.1f}" if known else "–"

    @admin.display(description=_("by"))
    def who(self, generation: Generation) -> str:
        return str(generation.key or generation.user or "—")

    @admin.display(description=_("once more"))
    def again(self, generation: Generation) -> SafeString:
        """Link to the Imagine page, filled in with the same request."""
        parents = [parent.pk for parent in generation.parents.all()]
        query: dict[str, int | list[int]] = {"generation": generation.pk, "edit": parents}
        address = f"{reverse('imagine:imagine')}?{urlencode(query, doseq=True)}"
        return format_html('<a href="{}">{}</a>', address, _("Generate again"))

    @admin.display(description=_("pictures"))
    def pictures(self, generation: Generation) -> SafeString:
        links = [
            format_html(
                '<a href="{}"><img class="{}" src="{}" width="120" alt="{}"></a> ',
                image.get_absolute_url(),
                "sensitive" if image.nsfw else "",
                thumbnail_address(image),
                image.filename,
            )
            for image in generation.images.defer("metadata")
        ]
        return format_html_join("", "{}", ((link,) for link in links)) or SafeString("—")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self,
        request: HttpRequest,
        obj: Generation | None = None,
    ) -> bool:
        return False

    def has_delete_permission(
        self,
        request: HttpRequest,
        obj: Generation | None = None,
    ) -> bool:
        return False
