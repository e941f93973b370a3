"""One picture in front of its list: what is shown of it, and what lies beside it."""

from dataclasses import dataclass
from typing import Any

from ..listing import find_neighbours
from ..models import Image
from .state import ListState


@dataclass(frozen=True, slots=True)
class Detail:
    """A picture with the ids of its neighbours in the list's order."""

    image: Image
    previous: int | None
    next: int | None

    @property
    def parameters(self) -> list[tuple[str, Any]]:
        """What the file itself says of how it was made, as (name, value)."""
        return [
            (name, value) for name, value in self.image.metadata.items() if value not in ("", None)
        ]


def show_detail(image: Image, state: ListState, *, page_ids: list[int]) -> Detail:
    """The picture, also one that the list's filters leave out, and its neighbours.

    Inside of the page that is shown (`page_ids`) nothing is asked of the database.
    """
    if image.pk in page_ids[1:-1]:
        place = page_ids.index(image.pk)
        return Detail(image, previous=page_ids[place - 1], next=page_ids[place + 1])
    if state.criteria is None:
        return Detail(image, previous=None, next=None)
    previous, following = find_neighbours(state.criteria, image)
    return Detail(image, previous=previous, next=following)
