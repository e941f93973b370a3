"""From criteria to sets of pictures, by the index alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import models
from django.utils import timezone

from . import kept, tokens
from .criteria import Criteria, Word
from .kept import SetBySegment
from .postings import SEGMENT_BITS, bits_of, bucket, code, offsets_of, unpack
from .tables import Posting, Segment, current_version


@dataclass(slots=True)
class Found:
    """A set of pictures, and what of the criteria only their rows can tell (None: nothing).

    `extra` are those that come from the rows, since the index does not know their present state.
    """

    index: "Index"
    sets: SetBySegment
    check: Criteria | None
    extra: list[int] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(bits.bit_count() for bits in self.sets.values())

    def ids(self) -> list[int]:
        """Ascending."""
        return [
            number << SEGMENT_BITS | offset
            for number in sorted(self.sets)
            for offset in offsets_of(self.sets[number])
        ]

    def correct(self, *, changed: Iterable[int], matching: Iterable[int]) -> None:
        """Replace what the index says of changed pictures by what their rows say."""
        for number, bits in by_segment(changed).items():
            if number in self.sets:
                self.sets[number] &= ~bits
        self.extra = list(matching)
        for number, bits in by_segment(self.extra).items():
            self.sets[number] = self.sets.get(number, 0) | bits


def by_segment(ids: Iterable[int]) -> SetBySegment:
    offsets: dict[int, list[int]] = {}
    for pk in ids:
        offsets.setdefault(pk >> SEGMENT_BITS, []).append(pk & (1 << SEGMENT_BITS) - 1)
    return {number: bits_of(each) for number, each in offsets.items()}


class Index:
    """The segments that are there now. Read what has changed before making one."""

    def __init__(self) -> None:
        newest = apps.get_model("gallery", "Image").objects.order_by("-pk").values("pk")[:1]
        rows = Segment.objects.filter(version=current_version()).order_by("number")
        self.segments: list[Any] = list(
            rows.annotate(newest=models.Subquery(newest)).values_list(
                "number", "generation", "pictures", "first_day", "last_day", "largest", "newest",
                named=True,
            )
        )  # fmt: skip
        self.numbers = [segment.number for segment in self.segments]
        self.builds = tuple((segment.number, segment.generation) for segment in self.segments)

    def newest_id(self) -> int:
        """The id of the picture that was added last; 0 where that is not known."""
        return next((each.newest or 0 for each in self.segments), 0)

    def days(self) -> tuple[date | None, date | None]:
        """The first and the last local day of all pictures in the index."""
        return (
            min((each.first_day for each in self.segments if each.first_day), default=None),
            max((each.last_day for each in self.segments if each.last_day), default=None),
        )

    def pictures(self) -> int:
        """How many were in the library when their segments were built."""
        return sum(int(each.pictures) for each in self.segments)

    def largest(self) -> int:
        """Bytes of the largest picture in the index."""
        return max((each.largest for each in self.segments), default=0)

    def gaps(self) -> Iterator[tuple[int, int | None]]:
        """Ranges of ids that the index knows nothing of: first, and last or None.

        The last range is left out where no picture lies in it.
        """
        following = 0
        for number in self.numbers:
            if number > following:
                yield following << SEGMENT_BITS, (number << SEGMENT_BITS) - 1
            following = number + 1
        if self.newest_id() >= following << SEGMENT_BITS:
            yield following << SEGMENT_BITS, None

    def read(self, names: Iterable[str]) -> dict[str, SetBySegment]:
        """The sets of these tokens, not to be changed. One query for all that are not kept."""
        sets: dict[str, SetBySegment] = {}
        unread: dict[int, list[tuple[int, SetBySegment]]] = {}
        for name in names:
            token = code(name)
            known = kept.find(token, self.builds)
            if known is None:
                known = {}
                unread.setdefault(bucket(token), []).append((token, known))
            sets[name] = known
        if unread:
            built = set(self.numbers)
            rows = Posting.objects.filter(bucket__in=unread).order_by()
            for place, segment, data in rows.values_list("bucket", "segment", "data"):
                if segment in built:
                    for token, found in unread[place]:
                        if bits := unpack(bytes(data), token):
                            found[segment] = bits
            for token, found in (each for named in unread.values() for each in named):
                kept.keep(token, self.builds, found)
        return sets

    def find(self, criteria: Criteria) -> Found:
        """The pictures outside the trash that can meet the criteria, as of their segments."""
        required, excluded, check = self._plan(criteria)
        if not required:
            required = [frozenset([tokens.EVERY])]
        if not self.numbers:
            return Found(self, {}, None)
        sets = self.read({token for group in (*required, excluded) for token in group})
        found: SetBySegment = {}
        for number in self.numbers:
            bits = -1
            for group in required:
                bits &= _union(sets, group, number)
                if not bits:
                    break
            else:
                if bits := bits & ~_union(sets, excluded, number):
                    found[number] = bits
        return Found(self, found, None if check == Criteria() else check)

    def _plan(self, criteria: Criteria) -> tuple[list[frozenset[str]], frozenset[str], Criteria]:
        """Groups of which one token each is needed, tokens to leave out, what is undecided."""
        required: list[frozenset[str]] = []
        excluded = {tokens.tag(tag_id) for tag_id in criteria.without_tags}
        undecided: list[Word] = []
        for word in criteria.words:
            grams = tokens.word_grams(word.text)
            tag = frozenset() if word.tag_id is None else frozenset([tokens.tag(word.tag_id)])
            required += [tag | {gram} for gram in grams.grams]
            if not grams.decides:
                undecided.append(word)
        without_undecided: list[Word] = []
        for word in criteria.without_words:
            grams = tokens.word_grams(word.text)
            if word.tag_id is not None:
                excluded.add(tokens.tag(word.tag_id))
            if grams.decides:
                excluded.update(grams.grams)
            else:
                without_undecided.append(word)
        required += [frozenset(map(tokens.model, names)) for names in criteria.models]
        required += [frozenset(map(tokens.aspect_ratio, each)) for each in criteria.aspect_ratios]
        required += [frozenset(map(tokens.tag, group)) for group in criteria.tags]
        excluded.update(map(tokens.model, criteria.without_models))
        excluded.update(map(tokens.aspect_ratio, criteria.without_aspect_ratios))
        for wanted, token in (
            *((favorite, tokens.FAVORITE) for favorite in criteria.favorite),
            (criteria.untagged, tokens.UNTAGGED),
        ):
            if wanted is not None:
                required += [frozenset([token])] if wanted else []
                excluded |= set() if wanted else {token}
        check = Criteria(words=tuple(undecided), without_words=tuple(without_undecided))
        return self._plan_ranges(criteria, required, check, excluded)

    def _plan_ranges(
        self,
        criteria: Criteria,
        required: list[frozenset[str]],
        check: Criteria,
        excluded: set[str],
    ) -> tuple[list[frozenset[str]], frozenset[str], Criteria]:
        """Adds the days and sizes; only rows tell what lies inside the outermost ones."""
        first, last = self.days()
        if (criteria.start or criteria.end) and first and last:
            if criteria.start:
                first = max(first, timezone.localdate(criteria.start))
                if not _is_midnight(criteria.start):
                    check = replace(check, start=criteria.start)
            if criteria.end:
                last = min(last, timezone.localdate(criteria.end - timedelta(microseconds=1)))
                if not _is_midnight(criteria.end):
                    check = replace(check, end=criteria.end)
            required.append(frozenset(tokens.spans(first, last)))
        if criteria.min_size is not None or criteria.max_size is not None:
            most = self.largest()
            if criteria.max_size is not None:
                most = min(most, criteria.max_size)
            required.append(
                frozenset(tokens.size_classes(criteria.min_size or 0, most, tokens.COARSE))
            )
            check = replace(check, min_size=criteria.min_size, max_size=criteria.max_size)
        return required, frozenset(excluded), check


def _union(sets: dict[str, SetBySegment], names: Iterable[str], number: int) -> int:
    bits = 0
    for name in names:
        bits |= sets[name].get(number, 0)
    return bits


def _is_midnight(moment: datetime) -> bool:
    local = timezone.localtime(moment)
    return not (local.hour or local.minute or local.second or local.microsecond)
