"""The library's rows: fields, constraints, indexes, and what one row knows of itself."""

import posixpath
from typing import ClassVar

from django.core.validators import MaxLengthValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .audit import AuditEntry
from .querysets import ImageQuerySet, TagQuerySet
from .search.tables import Change, Posting, Segment
from .statistics import Addend, CountedIn

__all__ = [
    "MAX_PROMPT_LENGTH",
    "Addend",
    "AuditEntry",
    "Change",
    "CountedIn",
    "Image",
    "Posting",
    "RemovedRow",
    "Segment",
    "Tag",
]

MAX_PROMPT_LENGTH = 32_000
"""Characters: the longest prompt that OpenAI's image models take."""


class Tag(models.Model):
    """A name that people give to pictures. `key` is the folded name: `Ａ` and `a` are one tag."""

    name = models.CharField(_("name"), max_length=64)
    key = models.CharField(max_length=128, unique=True, editable=False)

    objects: ClassVar[TagQuerySet] = TagQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering: ClassVar = ["key"]

    def __str__(self) -> str:
        return self.name


class Image(models.Model):
    """One picture: a whole file in the storage, its thumbnail, and what is known of it.

    Rows are made by `ingest.add_image` and removed by `removal`; both keep row, file, counters
    and search index together.
    """

    class Source(models.TextChoices):
        GENERATED = "generated", _("Generated")
        UPLOADED = "uploaded", _("Uploaded")
        IMPORTED = "imported", _("Imported")

    file = models.FileField(_("file"), max_length=200, unique=True)
    thumbnail = models.FileField(_("thumbnail"), max_length=200)
    content_type = models.CharField(_("media type"), max_length=32)
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    file_size = models.PositiveBigIntegerField(_("size"))
    content_hash = models.CharField(_("SHA-256"), max_length=64, db_index=True)
    upload_hash = models.CharField(max_length=64, null=True, editable=False)  # noqa: DJ001
    """`content_hash` of a file taken in from outside, null of a generated one: the database
    itself sees to it that the same file is not taken in twice."""
    color = models.CharField(_("mean colour"), max_length=7)

    prompt = models.TextField(
        _("prompt"), blank=True, validators=[MaxLengthValidator(MAX_PROMPT_LENGTH)]
    )
    prompt_folded = models.TextField(editable=False)
    model = models.CharField(_("model"), max_length=100, blank=True)
    aspect_ratio = models.CharField(_("aspect ratio"), max_length=16)
    source = models.CharField(_("source"), max_length=16, choices=Source.choices)
    metadata = models.JSONField(_("metadata"), default=dict, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    updated_at = models.DateTimeField(_("changed"), default=timezone.now)

    favorite = models.BooleanField(_("favourite"), default=False)
    nsfw = models.BooleanField(_("sensitive"), default=False)
    trashed_at = models.DateTimeField(_("in the trash since"), null=True, blank=True)
    tags = models.ManyToManyField(Tag, verbose_name=_("tags"), related_name="images", blank=True)

    objects: ClassVar[ImageQuerySet] = ImageQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("image")
        verbose_name_plural = _("images")
        indexes: ClassVar = [
            models.Index(fields=["created_at", "id"], name="gallery_image_created"),
            models.Index(fields=["file_size", "id"], name="gallery_image_size"),
            models.Index(
                fields=["model", "aspect_ratio", "created_at", "id"], name="gallery_image_facets"
            ),
            models.Index(fields=["favorite", "created_at", "id"], name="gallery_image_favorite"),
            models.Index(fields=["trashed_at"], name="gallery_image_trashed"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["upload_hash"], name="gallery_image_upload")
        ]

    def __str__(self) -> str:
        return self.filename

    def get_absolute_url(self) -> str:
        return f"{reverse('gallery:image_list')}?image={self.pk}"

    @property
    def filename(self) -> str:
        return posixpath.basename(self.file.name or "")

    @property
    def is_trashed(self) -> bool:
        return self.trashed_at is not None

    @property
    def is_sample(self) -> bool:
        """Painted by the built-in sample painter, not by an image model."""
        return self.model.startswith("sample")


class RemovedRow(models.Model):
    """A copy of a row that clean-up removed because its file was gone, to bring it back from."""

    removed_at = models.DateTimeField(_("removed"), default=timezone.now)
    image_id = models.BigIntegerField()
    file = models.CharField(_("file"), max_length=200)
    facts = models.JSONField(_("facts"))

    class Meta:
        verbose_name = _("removed row")
        verbose_name_plural = _("removed rows")

    def __str__(self) -> str:
        return self.file
