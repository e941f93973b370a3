"""Several keys for one upstream: spread over them, and let one rest that was refused."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .base import ProviderError

REFUSED_SECONDS = 600
"""How long a key that the upstream refused is left alone; it may be valid again by then."""

DEFAULT_REST_SECONDS = 5


@dataclass(slots=True)
class UpstreamKey:
    """One key. Times are of the monotonic clock."""

    secret: str
    in_flight: int = 0
    rests_until: float = 0.0
    refused_until: float = 0.0

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"} if self.secret else {}

    @property
    def prefix(self) -> str:
        """As much of it as may be shown."""
        return self.secret[: min(7, len(self.secret) // 3)]


class KeyRing:
    """The keys of one upstream, as this process knows them.

    Args:
        secrets: separated by commas; where there is none, requests go without a key.
    """

    def __init__(self, secrets: str) -> None:
        self.keys = [UpstreamKey(secret.strip()) for secret in secrets.split(",")]

    @contextmanager
    def taking(self) -> Iterator[UpstreamKey]:
        """The least used key that may be used now.

        Raises:
            ProviderError: 429 while every key rests, with the seconds until the first may go on.
        """
        now = time.monotonic()
        ready = [key for key in self.keys if key.rests_until <= now]
        if not ready:
            seconds = int(min(key.rests_until for key in self.keys) - now) + 1
            raise ProviderError(
                "The upstream asks for fewer requests.",
                status=429,
                type="rate_limit_error",
                code="rate_limit_exceeded",
                retry_after=seconds,
            )
        # A refused key is better than none: the upstream may have changed its mind.
        key = min(ready, key=lambda key: (key.refused_until > now, key.in_flight))
        key.in_flight += 1
        try:
            yield key
        finally:
            key.in_flight -= 1

    def rest(self, key: UpstreamKey, seconds: int | None) -> int:
        """The upstream limits this key; returns for how many seconds it rests."""
        rest = DEFAULT_REST_SECONDS if seconds is None else seconds
        key.rests_until = time.monotonic() + rest
        return rest

    def refuse(self, key: UpstreamKey) -> int:
        """The upstream does not know this key; returns for how many seconds it is left alone."""
        key.refused_until = time.monotonic() + REFUSED_SECONDS
        return REFUSED_SECONDS

    @property
    def has_another(self) -> bool:
        """Whether a key is left that is neither resting nor refused."""
        now = time.monotonic()
        return any(key.rests_until <= now and key.refused_until <= now for key in self.keys)
