"""The price book: what models cost from which day on, and how one of its lines is found.

The lines of one model and one day are a tariff. Amounts are US dollars, exact to xAI's tick of
1/10,000,000,000; those of tokens are per million.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase

PICTURE, EDIT, SOURCE = "picture", "edit", "source"
PER_PICTURE = (PICTURE, EDIT, SOURCE)
"""A picture; one made by editing, where that costs otherwise; a source picture of an edit."""

PER_TOKEN = ("text_in", "image_in", "cached_text_in", "cached_image_in", "text_out", "image_out")
TOKENS_PER_PICTURE = "tokens_per_picture"
"""Not a price, but the tokens of a picture of 1024×1536, for the estimate before it is made."""

QUALITIES = ("low", "medium", "high", "xhigh", "max", "standard", "hd", "auto")
"""Qualities by their names in requests; `auto` is also the default."""

RESOLUTIONS = ("1k", "1.5k", "2k", "4k")

VENDORS = ("openai/", "xai/")
"""Prefixes that LiteLLM and others put before a model's name; prices go by the bare name."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """The prices of the models that match these patterns, from a day on.

    `lines` has the amount of each unit, quality and resolution; an empty one applies to every one.
    """

    patterns: tuple[str, ...]
    valid_from: date
    is_own: bool = False  # of IMAGINE_PRICES, which goes before what ships
    lines: dict[tuple[str, str, str], Decimal] = field(default_factory=dict)

    @property
    def is_per_picture(self) -> bool:
        return any(unit in PER_PICTURE for unit, _quality, _resolution in self.lines)

    @property
    def is_free(self) -> bool:
        return not any(self.lines.values())

    def amount(self, unit: str) -> Decimal | None:
        """Return the amount of a unit without qualities and resolutions."""
        return self.lines.get((unit, "", ""))

    def find(self, units: Sequence[str], qualities: Iterable[str], resolution: str) -> Decimal:
        """Return the amount of the first unit and the first quality that have a line.

        If there is none, return the highest: what nobody foresaw is not cheaper than what is known.
        """
        wanted = [*filter(None, qualities), ""]
        for quality in wanted:
            for unit in units:
                if (found := self._of_resolution(unit, quality, resolution)) is not None:
                    return found
        return max((amount for (unit, _, _), amount in self.lines.items() if unit in units))

    def _of_resolution(self, unit: str, quality: str, resolution: str) -> Decimal | None:
        """Return the line of this resolution, else of the next higher one, else of all."""
        known = {
            name: self.lines[unit, quality, name]
            for name in ("", *RESOLUTIONS)
            if (unit, quality, name) in self.lines
        }
        named = [name for name in RESOLUTIONS if name in known]
        if resolution and resolution not in RESOLUTIONS:
            return max(known.values(), default=None)  # nobody foresaw it
        least = RESOLUTIONS.index(resolution or RESOLUTIONS[0])
        enough = [name for name in named if RESOLUTIONS.index(name) >= least]
        if enough and (enough[0] == RESOLUTIONS[least] or "" not in known):
            return known[enough[0]]
        return known.get("", known[named[-1]] if named else None)

    def rank(self, model: str) -> tuple[bool, bool, int, date] | None:
        """Return how specifically this model is matched, higher for closer; None if it is not."""
        hits = [pattern for pattern in self.patterns if fnmatchcase(model, pattern)]
        if not hits:
            return None
        is_exact = any(not set(pattern) & set("*?[") for pattern in hits)
        return self.is_own, is_exact, max(map(len, hits)), self.valid_from


MOST_REMEMBERED = 1000
"""The limit of a memo by models' names, which clients may invent without end."""


@dataclass(frozen=True, slots=True)
class Book:
    """Tariffs: those that ship and one's own."""

    tariffs: Sequence[Tariff]
    _found: dict[tuple[str, date], Tariff | None] = field(default_factory=dict, compare=False)

    def tariff(self, model: str, day: date) -> Tariff | None:
        """Return what this model costs on this day; None if nobody knows."""
        place = (model, day)
        try:
            return self._found[place]
        except KeyError:
            found = self._look(model.lower(), day)
        if len(self._found) >= MOST_REMEMBERED:
            self._found.clear()
        self._found[place] = found
        return found

    def _look(self, name: str, day: date) -> Tariff | None:
        bare = next((name.removeprefix(one) for one in VENDORS if name.startswith(one)), name)
        for called in dict.fromkeys((name, bare)):
            ranked = [
                (rank, tariff)
                for tariff in self.tariffs
                if tariff.valid_from <= day and (rank := tariff.rank(called)) is not None
            ]
            if ranked:
                return max(ranked, key=lambda one: one[0])[1]
        return None
