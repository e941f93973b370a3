"""Pictures behind links, fetched at once: an upstream's links are gone within the hour."""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Collection
from urllib.parse import urljoin, urlsplit

import httpx2

from .base import ProviderError

MAX_REDIRECTS = 3
PAUSES = (0.5, 2.0)
FETCH_SECONDS = 60

logger = logging.getLogger(__name__)


class Fetcher:
    """Downloads from the internet, and from the hosts that the administrator named.

    Whoever may write a link could otherwise have this server read from its own network: the
    address is looked up once, refused where it is not public, and then connected to as it is.

    Args:
        trusted: `host:port` of servers that may be on a private network.
    """

    def __init__(self, http: httpx2.AsyncClient, trusted: Collection[str] = ()) -> None:
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
            except (httpx2.TransportError, httpx2.DecodingError, TimeoutError) as error:
                logger.warning("A picture could not be fetched: %r", error)
                if pause is not None:
                    await asyncio.sleep(pause)
        raise unavailable("The picture's link does not answer.")

    async def _follow(self, url: str, limit: int) -> bytes:
        for _ in range(MAX_REDIRECTS + 1):
            request = await self._request(url)
            response = await self.http.send(request, stream=True)
            try:
                if not response.is_redirect:
                    return await _read(response, limit)
                url = urljoin(url, response.headers.get("location", ""))
            finally:
                await response.aclose()
        raise unavailable("The picture's link leads to too many others.")

    async def _request(self, url: str) -> httpx2.Request:
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            raise unavailable("The picture's link is not valid.") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise unavailable("The picture's link is not an http or https address.")
        if f"{parts.hostname}:{port}" in self.trusted:
            return self.http.build_request("GET", url)
        address = await _public_address(parts.hostname, port)
        netloc = f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
        return self.http.build_request(
            "GET",
            parts._replace(netloc=netloc, fragment="").geturl(),
            headers={"Host": parts.netloc.rpartition("@")[2]},
            extensions={"sni_hostname": parts.hostname},
        )


def origin(url: str) -> str:
    """`host:port` of an address, as `Fetcher` trusts them."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def unavailable(message: str) -> ProviderError:
    return ProviderError(message, code="picture_unavailable", upstream_status=200)


async def _public_address(host: str, port: int) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise unavailable(f"The picture's host is not known: {host}.") from None
    for *_, address in found:
        candidate = ipaddress.ip_address(str(address[0]).partition("%")[0])
        if candidate.is_global and not candidate.is_multicast:
            return candidate
    raise unavailable(f"The picture's host is not a public one: {host}.")


async def _read(response: httpx2.Response, limit: int) -> bytes:
    if not response.is_success:
        raise unavailable(f"The picture's link answers with HTTP status {response.status_code}.")
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > limit:
            raise unavailable(f"The picture is larger than {limit // 1024 // 1024} MB.")
    return bytes(body)
