"""Pictures behind links, fetched at once: an upstream's links are gone within the hour."""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Collection
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import aiohttp
from aiohttp import ClientResponse
from yarl import URL

from .base import ProviderError
from .client import Client, is_success

MAX_REDIRECTS = 3
PAUSES = (0.5, 2.0)
FETCH_SECONDS = 60

_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
PATH_SAFE = _PRINTABLE.translate(dict.fromkeys(map(ord, '"#<>?`{}')))
QUERY_SAFE = _PRINTABLE.translate(dict.fromkeys(map(ord, '"#<>')))
"""What stands for itself, as browsers have it; `%xx` stays what it is, since it may be signed."""

TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""NAT64 makes an IPv4 address of the last 32 bits (RFC 6052)."""

TRANSLATED_LOCALLY = ipaddress.IPv6Network("64:ff9b:1::/48")
"""What stands where is each network's own affair (RFC 8215)."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

logger = logging.getLogger(__name__)


class Fetcher:
    """Downloads from the internet, and from the hosts that the administrator named.

    Whoever may write a link could otherwise have this server read from its own network: the
    address is looked up once, refused where it is not public, and then connected to as it is.

    Args:
        trusted: `host:port` of servers that may be on a private network.
    """

    def __init__(self, http: Client, trusted: Collection[str] = ()) -> None:
        self.http = http
        self.trusted = frozenset(trusted)

    async def fetch(self, url: str, limit: int) -> bytes:
        """The bytes behind a link, at most `limit`.

        Raises:
            ProviderError: code `picture_unavailable`; it was tried three times where that may help.
        """
        for pause in (*PAUSES, None):
            try:
                async with asyncio.timeout(FETCH_SECONDS):
                    return await self._follow(url, limit)
            except (aiohttp.ClientError, TimeoutError) as error:
                # Its repr would show headers.
                name = type(error).__name__
                logger.warning("A picture could not be fetched: %s %r", name, str(error))
                if pause is not None:
                    await asyncio.sleep(pause)
        raise unavailable("The picture's link does not answer.")

    async def _follow(self, url: str, limit: int) -> bytes:
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._open(url)
            try:
                if not 300 <= response.status < 400:
                    return await _read(response, limit)
                url = urljoin(url, response.headers.get("location", ""))
            finally:
                response.close()
        raise unavailable("The picture's link leads to too many others.")

    async def _open(self, url: str) -> ClientResponse:
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
        if f"{parts.hostname}:{port}" not in self.trusted:
            address = await _public_address(parts.hostname, port)
            netloc = f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
            escaped = escaped._replace(netloc=netloc)
            host = parts.netloc.rpartition("@")[2].encode("idna").decode()
            named = {"headers": {"Host": host}, "server_name": parts.hostname}
        return await self.http.send("GET", URL(escaped.geturl(), encoded=True), again=True, **named)


def origin(url: str) -> str:
    """`host:port` of an address, as `Fetcher` trusts them."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def unavailable(message: str) -> ProviderError:
    return ProviderError(message, code="picture_unavailable", upstream_status=200)


async def _public_address(host: str, port: int) -> Address:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise unavailable(f"The picture's host is not known: {host}.") from None
    for *_, address in found:
        candidate = ipaddress.ip_address(str(address[0]).partition("%")[0])
        if _is_public(candidate):
            return candidate
    raise unavailable(f"The picture's host is not a public one: {host}.")


def _is_public(address: Address) -> bool:
    """Also as the IPv4 address that a network makes of an IPv6 one."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in TRANSLATED_LOCALLY:
            return False
        within = address.ipv4_mapped or address.sixtofour
        if address in TRANSLATED:
            within = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if within is not None and not _is_public(within):
            return False
    return address.is_global and not address.is_multicast


async def _read(response: ClientResponse, limit: int) -> bytes:
    if not is_success(response):
        raise unavailable(f"The picture's link answers with HTTP status {response.status}.")
    pieces, length = [], 0
    async for piece in response.content.iter_any():
        length += len(piece)
        if length > limit:
            raise unavailable(f"The picture is larger than {limit // 1024 // 1024} MB.")
        pieces.append(piece)
    return b"".join(pieces)
