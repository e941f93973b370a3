"""API keys and generations in Django's admin site."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from . import keys
from .models import ApiKey, Generation, UpstreamNotice


class ModelNames(forms.CharField):
    """A list of model ids, written with commas."""

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
    """A key is shown once, when it is made; it is revoked and never deleted."""

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


@admin.register(UpstreamNotice)
class UpstreamNoticeAdmin(admin.ModelAdmin[UpstreamNotice]):
    """What upstreams said of our keys for them, the latest of each."""

    list_display = ("key_prefix", "upstream", "event", "happened_at", "until")
    list_filter = ("event", "upstream")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: UpstreamNotice | None = None
    ) -> bool:
        return False


LONGEST_IN_ADDRESS = 4000
"""Characters of a prompt: servers refuse addresses that are much longer."""


@admin.register(Generation)
class GenerationAdmin(admin.ModelAdmin[Generation]):
    """Every request for pictures: who, what, how long, at what cost, and why it failed."""

    list_display = (
        "created_at", "operation", "status", "short_prompt", "model", "n", "stored", "who",
        "upstream_ms", "storing_ms", "cost_usd", "error_code",
    )  # fmt: skip
    fields = (
        "status", "created_at", "finished_at", "key", "user", "client", "provider", "model",
        "prompt", "n", "aspect_ratio", "parameters", "again", "pictures", "upstream_status",
        "error_type", "error_code", "error_message", "upstream_ms", "storing_ms", "cost_usd",
    )  # fmt: skip
    list_filter = ("status", "operation", "provider", "model", "error_code", "key", "created_at")
    list_select_related = ("key", "user")
    search_fields = ("prompt", "error_message", "client")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Generation]":
        # Counted beside the rows, not joined to them: filters and totals then ask one table.
        links = Generation.images.through.objects.filter(generation_id=models.OuterRef("pk"))
        counts = links.values("generation_id").annotate(count=models.Count("pk")).values("count")
        return super().get_queryset(request).annotate(image_count=models.Subquery(counts))

    @admin.display(description=_("prompt"), ordering="prompt")
    def short_prompt(self, generation: Generation) -> str:
        return f"{generation.prompt[:80]}…" if len(generation.prompt) > 80 else generation.prompt

    @admin.display(description=_("pictures"))
    def stored(self, generation: Any) -> Any:
        return generation.image_count or 0

    @admin.display(description=_("by"))
    def who(self, generation: Generation) -> str:
        return str(generation.key or generation.user or "—")

    @admin.display(description=_("once more"))
    def again(self, generation: Generation) -> SafeString:
        """A link to the Imagine page that asks for the same."""
        query: dict[str, str | int | list[int]] = {
            "prompt": generation.prompt[:LONGEST_IN_ADDRESS],
            "aspect_ratio": generation.aspect_ratio,
            "n": generation.n,
            "model": generation.model,
            "edit": [parent.pk for parent in generation.parents.all()],
        }
        address = f"{reverse('imagine:imagine')}?{urlencode(query, doseq=True)}"
        return format_html('<a href="{}">{}</a>', address, _("Generate again"))

    @admin.display(description=_("pictures"))
    def pictures(self, generation: Generation) -> SafeString:
        links = [
            format_html(
                '<a href="{}"><img class="{}" src="{}" width="120" alt="{}"></a> ',
                image.get_absolute_url(),
                "sensitive" if image.nsfw else "",
                reverse("api:image-thumbnail", args=[image.pk]),
                image.filename,
            )
            for image in generation.images.all()
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
