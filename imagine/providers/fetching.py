"""Fetches pictures behind links at once: an upstream's links expire within the hour."""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, cycle, repeat
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import aiohttp
from aiohttp import ClientResponse
from yarl import URL

from imagine.masking import masked

from .base import ProviderError
from .bodies import foreign_encoding
from .client import Client, is_success

MAX_REDIRECTS = 3
MAX_LINK = 8192
"""Characters of a link; normalising a long host name takes time."""
WAITING = (408, 425, 429)
"""Statuses that mean too early, or too much."""

FETCH_SECONDS = 60
PAUSES = (0.5, 2.0)
"""Seconds before another attempt at a link that does not answer."""

PAID_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""The same for a picture that was paid for; the last pause repeats."""

REFUSING_SECONDS = 30.0
"""How long a link is retried that answers, but not with the picture."""

_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
PATH_SAFE = _PRINTABLE.translate(dict.fromkeys(map(ord, '"#<>?`{}')))
QUERY_SAFE = _PRINTABLE.translate(dict.fromkeys(map(ord, '"#<>')))
"""Characters that browsers leave unescaped; `%xx` is kept, since it may be signed."""

TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""NAT64, which makes an IPv4 address of the last 32 bits (RFC 6052)."""

GIVEN_OUT = ipaddress.IPv6Network("2000::/3")
"""The only IPv6 addresses that belong to somebody on the internet. All others are scoped, local,
compatible, multicast, translated by networks for themselves, or unassigned."""

SPECIAL = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))
"""Exceptions within these: protocols (Teredo, ORCHID, benchmarks) and documentation, from IANA's
registry of special-purpose addresses."""

RELAYS = ipaddress.IPv4Network("192.88.99.0/24")
"""Relays into 6to4, which were abolished (RFC 7526)."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Headers for one server and no other."""

    origin: str
    headers: Mapping[str, str]


class NotYet(ProviderError):
    """A link gave no picture, but may in a moment. `refused`: it answered, but with something
    else."""

    def __init__(self, message: str, *, refused: bool) -> None:
        super().__init__(message, code="picture_unavailable", upstream_status=200)
        self.refused = refused


class Fetcher:
    """Downloads from the internet, and from hosts that the administrator has named.

    Whoever may write a link could otherwise have this server read from its own network: the
    address is looked up once, refused where it is not public, and then connected to as it is.

    Args:
        trusted: `host` or `host:port` of servers that may be on a private network.
    """

    def __init__(self, http: Client, trusted: Collection[str] = ()) -> None:
        self.http = http
        self.trusted = frozenset(trusted)

    async def fetch(self, url: str, limit: int) -> bytes:
        """Return the bytes behind a link, at most `limit`.

        Raises:
            ProviderError: code `picture_unavailable`; it was tried three times where that may help.
        """
        for pause in (*PAUSES, None):
            try:
                async with asyncio.timeout(FETCH_SECONDS):
                    return await self._follow(url, limit)
            except NotYet as error:
                if error.refused or pause is None:
                    raise
            except TimeoutError:
                if pause is None:
                    raise _silent() from None
            await asyncio.sleep(pause or 0)
        raise _silent()

    async def _follow(self, url: str, limit: int, credentials: Credentials | None = None) -> bytes:
        """Fetch once; `credentials` are sent until a redirect leaves their origin."""
        for _ in range(MAX_REDIRECTS + 1):
            if len(url) > MAX_LINK:
                raise unavailable(f"The picture's link is longer than {MAX_LINK} characters.")
            if credentials is not None and origin(url) != credentials.origin:
                credentials = None
            try:
                response = await self._open(url, credentials.headers if credentials else {})
                try:
                    elsewhere = response.headers.get("location", "")
                    if not (300 <= response.status < 400 and elsewhere):
                        return await _read(response, limit)
                    url = urljoin(url, elsewhere)
                finally:
                    response.close()
            except ValueError:  # whoever reads an address finds other things wrong with it
                raise unavailable("The picture's link is no address.") from None
            except aiohttp.ClientError as error:
                if foreign := foreign_encoding(error):
                    text = "The picture's link answers in an encoding that was not asked for: "
                    raise NotYet(f"{text}{foreign}.", refused=True) from None
                # Its repr would show headers.
                name = type(error).__name__
                logger.warning("A picture could not be fetched: %s %r", name, masked(str(error)))
                raise _silent() from None
        raise unavailable("The picture's link leads to too many others.")

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Send JSON once and return the answer's status, without following redirects.

        Raises:
            ProviderError: nobody is there, or it is no public address.
        """
        target, named = await locate(url, self.trusted)
        sent = {**headers, **named.pop("headers", {})}
        try:
            response = await self.http.send("POST", target, headers=sent, body=body, **named)
        except aiohttp.ClientError:
            raise unavailable("Nobody answers there.") from None
        response.close()
        return response.status

    async def _open(self, url: str, headers: Mapping[str, str]) -> ClientResponse:
        target, named = await locate(url, self.trusted)
        sent = {**headers, **named.pop("headers", {})}
        return await self.http.send("GET", target, headers=sent, again=True, **named)


async def locate(url: str, trusted: Collection[str]) -> tuple[URL, dict[str, Any]]:
    """Resolve a link to an address, with the `headers` and `server_name` to send.

    Raises:
        ProviderError: it leads nowhere, or into a network that is not public nor trusted.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        escaped = parts._replace(
            path=quote(parts.path, PATH_SAFE), query=quote(parts.query, QUERY_SAFE), fragment=""
        )
    except ValueError:
        raise unavailable("The picture's link is not valid.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise unavailable("The picture's link is not an http or https address.")
    named: dict[str, Any] = {}
    if not {f"{parts.hostname}:{port}", parts.hostname} & set(trusted):
        address = await _public_address(parts.hostname, port)
        netloc = f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
        escaped = escaped._replace(netloc=netloc)
        host = parts.netloc.rpartition("@")[2].encode("idna").decode()
        named = {"headers": {"Host": host}, "server_name": parts.hostname}
    return URL(escaped.geturl(), encoded=True), named


class PaidFetcher(Fetcher):
    """Fetches what an upstream was paid for, again and again until `seconds` are over.

    Args:
        base_url: the upstream's address, which links may be relative to; its own origin, and no
            other, is told the key where it gives nothing without.
        seconds: the longest that one link is waited for, be there as many as there may.
    """

    def __init__(
        self, http: Client, base_url: str, seconds: float, trusted: Collection[str] = ()
    ) -> None:
        super().__init__(http, (*trusted, host_and_port(base_url)))
        self.base_url = base_url.rstrip("/") + "/"
        self.origin = origin(base_url)
        self.seconds = seconds

    async def fetch(self, url: str, limit: int, keys: Sequence[Mapping[str, str]] = ()) -> bytes:
        """Return the bytes behind a link, at most `limit`.

        Args:
            keys: headers, each with a key of ours for the upstream.

        Raises:
            ProviderError: code `picture_unavailable`.
        """
        try:
            url = urljoin(self.base_url, url.strip())
        except ValueError:
            raise unavailable("The picture's link is not valid.") from None
        ways = [None, *(Credentials(self.origin, headers) for headers in keys)]
        if origin(url) != self.origin:
            ways = [None]
        now = asyncio.get_running_loop().time
        began = now()
        pauses = chain(PAID_PAUSES, repeat(PAID_PAUSES[-1]))
        last: ProviderError = _silent()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.seconds):
                for number, way in enumerate(cycle(ways)):
                    try:
                        # One attempt must not use up the time of the others.
                        async with asyncio.timeout(self.seconds / 4 if number < 2 else None):
                            return await self._follow(url, limit, way)
                    except NotYet as error:
                        last = error
                        if error.refused and now() - began > REFUSING_SECONDS:
                            break
                    except TimeoutError:
                        last = _silent()
                    if number >= len(ways) - 1:
                        await asyncio.sleep(next(pauses))
        raise last


def host_and_port(url: str) -> str:
    """Return `host:port` of an address, as `Fetcher` trusts them."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def origin(url: str) -> str:
    """Return scheme, host and port; empty if it has none."""
    try:
        return f"{urlsplit(url).scheme}://{host_and_port(url)}"
    except ValueError:
        return ""


def unavailable(message: str) -> ProviderError:
    return ProviderError(message, code="picture_unavailable", upstream_status=200)


def _silent() -> NotYet:
    return NotYet("The picture's link does not answer.", refused=False)


async def _public_address(host: str, port: int) -> Address:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotYet(f"The picture's host is not known: {host}.", refused=True) from None
    for *_, address in found:
        candidate = ipaddress.ip_address(str(address[0]).partition("%")[0])
        if _is_public(candidate):
            return candidate
    raise unavailable(f"The picture's host is not a public one: {host}.")


def _is_public(address: Address) -> bool:
    """Return whether an address is public, also as the IPv4 address inside an IPv6 one."""
    if isinstance(address, ipaddress.IPv6Address):
        within = address.ipv4_mapped or address.sixtofour
        if address in TRANSLATED:
            within = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if within is not None:
            return _is_public(within)
        return address in GIVEN_OUT and not any(address in each for each in SPECIAL)
    return address.is_global and not address.is_multicast and address not in RELAYS


async def _read(response: ClientResponse, limit: int) -> bytes:
    if not is_success(response):
        text = f"The picture's link answers with HTTP status {response.status}."
        raise NotYet(text, refused=response.status < 500 and response.status not in WAITING)
    pieces, length = [], 0
    async for piece in response.content.iter_any():
        length += len(piece)
        if length > limit:
            raise unavailable(f"The picture is larger than {limit // 1024 // 1024} MB.")
        pieces.append(piece)
    data = b"".join(pieces)
    if _is_page(data):
        raise NotYet("The picture's link answers with a page instead of it.", refused=True)
    return data


def _is_page(data: bytes) -> bool:
    """Return whether this is text for people or programs, served with a picture's status."""
    head = data[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    is_text = head.startswith((b"<!doctype html", b"<html", b"{", b"["))
    return not head or (is_text and b"<svg" not in head)
