"""The library in Django's admin site. Every change goes through the same jobs as elsewhere."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import truncatechars
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from grok2api.runtime.exclusive import Busy

from . import audit, statistics
from .job_admin import JobAdmin
from .jobs import marking, removal, tagging
from .maintenance import cleanup
from .models import AuditEntry, Image, RemovedRow, Tag
from .search.filters import ImageFilter
from .templatetags.gallery_pages import file_size, thumbnail_address


class _CountedFilter(admin.SimpleListFilter):
    """Offer choices from the counters: listing a column's values would read every row."""

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> Iterable[tuple[str, str]]:
        if request.method == "POST":  # nobody looks at the choices
            return [] if (chosen := self.value()) is None else [(chosen, chosen)]
        return [(name, f"{name or '–'} ({count})") for name, count in self.counts()]

    def counts(self) -> list[tuple[str, int]]:
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        return queryset.filter(**{self.parameter_name or "": self.value()})


class ModelFilter(_CountedFilter):
    title = _("model")
    parameter_name = "model"

    def counts(self) -> list[tuple[str, int]]:
        return statistics.model_counts()


class AspectRatioFilter(_CountedFilter):
    title = _("aspect ratio")
    parameter_name = "aspect_ratio"

    def counts(self) -> list[tuple[str, int]]:
        return statistics.aspect_ratio_counts()


class TrashFilter(admin.SimpleListFilter):
    title = _("trash")
    parameter_name = "trash"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> Iterable[tuple[str, Any]]:
        return [("only", _("Only the trash"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Image]) -> QuerySet[Image]:
        return queryset.filter(trashed_at__isnull=self.value() != "only")


class ImageForm(forms.ModelForm[Image]):
    tag_names = forms.CharField(
        label=_("Tags"), required=False, help_text=_("Separated by commas."),
        widget=forms.TextInput(attrs={"size": 80}),
    )  # fmt: skip

    class Meta:
        model = Image
        fields = ("favorite", "nsfw")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk:
            image: Any = self.instance  # as `ImageAdmin.get_object` has read it
            self.initial["tag_names"] = ", ".join(image.tag_names)

    def clean_tag_names(self) -> list[str]:
        return tagging.clean_names(tagging.split_names(self.cleaned_data["tag_names"]))


@admin.register(Image)
class ImageAdmin(JobAdmin):
    form = ImageForm
    list_display = (
        "preview", "short_prompt", "model", "aspect_ratio", "pixels", "size", "tag_list",
        "favorite", "created_at",
    )  # fmt: skip
    list_display_links = ("preview", "short_prompt")
    list_filter = (ModelFilter, AspectRatioFilter, "favorite", "nsfw", "source", TrashFilter)
    list_per_page = 50
    search_fields = ("prompt",)
    search_help_text = _("Words of the prompt, or a tag")
    ordering = ("-created_at", "-id")
    actions = ("make_favorite", "move_to_trash", "restore_from_trash")
    fields = (
        "picture", "prompt", "tag_names", "favorite", "nsfw", "model", "aspect_ratio", "pixels",
        "size", "created_at", "added_at", "updated_at", "trashed_at", "source", "prompt_source",
        "file_name", "stored_as", "content_hash", "metadata",
    )  # fmt: skip
    readonly_fields = tuple(
        name for name in fields if name not in ("tag_names", "favorite", "nsfw")
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Image]:
        rows: QuerySet[Image] = super().get_queryset(request)
        rows = rows.defer("metadata")
        return rows if request.method == "POST" else rows.prefetch_related("tags")

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Image | None:
        """Fetch the picture and its tag names in one query."""
        rows = Image.objects.annotate(tag_name=F("tags__name")).order_by("tags__key")
        try:
            found: list[Any] = list(rows.filter(pk=object_id))
        except ValueError:
            return None
        for image in found[:1]:
            image.tag_names = [row.tag_name for row in found if row.tag_name is not None]
        return next(iter(found), None)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Image], search_term: str
    ) -> tuple[QuerySet[Image], bool]:
        if not search_term:
            return queryset, False
        filters = ImageFilter({"search": search_term}, Image.objects.all())
        if not filters.is_valid():
            return queryset.none(), False
        return queryset.filter(pk__in=filters.qs.order_by().values("pk")), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # pictures come in through the gallery, the API or a generation

    def save_model(self, request: HttpRequest, obj: Image, form: Any, change: bool) -> None:
        marking.edit_image(
            image_id=obj.pk,
            favorite=obj.favorite,
            nsfw=obj.nsfw,
            tags=form.cleaned_data["tag_names"],
        )

    def save_related(self, *args: Any, **options: Any) -> None:
        """Do nothing: `save_model` has saved the tags."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> list[LogEntry]:
        """Do nothing: the job writes into the audit log itself."""
        return []

    def delete_model(self, request: HttpRequest, obj: Image) -> None:
        removal.delete_images(image_ids=[obj.pk])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Image]) -> None:
        removal.delete_images(image_ids=[image.pk for image in queryset])

    @admin.action(description=_("Mark as favourite"), permissions=["change"])
    def make_favorite(self, request: HttpRequest, queryset: QuerySet[Image]) -> None:
        marking.mark_images(image_ids=list(queryset.values_list("pk", flat=True)), favorite=True)

    @admin.action(description=_("Move to the trash"), permissions=["delete"])
    def move_to_trash(self, request: HttpRequest, queryset: QuerySet[Image]) -> None:
        removal.trash_images(image_ids=list(queryset.values_list("pk", flat=True)))

    @admin.action(description=_("Restore from the trash"), permissions=["change"])
    def restore_from_trash(self, request: HttpRequest, queryset: QuerySet[Image]) -> None:
        removal.restore_images(image_ids=list(queryset.values_list("pk", flat=True)))

    @admin.display(description=_("Picture"))
    def preview(self, image: Image) -> SafeString:
        source = thumbnail_address(image)
        mark = "sensitive" if image.nsfw else ""
        return format_html(
            '<img class="{}" src="{}" alt="" height="64" loading="lazy">', mark, source
        )

    @admin.display(description=_("Picture"))
    def picture(self, image: Image) -> SafeString:
        return format_html(
            '<a href="{}"><img class="{}" src="{}" alt="" height="256"></a>',
            image.get_absolute_url(),
            "sensitive" if image.nsfw else "",
            thumbnail_address(image),
        )

    @admin.display(description=_("Prompt"))
    def short_prompt(self, image: Image) -> str:
        return truncatechars(image.prompt, 80) or "–"

    @admin.display(description=_("Pixels"))
    def pixels(self, image: Image) -> str:
        return f"{image.width} × {image.height}"

    @admin.display(description=_("Size"), ordering="file_size")
    def size(self, image: Image) -> str:
        return file_size(image.file_size)

    @admin.display(description=_("Tags"))
    def tag_list(self, image: Image) -> str:
        return ", ".join(tag.name for tag in image.tags.all())

    @admin.display(description=_("File"))
    def stored_as(self, image: Image) -> str:
        return image.file.name or ""


class TagForm(forms.ModelForm[Tag]):
    class Meta:
        model = Tag
        fields = ("name",)

    def clean_name(self) -> str:
        (name,) = tagging.clean_names([self.cleaned_data["name"]])
        return name


@admin.register(Tag)
class TagAdmin(JobAdmin):
    form = TagForm
    list_display = ("name", "image_count")
    search_fields = ("name", "key")
    list_per_page = 100

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        if request.method != "POST":
            self.counts = statistics.tag_counts()
        return super().get_queryset(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a tag exists because a picture has it

    def save_model(self, request: HttpRequest, obj: Tag, form: Any, change: bool) -> None:
        tag = tagging.rename_tag(tag_id=obj.pk, name=obj.name)
        obj.pk, obj.name = tag.pk, tag.name

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Log the change, unless the tag was merged into another one and is gone."""
        match = request.resolver_match
        if match is not None and str(obj.pk) == unquote(match.kwargs["object_id"]):
            super().log_change(request, obj, message)

    def delete_model(self, request: HttpRequest, obj: Tag) -> None:
        tagging.delete_tags(tag_ids=[obj.pk])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Tag]) -> None:
        tagging.delete_tags(tag_ids=[tag.pk for tag in queryset])

    @admin.display(description=_("Pictures"))
    def image_count(self, tag: Tag) -> int:
        return self.counts.get(tag.pk, 0)


@admin.register(RemovedRow)
class RemovedRowAdmin(admin.ModelAdmin[RemovedRow]):
    list_display = ("file", "image_id", "removed_at")
    readonly_fields = ("removed_at", "image_id", "file", "facts")
    actions = ("bring_back",)

    @admin.action(description=_("Restore those whose files exist again"), permissions=["change"])
    def bring_back(self, request: HttpRequest, queryset: QuerySet[RemovedRow]) -> None:
        try:
            report = cleanup.bring_back(rows=queryset)
        except Busy as error:
            self.message_user(request, _(str(error)), messages.ERROR)
            return
        self.message_user(
            request,
            _("%(done)d pictures were restored, %(failed)d were not.")
            % {"done": report.done, "failed": len(report.failed)},
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(admin.ModelAdmin[AuditEntry]):
    """The audit log, read-only."""

    list_display = ("at", "by", "action", "count")
    list_filter = ("action", "at")
    search_fields = ("actor",)
    date_hierarchy = "at"
    show_full_result_count = False

    @admin.display(description=_("by"), ordering="actor")
    def by(self, entry: AuditEntry) -> str:
        return audit.shown(entry.actor)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False


admin.site.site_header = "Grok2API Gallery"
admin.site.site_title = "Grok2API Gallery"
