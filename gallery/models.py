"""The library's rows: fields, constraints, indexes, and what one row knows of itself."""

import posixpath
from typing import ClassVar

from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .audit import AuditEntry
from .facts import MAX_SEED, derived
from .files import file_names
from .files.file_names import MAX_NAME
from .files.metadata.formats import OF_MEDIA_TYPE
from .files.pictures import current_version, thumbnail_address_version
from .history import RecordedChange
from .index.tables import Change, Posting, Segment
from .picture_sets import PictureSet
from .preferences import KeyPreferences
from .querysets import ImageQuerySet
from .soundness import MAX_MODEL_LENGTH, MAX_PROMPT_LENGTH
from .statistics import Addend, CountedIn
from .stored_searches import StoredSearch

__all__ = [
    "Addend",
    "AuditEntry",
    "Change",
    "CountedIn",
    "Image",
    "KeyPreferences",
    "PictureSet",
    "Posting",
    "RecordedChange",
    "RemovedRow",
    "Segment",
    "StoredSearch",
    "Tag",
]


class Tag(models.Model):
    """A name that people give to pictures. `key` is its folded form: `Ａ` and `a` are one tag."""

    name = models.CharField(_("name"), max_length=64)
    key = models.CharField(max_length=128, unique=True, editable=False)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering: ClassVar = ["key"]

    def __str__(self) -> str:
        return self.name


class Image(models.Model):
    """A picture: its file in the storage, its thumbnail, and what is known of it.

    `ingest.adding` creates rows and `removal` deletes them; both keep row, file, counters and
    search index consistent.
    """

    class Source(models.TextChoices):
        GENERATED = "generated", _("Generated")
        UPLOADED = "uploaded", _("Uploaded")
        IMPORTED = "imported", _("Imported")

    class PromptSource(models.TextChoices):
        """The origin of the prompt; empty if there is no prompt, or its origin is unknown."""

        REQUEST = "request", _("the request that made the picture")
        GIVEN = "given", _("given with the file")
        FILE = "file", _("read from the file")
        PERSON = "person", _("edited by a person")

    file = models.FileField(_("file"), max_length=200, unique=True)
    thumbnail = models.FileField(_("thumbnail"), max_length=200)
    # See `pictures.THUMBNAIL_VERSION`; rows of programs that do not know it have the first.
    thumbnail_version = models.PositiveSmallIntegerField(
        editable=False, default=current_version, db_default=1
    )
    content_type = models.CharField(_("media type"), max_length=32)
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    file_size = models.PositiveBigIntegerField(_("size"))
    content_hash = models.CharField(_("SHA-256"), max_length=64, db_index=True)
    upload_hash = models.CharField(max_length=64, null=True, editable=False)  # noqa: DJ001
    """`content_hash` of a file from outside, null for a generated one, so that the database itself
    refuses the same file twice."""
    color = models.CharField(_("mean colour"), max_length=7)
    file_name = models.CharField(
        _("original file name"), max_length=MAX_NAME, blank=True, default="", db_default=""
    )  # see `file_names.clean`; empty of a generated picture

    prompt = models.TextField(
        _("prompt"), blank=True, validators=[MaxLengthValidator(MAX_PROMPT_LENGTH)]
    )
    prompt_source = models.CharField(
        _("prompt from"), max_length=8, choices=PromptSource.choices, blank=True, default="",
        db_default="",
    )  # fmt: skip
    model = models.CharField(_("model"), max_length=MAX_MODEL_LENGTH, blank=True)
    aspect_ratio = models.CharField(_("aspect ratio"), max_length=16)
    source = models.CharField(_("source"), max_length=16, choices=Source.choices)
    metadata = models.JSONField(_("metadata"), default=dict, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    added_at = models.DateTimeField(_("added"), default=timezone.now, db_default=Now())
    updated_at = models.DateTimeField(_("changed"), default=timezone.now)

    favorite = models.BooleanField(_("favourite"), default=False)
    nsfw = models.BooleanField(_("sensitive"), default=False)
    trashed_at = models.DateTimeField(_("in the trash since"), null=True, blank=True)
    tags = models.ManyToManyField(Tag, verbose_name=_("tags"), related_name="images", blank=True)

    # Columns for searches, which `derive` computes from those above.
    prompt_folded = models.TextField(editable=False)
    file_name_folded = models.TextField(null=True, editable=False)  # noqa: DJ001
    negative_folded = models.TextField(null=True, editable=False)  # noqa: DJ001
    sampler_folded = models.TextField(null=True, editable=False)  # noqa: DJ001
    seed = models.CharField(max_length=MAX_SEED, null=True, editable=False)  # noqa: DJ001

    objects: ClassVar[ImageQuerySet] = ImageQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("image")
        verbose_name_plural = _("images")
        indexes: ClassVar = [
            models.Index(fields=["created_at", "id"], name="gallery_image_created"),
            models.Index(fields=["added_at", "id"], name="gallery_image_added"),
            models.Index(fields=["file_size", "id"], name="gallery_image_size"),
            models.Index(
                fields=["model", "aspect_ratio", "created_at", "id"], name="gallery_image_facets"
            ),
            models.Index(fields=["favorite", "created_at", "id"], name="gallery_image_favorite"),
            models.Index(fields=["trashed_at"], name="gallery_image_trashed"),
            models.Index(fields=["thumbnail_version"], name="gallery_image_thumbnail"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["upload_hash"], name="gallery_image_upload")
        ]

    def __str__(self) -> str:
        return self.filename

    def get_absolute_url(self) -> str:
        return f"{reverse('gallery:image_list')}?image={self.pk}"

    def derive(self) -> None:
        """Set the derived columns, which searches read, from the picture's other columns."""
        for name, value in derived(self.prompt, self.file_name, self.metadata).items():
            setattr(self, name, value)

    @property
    def filename(self) -> str:
        return posixpath.basename(self.file.name or "")

    @property
    def download_name(self) -> str:
        """The name of the file for a download: its own name, made safe, if it has one."""
        if not self.file_name:
            return self.filename
        return file_names.safe(self.file_name, OF_MEDIA_TYPE[self.content_type].suffixes)

    @property
    def thumbnail_v(self) -> str:
        """The value of `v` in its thumbnail's address, which may therefore be cached for ever."""
        return thumbnail_address_version(self.file.name or "", self.thumbnail_version)

    @property
    def is_trashed(self) -> bool:
        return self.trashed_at is not None

    @property
    def is_sample(self) -> bool:
        """Whether the built-in sample painter made it, not an image model."""
        return self.model.startswith("sample")


class RemovedRow(models.Model):
    """A copy of a row that clean-up removed because its file was gone, so that it can return."""

    removed_at = models.DateTimeField(_("removed"), default=timezone.now)
    image_id = models.BigIntegerField()
    file = models.CharField(_("file"), max_length=200)
    facts = models.JSONField(_("facts"))

    class Meta:
        verbose_name = _("removed row")
        verbose_name_plural = _("removed rows")

    def __str__(self) -> str:
        return self.file
