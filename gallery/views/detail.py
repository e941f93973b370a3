"""Shows one picture in front of its list, with its neighbours."""

from dataclasses import dataclass

from ..models import Image
from ..search.listing import find_neighbours
from .parameters import Fact, facts_of, parents_of
from .state import ListState


@dataclass(frozen=True, slots=True)
class Detail:
    """A picture with the ids of its neighbours in the list's order."""

    image: Image
    previous: int | None
    next: int | None

    @property
    def parameters(self) -> list[Fact]:
        """Everything known of how it was made, as (name, value)."""
        return facts_of(self.image.metadata)

    @property
    def parents(self) -> list[int]:
        """Ids of the pictures that it was made from."""
        return parents_of(self.image.metadata)


def show_detail(image: Image, state: ListState, *, page_ids: list[int]) -> Detail:
    """Return the picture, even if the list's filters leave it out, and its neighbours.

    Neighbours within the current page (`page_ids`) cost no query.
    """
    if image.pk in page_ids[1:-1]:
        place = page_ids.index(image.pk)
        return Detail(image, previous=page_ids[place - 1], next=page_ids[place + 1])
    if state.criteria is None or getattr(image, state.criteria.sort_by) is None:
        return Detail(image, previous=None, next=None)  # in an order that it has no place in
    previous, following = find_neighbours(state.criteria, image)
    return Detail(image, previous=previous, next=following)
