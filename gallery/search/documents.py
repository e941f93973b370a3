"""Where the index takes over changes of pictures."""

from collections.abc import Mapping

from ..facts import ImageFacts


def update(*, before: Mapping[int, ImageFacts], after: Mapping[int, ImageFacts]) -> None:
    """Take over a change of pictures, by id, inside its transaction."""
