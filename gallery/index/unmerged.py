"""Pictures that changed since their segment was built: their facts, read once for each change."""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass

from django.apps import apps
from django.db import connection

from ..facts import ImageFacts
from .criteria import Criteria
from .kept import SetBySegment
from .postings import by_segment

MOST = 3_000
"""Pictures whose facts are kept; of more, which come from jobs over many, searches ask the rows."""


@dataclass(frozen=True, slots=True)
class Unmerged:
    """Changed pictures with the id of each one's newest change, and the facts of those there are.

    Nothing of it is to be changed.
    """

    changes: Mapping[int, int]
    facts: Mapping[int, ImageFacts]
    sets: SetBySegment  # all of them, deleted ones too

    def matching(self, criteria: Criteria) -> list[int]:
        """Ids of those outside the trash that meet the criteria."""
        return [
            pk for pk, facts in self.facts.items() if not facts.trashed and criteria.meets(facts)
        ]


_NONE = Unmerged({}, {}, {})
_last = _NONE


def read_unmerged(changes: Mapping[int, int]) -> Unmerged | None:
    """The pictures with these changes. Two queries, where not all of them are known.

    A change comes with its row's new state in one transaction, and gets a greater id than those
    before. So facts that were read after a change had been seen hold until a greater one is.
    None where they are too many, and inside a transaction, whose changes may be taken back and
    their ids given again.
    """
    global _last
    if len(changes) > MOST or connection.in_atomic_block:
        return None
    known = _last
    if known.changes == changes:
        return known
    new = {pk for pk, change in changes.items() if known.changes.get(pk) != change}
    facts = {pk: each for pk, each in known.facts.items() if pk in changes and pk not in new}
    if new:
        rows = apps.get_model("gallery", "Image").objects.filter(pk__among=array("q", new))
        facts |= {each.id: each for each in rows.facts()}
    unmerged = _last = Unmerged(changes, facts, by_segment(changes))
    return unmerged


def forget() -> None:
    global _last
    _last = _NONE
