"""Requests pictures from an upstream, wherever in its answer they are."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import Any

from django.conf import settings

from gallery.files.pictures import MAX_BYTES

from .base import Event
from .fetching import PaidFetcher
from .results import read_body, read_stream
from .upstream import Upstream


class PictureUpstream(Upstream):
    """Requests for pictures to the images API at `base_url`; `secrets` are its keys."""

    def __init__(self, base_url: str, secrets: str) -> None:
        super().__init__(base_url, secrets, settings.IMAGINE_TIMEOUT)
        self.fetcher = PaidFetcher(
            self.http, self.base_url, self.timeout, settings.IMAGINE_TRUSTED_HOSTS
        )

    async def pictures(
        self, path: str, *, model: str, most: int, **content: Any
    ) -> AsyncGenerator[Event, None]:
        """Yield the results of a POST as they come.

        Args:
            model: what makes the pictures, where the answer does not say.
            most: pictures that are asked for; more are not taken.
            content: as `Client.send` takes it.

        Raises:
            ProviderError: there will be no (further) picture.
        """
        async with self.stream(path, **content) as answer:
            # Another key may not fetch what one key has made.
            keys = [answer.key.headers] if answer.key.secret else []
            fetch = partial(self.fetcher.fetch, limit=MAX_BYTES, keys=keys)
            if await answer.is_stream():
                async with aclosing(
                    read_stream(answer.pieces(), model=model, fetch=fetch, most=most)
                ) as events:
                    async for event in events:
                        yield event
                return
            body = await self.read(answer)
            found = read_body(body, model=model, fetch=fetch, most=most, broke_off=answer.broke_off)
            del body  # many megabytes, which are not kept until all pictures are stored
        async with aclosing(found) as events:
            async for event in events:
                yield event

    async def fetch(self, url: str) -> bytes:
        """Return the picture behind a link of an earlier answer, whichever key it was made with.

        Raises:
            ProviderError
        """
        keys = [key.headers for key in self.keys.keys if key.secret]
        return await self.fetcher.fetch(url, MAX_BYTES, keys)
