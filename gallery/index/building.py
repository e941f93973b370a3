"""Writing the index: changes at once, segments in the background or at will."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from django.apps import apps
from django.db import models, transaction
from django.utils import timezone

from grok2api.runtime.background import Background
from grok2api.sql.statements import Insert

from ..facts import ImageFacts
from . import vocabulary
from .postings import SEGMENT, SEGMENT_BITS, pack
from .tables import Change, Posting, Segment, current_version
from .tokens import tokens, wide_words

MERGE_EVERY = 1_000
"""Changes after which the segments concerned are built again."""

COMMON = 8
"""Pictures of a segment from which on a pair, three or four of wide characters are common."""

_COUNTERS = 1 << 22
"""So many that few words of a segment share one."""

BATCH = 500
"""Buckets written by one statement."""

_tell = Insert(Change, "image_id")


def update(*, before: Mapping[int, ImageFacts], after: Mapping[int, ImageFacts]) -> None:
    """Take over a change of pictures, by id, inside its transaction.

    From its commit on, searches look at these pictures' rows and no more at their entries.
    """
    changed = [pk for pk in before.keys() | after.keys() if before.get(pk) != after.get(pk)]
    if not changed:
        return
    last = _tell.rows((pk,) for pk in sorted(changed))
    if last is None or last % MERGE_EVERY < len(changed):
        transaction.on_commit(merging.start, robust=True)


def merge() -> None:
    """Build the segments that have most of the changes, so that at most half of them are left."""
    changes = Counter(pk >> SEGMENT_BITS for pk in changed_ids())
    left = changes.total()
    for number, count in changes.most_common():
        if left <= MERGE_EVERY // 2:
            break
        build_segment(number)
        left -= count


# Where it fails nothing is lost: searches go on looking at the changed rows.
merging = Background(merge, failure="The search index could not take over its changes")


def changed_ids() -> list[int]:
    return list(Change.objects.order_by().values_list("image_id", flat=True))


def library_version() -> str:
    """Differs whenever the pictures, their tags or marks may differ. Three queries."""
    newest = Change.objects.aggregate(models.Max("pk"))["pk__max"]
    built = Segment.objects.aggregate(models.Sum("generation"))["generation__sum"]
    return f"{newest}-{built}"


def segment_numbers() -> list[int]:
    """Segments that have pictures or an index; ascending."""
    numbers = set(Segment.objects.values_list("number", flat=True))
    following: int | None = 0
    images = apps.get_model("gallery", "Image").objects.order_by("pk")
    while following is not None:
        first = images.filter(pk__gte=following).values_list("pk", flat=True).first()
        if first is None:
            break
        numbers.add(first >> SEGMENT_BITS)
        following = ((first >> SEGMENT_BITS) + 1) << SEGMENT_BITS
    return sorted(numbers)


def rebuild(progress: Callable[[int, int], None], numbers: Sequence[int]) -> int:
    """Build these segments again while searches go on; returns the pictures in the whole index.

    `progress` is told how many segments of how many are done.
    """
    for done, number in enumerate(numbers):
        progress(done, len(numbers))
        while not build_segment(number):
            continue  # somebody else was quicker, with rows that may be older than ours
    progress(len(numbers), len(numbers))
    return sum(Segment.objects.values_list("pictures", flat=True))


def build_segment(number: int) -> bool:
    """Build one segment from its pictures' rows.

    The changes are read before the rows, so that every change that is struck off has been
    seen. Nothing is locked while tokens are made; when another build of this segment was
    quicker, this one is thrown away and the answer is False.
    """
    segment, _ = Segment.objects.get_or_create(number=number)
    span = (number << SEGMENT_BITS, (number + 1 << SEGMENT_BITS) - 1)
    seen = list(Change.objects.filter(image_id__range=span).values_list("pk", flat=True))
    sets: dict[str, list[int]] = defaultdict(list)
    words: Counter[str] = Counter()
    days, added = [], []
    largest = 0
    images = apps.get_model("gallery", "Image").objects
    found = images.filter(pk__range=span, trashed_at=None).facts()
    for facts in found:
        offset = facts.id % SEGMENT
        for token in tokens(facts):
            sets[token].append(offset)
        words.update(vocabulary.words_of(facts.prompt))
        days.append(facts.created_at)
        added.append(facts.added_at)
        largest = max(largest, facts.file_size)
    buckets = pack(sets | _wide_words(found, sets))
    if words:
        buckets[vocabulary.BUCKET] = vocabulary.pack(words)
    with transaction.atomic():
        won = Segment.objects.filter(number=number, generation=segment.generation).update(
            # Never one that this number has had before, be it in a library that is gone.
            generation=max(segment.generation + 1, time.time_ns() // 1_000_000),
            version=current_version(),
            pictures=len(found),
            buckets=len(buckets),
            first_day=timezone.localdate(min(days)) if days else None,
            last_day=timezone.localdate(max(days)) if days else None,
            first_added=timezone.localdate(min(added)) if added else None,
            last_added=timezone.localdate(max(added)) if added else None,
            largest=largest,
        )
        if not won:
            return False
        Posting.objects.filter(segment=number).delete()
        Posting.objects.bulk_create(
            (Posting(bucket=b, segment=number, data=buckets[b]) for b in sorted(buckets)),
            batch_size=BATCH,
        )
        for start in range(0, len(seen), BATCH):
            Change.objects.filter(pk__in=seen[start : start + BATCH]).delete()
    return True


def _wide_words(
    pictures: Iterable[ImageFacts], grams: Mapping[str, Sequence[int]]
) -> dict[str, list[int]]:
    """The sets of three and four wide characters that are common in a segment.

    The others are not kept: what a word has fewer pictures of is soon looked up. Most are rare,
    and would take some hundred MB meanwhile; so they are counted by their hashes before.
    """
    common = {gram for gram, offsets in grams.items() if len(gram) == 2 and len(offsets) >= COMMON}
    counts = bytearray(_COUNTERS)
    for facts in pictures:
        for word in wide_words(facts.prompt, common):
            place = hash(word) % _COUNTERS
            counts[place] = min(COMMON, counts[place] + 1)
    sets: dict[str, list[int]] = defaultdict(list)
    for facts in pictures:
        offset = facts.id % SEGMENT
        for word in wide_words(facts.prompt, common):
            if counts[hash(word) % _COUNTERS] == COMMON:
                sets[word].append(offset)
    return {word: offsets for word, offsets in sets.items() if len(offsets) >= COMMON}


def missing_segments() -> list[int]:
    """Segments with pictures that are absent, of another version or not whole. Four queries.

    Searches are right without them, and slow: they look at the rows.
    """
    known = {
        number: buckets if version == current_version() else None
        for number, version, buckets in Segment.objects.values_list("number", "version", "buckets")
    }
    stored = dict(
        Posting.objects.order_by().values_list("segment").annotate(models.Count("bucket"))
    )
    changed = {pk >> SEGMENT_BITS for pk in changed_ids()}
    return [
        number
        for number in segment_numbers()
        if known.get(number) != stored.get(number, 0)
        and (number in known or number in stored or number not in changed)  # else soon merged
    ]
