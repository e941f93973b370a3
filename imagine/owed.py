"""What a generation under way was paid for and has not got yet: see `quarantine`."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from django.db import Error as DatabaseError

from . import quarantine
from .formats import TEXT, media_type
from .models import Generation
from .providers.base import BrokenImage, FoundLink, GeneratedImage
from .records import StoredImage
from .threads import in_storing_thread, in_thread

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Owed:
    """The links of one generation, by the index of their picture.

    Writing them down is tried: where the database fails, the picture may still come.
    """

    rows: dict[int, int] = field(default_factory=dict)

    async def expect(self, generation: Generation, link: FoundLink) -> None:
        """A link is being fetched."""
        try:
            self.rows[link.index] = await in_thread(quarantine.keep_link, generation, link)
        except DatabaseError:
            logger.exception("A link of generation %s was not written down", generation.pk)

    def settling(self, index: int) -> Callable[[], object] | None:
        """What is to be done in the transaction that stores this picture."""
        pk = self.rows.get(index)
        return None if pk is None else partial(quarantine.strike_out, pk)

    async def broken(self, generation: Generation, image: BrokenImage) -> None:
        """One picture did not come; its link, or what came for it, is kept."""
        try:
            if (pk := self.rows.get(image.index)) is not None:
                await in_thread(quarantine.explain, pk, str(image.error))
            elif image.data:
                await in_storing_thread(
                    quarantine.keep_bytes,
                    generation,
                    index=image.index,
                    data=image.data,
                    reason=str(image.error),
                )
        except (OSError, DatabaseError):
            logger.exception("What came for generation %s was not kept", generation.pk)

    async def unreadable(self, generation: Generation, image: GeneratedImage, reason: str) -> bool:
        """Keep bytes that are no picture that the library knows; whether they are kept."""
        try:
            await in_storing_thread(
                quarantine.keep_bytes,
                generation,
                index=image.index,
                data=image.data,
                reason=reason,
                instead_of=self.rows.get(image.index),
                model=image.model[:100],
                revised_prompt=image.revised_prompt,
            )
        except (OSError, DatabaseError):
            logger.exception("What came for generation %s was not kept", generation.pk)
            return False
        return True


def for_client(image: GeneratedImage) -> StoredImage | None:
    """What the client gets of bytes that the library cannot read.

    None where they are no picture to anybody, but a text.
    """
    found = media_type(image.data)
    if found == TEXT:
        return None
    return StoredImage(
        index=image.index,
        data=image.data,
        content_type=found,
        width=0,
        height=0,
        model=image.model,
        revised_prompt=image.revised_prompt,
    )
