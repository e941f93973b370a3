"""How many of the pictures that meet some criteria have each model, ratio, tag and month."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from .. import statistics
from ..facts import ImageFacts
from ..index import tokens
from ..index.criteria import Criteria
from ..index.postings import by_segment
from ..models import Image, Tag
from ..statistics import Addend, totals
from . import listing

MOST_UNINDEXED = 20_000
"""Pictures whose rows are read since the index does not know their present state."""

Counts = list[tuple[str, int]]
Tally = Counter[str]

MODELS, ASPECT_RATIOS, TAGS, MONTHS = KINDS = ("m", "r", "t", "d")
"""What a facet's tokens begin with, after the sign that makes them no grams."""

NOTHING = Criteria()


@dataclass(frozen=True, slots=True)
class Facets:
    """(name, pictures), most pictures first; months (2026-11) in their order. None is zero."""

    models: Counts
    aspect_ratios: Counts
    tags: Counts
    months: Counts
    count_exact: bool  # else the counts are upper bounds


class IndexIncomplete(RuntimeError):
    """Counting would mean to read the rows of very many pictures: the index is being built."""


@dataclass(frozen=True, slots=True)
class Question:
    """`base` is asked of all pictures; each facet's own choice only where others are counted.

    A choice asks for models, ratios, tags or whole local days alone: the index decides it.
    """

    base: Criteria
    choices: dict[str, Criteria]  # by kind

    @property
    def is_plain(self) -> bool:
        return self.base.is_plain and not any(choice != NOTHING for choice in self.choices.values())


def count_facets(question: Question) -> Facets:
    """Each facet's counts under everything but its own choice.

    They are upper bounds where only the prompts of too many pictures could tell, as in a list.

    Raises:
        IndexIncomplete
    """
    if question.is_plain:
        return _facets(_count_everything(), count_exact=True)
    if question.base.trashed:
        pictures = Image.objects.matching(question.base).facts()
        return _facets(_count_rows(pictures, question), count_exact=True)
    return _count(question)


@dataclass(frozen=True, slots=True)
class Dated:
    """Pictures by ISO day (2026-11-25) or month (2026-11); without `exact`, upper bounds."""

    counts: dict[str, int]
    exact: bool


def count_dates(criteria: Criteria, dates: Collection[str]) -> Dated:
    """How many pictures of these local days or months meet the criteria, outside the trash.

    Raises:
        IndexIncomplete
    """
    found = listing.find(criteria)
    if len(found.extra) > MOST_UNINDEXED:
        raise IndexIncomplete
    tally: Tally = Counter()
    for facts in Image.objects.filter(pk__among=found.extra).facts():
        day = statistics.local_day(facts.created_at)
        tally.update((day, day[: len("2026-11")]))
    elsewhere = by_segment(found.extra)
    tokens_of = {name: tokens.dated(name) for name in dates}
    read = found.index.read(tokens_of.values())
    for name, token in tokens_of.items():
        for number, bits in read[token].items():
            wanted = found.sets.get(number, 0) & ~elsewhere.get(number, 0)
            tally[name] += (bits & wanted).bit_count()
    return Dated({name: tally[name] for name in dates}, exact=found.check is None)


def _count_everything() -> Tally:
    """Of the whole library: its counters know."""
    tally: Tally = Counter()
    tally.update({tokens.model(name): n for name, n in statistics.model_counts()})
    tally.update({tokens.aspect_ratio(name): n for name, n in statistics.aspect_ratio_counts()})
    tally.update({tokens.tag(pk): n for pk, n in statistics.tag_counts().items()})
    for name, n in statistics.month_counts().items():
        tally[tokens.month(date.fromisoformat(f"{name}-01"))] = n
    return tally


def _count(question: Question) -> Facets:
    found = listing.find(question.base)
    sets, unindexed = found.sets, found.extra
    if len(unindexed) > MOST_UNINDEXED:
        raise IndexIncomplete
    tally = _count_rows(Image.objects.filter(pk__among=unindexed).facts(), question)
    elsewhere = by_segment(unindexed)
    sets = {number: bits & ~elsewhere.get(number, 0) for number, bits in sets.items()}
    known = _known_tokens()
    coming = [found.index.tokens(choice) for choice in question.choices.values()]
    read = found.index.read(known.union(*coming))  # in one query
    chosen = {
        kind: found.index.find(choice).sets
        for kind, choice in question.choices.items()
        if choice != NOTHING
    }
    for kind in KINDS:
        under = sets
        for other in chosen.keys() - {kind}:
            under = {number: bits & chosen[other].get(number, 0) for number, bits in under.items()}
        for token in known:
            if _kind_of(token) == kind:
                tally[token] += sum(
                    (bits & under.get(number, 0)).bit_count()
                    for number, bits in read[token].items()
                )
    return _facets(tally, count_exact=found.check is None)


def _count_rows(pictures: Iterable[ImageFacts], question: Question) -> Tally:
    tally: Tally = Counter()
    for facts in pictures:
        missed = {kind for kind, choice in question.choices.items() if not choice.meets(facts)}
        for token in tokens.facets(facts):
            if missed <= {_kind_of(token)}:
                tally[token] += 1
    return tally


def _kind_of(token: str) -> str:
    """Of a token that is no facet, nothing; a day's is longer than that of its month."""
    is_day = token[1] == MONTHS and len(token) > len("\0d2026-11")
    return token[1] if token[1] in KINDS and not is_day else ""


def _known_tokens() -> set[str]:
    """Every facet that some picture of the library has."""
    known = set()
    for kind, key in totals():
        if kind == Addend.Kind.FACET:
            model, ratio = statistics.facet_of(key)
            known |= {tokens.model(model), tokens.aspect_ratio(ratio)}
        elif kind == Addend.Kind.TAG:
            known.add(tokens.tag(int(key)))
        else:
            known.add(tokens.month(date.fromisoformat(key)))
    return {token for token in known if _kind_of(token)}


def _facets(tally: Tally, *, count_exact: bool) -> Facets:
    by_kind: dict[str, dict[str, int]] = {
        kind: {} for kind in (MODELS, ASPECT_RATIOS, TAGS, MONTHS)
    }
    for token, count in tally.items():
        if count and (kind := _kind_of(token)):
            by_kind[kind][token[2:]] = count
    names = dict(
        Tag.objects.filter(pk__among=list(map(int, by_kind[TAGS]))).values_list("pk", "name")
    )
    tags = {names[int(pk)]: count for pk, count in by_kind[TAGS].items() if int(pk) in names}
    return Facets(
        models=_ranked(by_kind[MODELS]),
        aspect_ratios=_ranked(by_kind[ASPECT_RATIOS]),
        tags=_ranked(tags),
        months=sorted(by_kind[MONTHS].items()),
        count_exact=count_exact,
    )


def _ranked(counts: dict[str, int]) -> Counts:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
