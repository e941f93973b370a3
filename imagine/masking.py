"""Removes the secrets that we sent to an upstream from texts that it returns.

An upstream may repeat what it was sent: a header, a body, a key as it came, encoded, truncated or
with stars in its middle. Whatever is kept or passed on of it goes through `masked()`, which takes
the secrets from the settings.
"""

import base64
import functools
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, unquote, urlsplit

from django.conf import settings

MASK = "…"

PIECE = 8
"""Successive characters of a secret that are never shown, wherever they stand in it."""

STARS = r"(?: \*{2,}+ | •{2,}+ | …++ | \.{2,}+ | \#{3,}+ | <\w++> | \[\w++\] )"
HIDDEN = re.compile(STARS, re.VERBOSE)
STARRED = re.compile(rf"(?<![\w+/=~-]) [\w+/=~-]*+ (?: {STARS} [\w+/=~-]*+ )++", re.VERBOSE)
"""A word that is partly hidden already."""

LOOKS_LIKE_A_KEY = re.compile(r"(?<=\bBearer )[^\s'\"]+|\b(?:sk|xai)-[\w-]{16,}")
"""Keys of others: an upstream's upstream may have one, too."""


class Masker:
    """Removes a set of secrets from texts."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found = {secret for secret in secrets if secret}
        self.long = [secret.lower() for secret in found if len(secret) >= PIECE]
        self.pieces = {
            shape[start : start + PIECE]
            for secret in found
            for shape in _shapes(secret)
            for start in range(len(shape) - PIECE + 1)
        }
        short = sorted((re.escape(one) for one in found if len(one) < PIECE), key=len, reverse=True)
        self.short = re.compile(rf"(?<![\w-])(?:{'|'.join(short)})(?![\w-])") if short else None

    def mask(self, text: str) -> str:
        """Replace every secret, and every piece of one that reveals much of it, by "…"."""
        text = self._without_pieces(text)
        text = STARRED.sub(self._without_starred, text)
        if self.short is not None:
            text = self.short.sub(MASK, text)
        return LOOKS_LIKE_A_KEY.sub(MASK, text)

    def _without_pieces(self, text: str) -> str:
        if not self.pieces:
            return text
        # A few letters have a lower-case form of two characters.
        lower = "".join(one if len(one) == 1 else "?" for one in map(str.lower, text))
        kept: list[str] = []
        end = 0  # of what is kept or masked
        start = 0
        while start <= len(lower) - PIECE:
            if lower[start : start + PIECE] not in self.pieces:
                start += 1
                continue
            kept += (text[end:start], MASK)
            end = start + PIECE
            start += 1
            while lower[start : start + PIECE] in self.pieces:
                end = start + PIECE
                start += 1
            start = end
        return "".join((*kept, text[end:]))

    def _without_starred(self, match: re.Match[str]) -> str:
        shown = HIDDEN.split(match[0].lower())
        of_ours = any(all(part in secret for part in shown) for secret in self.long)
        return MASK if of_ours and max(map(len, shown)) > 1 else match[0]


def masked(text: str) -> str:
    """Remove our secrets for upstreams, as the settings have them."""
    return _masker(
        settings.XAI_API_KEY,
        settings.IMAGINE_UPSTREAM_KEY,
        settings.XAI_BASE_URL,
        settings.IMAGINE_UPSTREAM_URL,
    ).mask(text)


@functools.lru_cache(maxsize=8)
def _masker(xai_keys: str, upstream_keys: str, *addresses: str) -> Masker:
    keys = [key.strip() for key in f"{xai_keys},{upstream_keys}".split(",")]
    passwords = [unquote(urlsplit(address).password or "") for address in addresses]
    return Masker(keys + passwords)


def _shapes(secret: str) -> Iterator[str]:
    """Return the forms in which a secret may stand in a text, in lower case."""
    shapes = {secret, quote(secret, safe=""), html.escape(secret)}
    shapes |= {json.dumps(secret)[1:-1], secret.replace("/", "\\/"), secret.encode().hex()}
    raw = secret.encode()
    for before in range(3):
        # Inside a longer text, base64 depends on the offset, and the ends mix with neighbours.
        encoded = base64.b64encode(b"\0" * before + raw).decode()
        whole = encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        shapes |= {whole, whole.translate(str.maketrans("+/", "-_"))}
    return (shape.lower() for shape in shapes)
