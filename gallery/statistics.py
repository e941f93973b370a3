"""Keeps the counters behind the statistic cards, exact at every moment.

A counter is the sum of its addends: deltas that whoever changes pictures appends in the same
transaction, so no two writers wait for one row. Now and then they are compacted into fewer rows,
which changes no sum.
"""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.apps import apps
from django.db import models, transaction
from django.utils import timezone

from grok2api.runtime import snapshot
from grok2api.runtime.background import Background
from grok2api.sql.statements import Insert

from .facts import ImageFacts

COMPACT_EVERY = 500
"""Compact when the addends' ids pass a multiple of this."""


class Addend(models.Model):
    """A delta of one counter: `images` and `bytes` may be negative."""

    class Kind(models.TextChoices):
        DAY = "day"  # key: local date, 2026-11-25
        FACET = "facet"  # key: model, newline, aspect ratio
        TAG = "tag"  # key: id of the tag

    kind = models.CharField(max_length=8, choices=Kind.choices)
    key = models.CharField(max_length=160)
    images = models.BigIntegerField()
    bytes = models.BigIntegerField()

    class Meta:
        app_label = "gallery"
        default_permissions = ()
        indexes = [models.Index(fields=["kind", "key"], name="gallery_addend_counter")]


_append = Insert(Addend, "kind", "key", "images", "bytes")


class CountedIn(models.Model):
    """One row: the time zone whose days are counted, and how often the counters were corrected."""

    time_zone = models.CharField(max_length=64)
    generation = models.BigIntegerField(default=0)

    class Meta:
        app_label = "gallery"
        default_permissions = ()


Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Total:
    """A counter's value: pictures, and the bytes of their files."""

    images: int
    bytes: int


def record(*, before: Iterable[ImageFacts], after: Iterable[ImageFacts]) -> None:
    """Append the deltas of a change of pictures, inside its transaction."""
    images: Tally[Key] = Tally()
    size: Tally[Key] = Tally()
    for sign, pictures in ((-1, before), (1, after)):
        for facts in pictures:
            for key in _keys(facts):
                images[key] += sign
                size[key] += sign * facts.file_size
    rows = [
        (kind, key, images[kind, key], size[kind, key])
        for kind, key in sorted(images)
        if images[kind, key] or size[kind, key]
    ]
    if not rows:
        return
    last = _append.rows(rows)
    if last is None or last % COMPACT_EVERY < len(rows):
        transaction.on_commit(compaction.start, robust=True)


@snapshot.remembered
def totals(*kinds: Addend.Kind) -> dict[Key, Total]:
    """Return the counters of these kinds (of all, by default) that are not zero. One query."""
    if kinds and snapshot.is_open():  # other callers in this answer need other kinds
        return {key: total for key, total in totals().items() if key[0] in kinds}
    addends = Addend.objects.filter(kind__in=kinds) if kinds else Addend.objects.all()
    return {
        (kind, key): Total(images, size)
        for kind, key, images, size in addends.order_by()
        .values_list("kind", "key")
        .annotate(models.Sum("images"), models.Sum("bytes"))
        if images or size
    }


def compact(limit: int = 10_000) -> None:
    """Replace up to `limit` addends by one for each counter, which changes no sum."""
    with transaction.atomic():
        features = transaction.get_connection().features
        rows = Addend.objects.order_by("pk")
        if features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True)
        chosen = list(rows[:limit])
        sums: dict[Key, list[int]] = {}
        for row in chosen:
            total = sums.setdefault((row.kind, row.key), [0, 0])
            total[0] += row.images
            total[1] += row.bytes
        Addend.objects.filter(pk__in=[row.pk for row in chosen]).delete()
        Addend.objects.bulk_create(
            Addend(kind=kind, key=key, images=images, bytes=size)
            for (kind, key), (images, size) in sums.items()
            if images or size
        )


# If it fails nothing is lost: there are just more addends to sum until the next run.
compaction = Background(compact, failure="The addends of the counters could not be compacted")


def correct(exact: dict[Key, Total], counted: dict[Key, Total]) -> None:
    """Append the differences between two sets of totals that were read at one moment.

    Changes that others make meanwhile are kept: one more addend does not undo theirs.
    """
    nothing = Total(0, 0)
    Addend.objects.bulk_create(
        Addend(
            kind=kind,
            key=key,
            images=exact.get((kind, key), nothing).images
            - counted.get((kind, key), nothing).images,
            bytes=exact.get((kind, key), nothing).bytes - counted.get((kind, key), nothing).bytes,
        )
        for kind, key in sorted(exact.keys() | counted.keys())
        if exact.get((kind, key)) != counted.get((kind, key))
    )


def recount(pictures: Iterable[ImageFacts]) -> dict[Key, Total]:
    """Compute from scratch what `totals()` should be for these pictures."""
    images: Tally[Key] = Tally()
    size: Tally[Key] = Tally()
    for facts in pictures:
        for key in _keys(facts):
            images[key] += 1
            size[key] += facts.file_size
    return {key: Total(images[key], size[key]) for key in images}


@dataclass(frozen=True, slots=True)
class Summary:
    """The numbers on the statistic cards. Lists hold (name, pictures), most pictures first."""

    total_count: int
    total_size: int  # bytes
    month_count: int  # in the present month, local time
    top_tags: list[tuple[str, int]]
    models: list[tuple[str, int]]
    aspect_ratios: list[tuple[str, int]]
    days: dict[str, int]  # by local date (2026-11-25), oldest first


def summary(top_tags: int = 20) -> Summary:
    """Return the numbers of the cards. Two queries at most."""
    counters = totals()
    facets = {key: total for (kind, key), total in counters.items() if kind == Addend.Kind.FACET}
    month = month_of(timezone.localdate())
    by_tag = [(key, total) for (kind, key), total in counters.items() if kind == Addend.Kind.TAG]
    leading = {int(key): total.images for key, total in by_tag}
    leading = dict(sorted(leading.items(), key=lambda item: (-item[1], item[0]))[:top_tags])
    names = dict(
        apps.get_model("gallery", "Tag")
        .objects.filter(pk__in=leading)
        .order_by()
        .values_list("pk", "name")
    )
    return Summary(
        total_count=sum(total.images for total in facets.values()),
        total_size=sum(total.bytes for total in facets.values()),
        month_count=sum(
            total.images
            for (kind, key), total in counters.items()
            if kind == Addend.Kind.DAY and key.startswith(month)
        ),
        top_tags=[(names[pk], count) for pk, count in leading.items() if pk in names],
        models=_ranked((facet_of(key)[0], total.images) for key, total in facets.items()),
        aspect_ratios=_ranked((facet_of(key)[1], total.images) for key, total in facets.items()),
        days={
            key: total.images
            for (kind, key), total in sorted(counters.items())
            if kind == Addend.Kind.DAY
        },
    )


def total_count() -> int:
    """Return the number of pictures outside the trash. One quick query."""
    if snapshot.knows(totals):
        return sum(total.images for total in totals(Addend.Kind.FACET).values())
    facets = Addend.objects.filter(kind=Addend.Kind.FACET)
    return int(facets.aggregate(count=models.Sum("images", default=0))["count"])


def facet_of(key: str) -> tuple[str, str]:
    """Split a facet counter's key into model, which may have several lines, and aspect ratio."""
    model, _, ratio = key.rpartition("\n")
    return model, ratio


def model_counts() -> list[tuple[str, int]]:
    """Return (model, pictures), most pictures first. One query."""
    facets = totals(Addend.Kind.FACET).items()
    return _ranked((facet_of(key)[0], total.images) for (_, key), total in facets)


def aspect_ratio_counts() -> list[tuple[str, int]]:
    """Return (aspect ratio, pictures), most pictures first. One query."""
    facets = totals(Addend.Kind.FACET).items()
    return _ranked((facet_of(key)[1], total.images) for (_, key), total in facets)


def tag_counts() -> dict[int, int]:
    """Return pictures by tag id, without tags that have no picture. One query."""
    return {int(key): total.images for (_, key), total in totals(Addend.Kind.TAG).items()}


def day_counts() -> dict[str, int]:
    """Return pictures by local date (2026-11-25), oldest first. One query."""
    counters = totals(Addend.Kind.DAY).items()
    return dict(sorted((key, total.images) for (_, key), total in counters))


def month_counts() -> dict[str, int]:
    """Return pictures by local month (2026-11), oldest first. One query."""
    counted: Tally[str] = Tally()
    for day, images in day_counts().items():
        counted[day[:7]] += images
    return dict(counted)


def _ranked(counts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    summed: Tally[str] = Tally()
    for name, count in counts:
        summed[name] += count
    return sorted(
        ((name, count) for name, count in summed.items() if count),
        key=lambda item: (-item[1], item[0]),
    )


def local_day(moment: datetime) -> str:
    """Return the local date of a moment, as the day counters name it."""
    return timezone.localtime(moment).date().isoformat()


def month_of(day: date) -> str:
    return day.strftime("%Y-%m")


def _keys(facts: ImageFacts) -> Iterator[Key]:
    if facts.trashed:
        return
    yield Addend.Kind.DAY.value, local_day(facts.created_at)
    yield Addend.Kind.FACET.value, f"{facts.model}\n{facts.aspect_ratio}"
    for tag_id in facts.tag_ids:
        yield Addend.Kind.TAG.value, str(tag_id)
