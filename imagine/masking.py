"""Texts of an upstream without the secrets that it was sent. Pure but for the settings.

An upstream may repeat what it was asked with: a header, a body, a key as it came, encoded, cut
short or with stars in its middle. Whatever of it is kept or passed on goes through `masked()`.
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
"""Characters of a secret in a row that are never shown, wherever in it they stand."""

STARS = r"(?: \*{2,}+ | •{2,}+ | …++ | \.{2,}+ | \#{3,}+ | <\w++> | \[\w++\] )"
HIDDEN = re.compile(STARS, re.VERBOSE)
STARRED = re.compile(rf"(?<![\w+/=~-]) [\w+/=~-]*+ (?: {STARS} [\w+/=~-]*+ )++", re.VERBOSE)
"""A word of which something was hidden already."""

LOOKS_LIKE_A_KEY = re.compile(r"(?<=\bBearer )[^\s'\"]+|\b(?:sk|xai)-[\w-]{16,}")
"""Keys of somebody else: an upstream's upstream may have one, too."""


class Masker:
    """Takes these secrets out of texts."""

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
        """The text with "…" for every secret, and for every piece of one that tells much of it."""
        text = self._without_pieces(text)
        text = STARRED.sub(self._without_starred, text)
        if self.short is not None:
            text = self.short.sub(MASK, text)
        return LOOKS_LIKE_A_KEY.sub(MASK, text)

    def _without_pieces(self, text: str) -> str:
        if not self.pieces:
            return text
        # A few letters have a small form of two characters.
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
    """The text without our secrets for upstreams, as the settings have them."""
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
    """A secret as it may stand in a text, in small letters."""
    shapes = {secret, quote(secret, safe=""), html.escape(secret)}
    shapes |= {json.dumps(secret)[1:-1], secret.replace("/", "\\/"), secret.encode().hex()}
    raw = secret.encode()
    for before in range(3):
        # Inside of a longer text its base64 depends on where it begins; the ends are the others'.
        encoded = base64.b64encode(b"\0" * before + raw).decode()
        whole = encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        shapes |= {whole, whole.translate(str.maketrans("+/", "-_"))}
    return (shape.lower() for shape in shapes)
