"""From criteria to sets of pictures, by the index alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from . import kept, tokens
from .criteria import Criteria, Word
from .kept import SetBySegment
from .postings import SEGMENT_BITS, bits_among, bucket, by_segment, code, offsets_of, unpack
from .tables import buckets_of, read_state


@dataclass(slots=True)
class Found:
    """A set of pictures, and what of the criteria only their rows can tell (None: nothing).

    `unsure` are those of them whose rows must be asked. `extra` come from the rows already,
    since the index does not know their present state.
    """

    index: "Index"
    sets: SetBySegment
    check: Criteria | None = None
    unsure: SetBySegment = field(default_factory=dict)
    extra: list[int] = field(default_factory=list)

    @property
    def count(self) -> int:
        return count_of(self.sets)

    def ids(self) -> list[int]:
        """Ascending."""
        return ids_of(self.sets)

    def correct(self, *, changed: SetBySegment, matching: Iterable[int]) -> None:
        """Replace what the index says of changed pictures by what their rows say."""
        for number, bits in changed.items():
            for sets in (self.sets, self.unsure):
                if number in sets:
                    sets[number] &= ~bits
        self.extra = list(matching)
        for number, bits in by_segment(self.extra).items():
            self.sets[number] = self.sets.get(number, 0) | bits

    def settle(self, passed: Iterable[int]) -> None:
        """The rows of all that were unsure have been asked, and these pass the check."""
        for number, bits in self.unsure.items():
            self.sets[number] &= ~bits
        for number, bits in by_segment(passed).items():
            self.sets[number] |= bits
        self.check, self.unsure = None, {}


def count_of(sets: SetBySegment) -> int:
    return sum(map(int.bit_count, sets.values()))


def ids_of(sets: SetBySegment) -> list[int]:
    """Ascending."""
    return [
        number << SEGMENT_BITS | offset
        for number in sorted(sets)
        for offset in offsets_of(sets[number])
    ]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Pictures with all tokens of `among` and none of `settled_by`: the rows must say."""

    among: tuple[str, ...] = ()
    settled_by: frozenset[str] = frozenset()


@dataclass(slots=True)
class Plan:
    """What the index is asked: of each group of `required` one token, of `excluded` none."""

    required: list[frozenset[str]] = field(default_factory=list)
    excluded: set[str] = field(default_factory=set)
    doubts: list[Doubt] = field(default_factory=list)
    check: Criteria = field(default_factory=Criteria)

    def tokens(self) -> set[str]:
        doubted = ({*each.among, *each.settled_by} for each in self.doubts)
        return set().union(self.excluded, *self.required, *doubted)


class Index:
    """The segments that are there now, and the pictures that they may not know as they are."""

    def __init__(self) -> None:
        state = read_state()
        self.changes = state.changes
        self.newest_id = state.newest
        self.segments = state.segments
        self.numbers = [segment.number for segment in self.segments]
        self.builds = tuple((segment.number, segment.generation) for segment in self.segments)

    def days(self, kind: str = tokens.CREATED) -> tuple[date | None, date | None]:
        """The first and the last local day of all pictures in the index, of this kind."""
        is_added = kind == tokens.ADDED
        firsts = (each.first_added if is_added else each.first_day for each in self.segments)
        lasts = (each.last_added if is_added else each.last_day for each in self.segments)
        return min(filter(None, firsts), default=None), max(filter(None, lasts), default=None)

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
        if self.newest_id >= following << SEGMENT_BITS:
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
            for place, segment, data in buckets_of(unread):
                if segment in built:
                    for token, found in unread[place]:
                        if bits := unpack(data, token):
                            found[segment] = bits
            for token, found in (each for named in unread.values() for each in named):
                kept.keep(token, self.builds, found)
        return sets

    def tokens(self, criteria: Criteria) -> set[str]:
        """Whatever `find` reads for these criteria."""
        return self._plan(criteria).tokens()

    def find(self, criteria: Criteria) -> Found:
        """The pictures outside the trash that can meet the criteria, as of their segments."""
        if not self.numbers:
            return Found(self, {})
        plan = self._plan(criteria)
        sets = self.read(plan.tokens())
        found = Found(self, {}, None if plan.check == Criteria() else plan.check)
        for number in self.numbers:
            bits = -1 if criteria.only is None else bits_among(criteria.only, number)
            for group in plan.required:
                bits &= _union(sets, group, number)
                if not bits:
                    break
            else:
                if bits := bits & ~_union(sets, plan.excluded, number):
                    found.sets[number] = bits
                    if unsure := _doubtful(sets, plan.doubts, number) & bits:
                        found.unsure[number] = unsure
        if not found.unsure:
            found.check = None
        return found

    def _plan(self, criteria: Criteria) -> Plan:
        plan = Plan(excluded={tokens.tag(tag_id) for tag_id in criteria.without_tags})
        required, excluded = plan.required, plan.excluded
        self._plan_words(criteria, plan)
        required += [frozenset(map(tokens.model, names)) for names in criteria.models]
        required += [frozenset(map(tokens.aspect_ratio, each)) for each in criteria.aspect_ratios]
        required += [frozenset(map(tokens.tag, group)) for group in criteria.tags]
        excluded.update(map(tokens.model, criteria.without_models))
        excluded.update(map(tokens.aspect_ratio, criteria.without_aspect_ratios))
        for wanted, token in (
            *((favorite, tokens.FAVORITE) for favorite in criteria.favorite),
            (criteria.untagged, tokens.UNTAGGED),
        ):
            if wanted:
                required.append(frozenset([token]))
            elif wanted is not None:
                excluded.add(token)
        self._plan_ranges(criteria, plan)
        if not required:
            required.append(frozenset([tokens.EVERY]))
        return plan

    def _plan_words(self, criteria: Criteria, plan: Plan) -> None:
        undecided: list[Word] = []
        for word in criteria.words:
            grams = tokens.word_grams(word.text, word.field)
            tag = frozenset() if word.tag_id is None else frozenset([tokens.tag(word.tag_id)])
            plan.required += [tag | {gram} for gram in grams.grams]
            if not grams.decides:
                undecided.append(word)
                settled_by = tag | {grams.whole} if grams.whole else tag
                plan.doubts.append(Doubt(settled_by=settled_by))
        without_undecided: list[Word] = []
        for word in criteria.without_words:
            grams = tokens.word_grams(word.text, word.field)
            if word.tag_id is not None:
                plan.excluded.add(tokens.tag(word.tag_id))
            if grams.decides:
                plan.excluded.update(grams.grams)
            else:
                without_undecided.append(word)
                plan.excluded |= {grams.whole} if grams.whole else set()
                plan.doubts.append(Doubt(among=grams.grams))
        plan.check = replace(
            plan.check, words=tuple(undecided), without_words=tuple(without_undecided)
        )

    def _plan_ranges(self, criteria: Criteria, plan: Plan) -> None:
        """Days and sizes; only rows tell what lies inside the outermost ones."""
        self._plan_days(plan, tokens.CREATED, start=criteria.start, end=criteria.end)
        added = {"added_start": criteria.added_start, "added_end": criteria.added_end}
        self._plan_days(plan, tokens.ADDED, **added)
        if criteria.min_size is not None or criteria.max_size is not None:
            least, most = criteria.min_size or 0, self.largest()
            if criteria.max_size is not None:
                most = min(most, criteria.max_size)
            classes = list(tokens.size_classes(least, most, tokens.COARSE))
            plan.required.append(frozenset(classes))
            plan.doubts.append(Doubt(settled_by=frozenset(classes[1:-1])))
            plan.check = replace(plan.check, min_size=criteria.min_size, max_size=criteria.max_size)

    def _plan_days(self, plan: Plan, kind: str, **bounds: datetime | None) -> None:
        """The bounds by their names in criteria: where the days begin, and where they end."""
        (start_name, start), (end_name, end) = bounds.items()
        unsure: dict[str, Any] = {}
        first, last = self.days(kind)
        if not (start or end) or not first or not last:
            return
        inner_first, inner_last = first, last  # of days that lie between the bounds as a whole
        if start:
            day = timezone.localdate(start)
            first = max(first, day)
            inner_first = first
            if not tokens.is_midnight(start):
                inner_first = max(first, day + timedelta(days=1))
                unsure[start_name] = start
        if end:
            day = timezone.localdate(end - timedelta(microseconds=1))
            last = min(last, day)
            inner_last = last
            if not tokens.is_midnight(end):
                inner_last = min(last, day - timedelta(days=1))
                unsure[end_name] = end
        plan.required.append(frozenset(tokens.spans(first, last, kind)))
        if unsure:
            plan.check = replace(plan.check, **unsure)
            inner = frozenset(tokens.spans(inner_first, inner_last, kind))
            plan.doubts.append(Doubt(settled_by=inner))


def _doubtful(sets: dict[str, SetBySegment], doubts: Iterable[Doubt], number: int) -> int:
    bits = 0
    for doubt in doubts:
        possible = -1
        for name in doubt.among:
            possible &= sets[name].get(number, 0)
        bits |= possible & ~_union(sets, doubt.settled_by, number)
    return bits


def _union(sets: dict[str, SetBySegment], names: Iterable[str], number: int) -> int:
    bits = 0
    for name in names:
        bits |= sets[name].get(number, 0)
    return bits
