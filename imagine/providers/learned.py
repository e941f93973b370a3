"""Remembers what an upstream turned out not to support, so that it is not asked for it again."""

import re
import time
from dataclasses import dataclass, field
from enum import StrEnum

from .base import ProviderError
from .verdicts import Verdict

DAY = 86_400.0
"""Seconds after which it is tried again: upstreams are upgraded."""

MOST = 1000
"""Models that are remembered; their names come from clients."""


class Lack(StrEnum):
    """A part of a request that some upstreams do not support."""

    STREAMS = "streams"
    SEVERAL = "several pictures at once"
    FORMS = "edits as a form"
    PLAIN_IMAGE = "the field image without brackets"
    RATIOS = "ratio and resolution beside a size"


@dataclass(slots=True)
class Learned:
    """The limitations of one upstream, by model. Times are of the monotonic clock."""

    until: dict[tuple[Lack, str], float] = field(default_factory=dict)
    streaming: set[str] = field(default_factory=set)  # models that have streamed

    def lacks(self, lack: Lack, model: str) -> bool:
        return self.until.get((lack, model), 0) > time.monotonic()

    def has_streamed(self, model: str) -> None:
        if len(self.streaming) < MOST:
            self.streaming.add(model)

    def note(self, lack: Lack, model: str) -> None:
        if lack is Lack.STREAMS and model in self.streaming:
            return  # it can, and failed for another reason
        while len(self.until) >= MOST:
            del self.until[next(iter(self.until))]
        self.until[lack, model] = time.monotonic() + DAY


def told_by(error: ProviderError, tried: set[Lack]) -> Lack | None:
    """Return which of the tried features a failure shows to be unsupported.

    LiteLLM asks its own upstream and then fails with a 500 when it should stream.
    """
    text = f"{error} {error.said}".lower()
    refused = error.verdict is Verdict.BAD_REQUEST
    broken = error.verdict is Verdict.FAULT and error.upstream_status in (500, 501)
    found = {
        Lack.STREAMS: broken
        or (refused and (error.param in ("stream", "partial_images") or "stream" in text)),
        Lack.SEVERAL: refused and (error.param == "n" or ONE_ALONE.search(text) is not None),
        Lack.FORMS: error.upstream_status == 415,
        Lack.PLAIN_IMAGE: refused and "image[]" in f"{error.param} {text}",
        Lack.RATIOS: refused
        and (error.param in BESIDE_SIZE or STRANGE_FIELD.search(text) is not None),
    }
    return next((lack for lack, told in found.items() if told and lack in tried), None)


BESIDE_SIZE = ("aspect_ratio", "resolution")
"""Fields that overlap with `size`: some upstreams know only one or the other."""

STRANGE_FIELD = re.compile(
    r"\b(unknown|unrecogni[sz]ed|unsupported|unexpected|extra|additional)\b"
    r"[^.]{0,40}\b(aspect_ratio|resolution)\b"
    r"|\b(aspect_ratio|resolution)\b[^.]{0,40}\bnot (supported|permitted|allowed|known)\b"
)

ONE_ALONE = re.compile(r"\bn\b[^.]{0,40}\b(1|one)\b|\b(one|1|single) image (at a time|per request)")
"""Texts like `n must be 1` and `only n=1 is supported`."""
