"""How many of the pictures that meet some criteria have each model, ratio, tag and month."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.core.cache import cache

from . import listing
from .facts import ImageFacts
from .models import Image, Tag
from .search import tokens
from .search.building import library_version
from .search.criteria import Criteria
from .search.matching import Found, by_segment
from .statistics import Addend, totals

KEPT = 3600
"""Seconds that counts are remembered, unless the library changes."""

Counts = list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Facets:
    """(name, pictures), most pictures first; months (2026-11) in their order. None is zero."""

    models: Counts
    aspect_ratios: Counts
    tags: Counts
    months: Counts


def count_facets(criteria: Criteria) -> Facets:
    """Exact counts under the criteria; kept until the library changes."""
    key = f"gallery-facets-{library_version()}-{criteria.fingerprint}"
    facets = cache.get(key)
    if facets is None:
        facets = _count_trash(criteria) if criteria.trashed else _count(criteria)
        cache.set(key, facets, KEPT)
    return facets  # type: ignore[no-any-return]


def _count_trash(criteria: Criteria) -> Facets:
    tally: Counter[str] = Counter()
    _add(tally, Image.objects.matching(criteria).facts())
    return _facets(tally)


def _count(criteria: Criteria) -> Facets:
    found = listing.find(criteria)
    if found.check:
        passed = set(listing.checked_ids(found))
        found = Found(found.index, by_segment(passed), extra=list(passed & set(found.extra)))
    extra = by_segment(found.extra)
    base = {number: bits & ~extra.get(number, 0) for number, bits in found.sets.items()}
    tally: Counter[str] = Counter()
    for token, sets in found.index.read(_known_tokens()).items():
        tally[token] = sum((bits & base.get(n, 0)).bit_count() for n, bits in sets.items())
    _add(tally, Image.objects.filter(pk__among=found.extra).facts())
    return _facets(tally)


def _add(tally: Counter[str], pictures: Iterable[ImageFacts]) -> None:
    for facts in pictures:
        tally.update(tokens.facets(facts))


def _known_tokens() -> set[str]:
    """Every facet that some picture of the library has."""
    known = set()
    for kind, key in totals():
        if kind == Addend.Kind.FACET:
            model, ratio = key.split("\n")
            known |= {tokens.model(model), tokens.aspect_ratio(ratio)}
        elif kind == Addend.Kind.TAG:
            known.add(tokens.tag(int(key)))
        else:
            known.add(tokens.month(date.fromisoformat(key)))
    return known


def _facets(tally: Counter[str]) -> Facets:
    by_kind: dict[str, dict[str, int]] = {"m": {}, "r": {}, "t": {}, "d": {}}
    for token, count in tally.items():
        kind, name = token[1], token[2:]
        if count and kind in by_kind and not (kind == "d" and len(name) > len("2026-11")):
            by_kind[kind][name] = count
    names = dict(
        Tag.objects.filter(pk__among=list(map(int, by_kind["t"]))).values_list("pk", "name")
    )
    tags = {names[int(pk)]: count for pk, count in by_kind["t"].items() if int(pk) in names}
    return Facets(
        models=_ranked(by_kind["m"]),
        aspect_ratios=_ranked(by_kind["r"]),
        tags=_ranked(tags),
        months=sorted(by_kind["d"].items()),
    )


def _ranked(counts: dict[str, int]) -> Counts:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
