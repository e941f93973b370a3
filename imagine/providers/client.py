"""The HTTP client of the providers: how it connects, what it keeps, and what it never does.

It follows no redirect, keeps no cookie, and repeats no request unless told to.
"""

import asyncio
import functools
import io
import platform
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
import orjson
import truststore
from aiohttp.client_proto import ResponseHandler
from yarl import URL

KEEP_ALIVE_SECONDS = 5
"""How long an idle connection is kept. Many servers close theirs later than that."""

READ_BUFFER = 64 * 1024
"""Bytes of an unread answer in memory; the rest waits in its socket."""

LONGEST_HEADER = 100 * 1024
MOST_HEADERS = 1000

ENCODINGS = "gzip, deflate"
"""Encodings that can be decoded everywhere: aiohttp's own default depends on what is installed."""

SENT_WHOLE = 1024 * 1024
"""Bytes of a body that are written at once; a longer one is sent in pieces."""

LOOKS_AT_SOCKETS = 4
"""Rounds of the event loop until a closed connection is noticed; TLS takes three."""

FormFile = tuple[str, tuple[str, bytes, str]]
"""A field with file name, content and media type."""


class _Wire(ResponseHandler):
    """A connection that tells the reader of an answer when it is lost.

    aiohttp takes the reset of a connection for the regular end of an answer without a length, and
    lets its reader wait for ever if the middle of an answer is not valid HTTP.
    """

    def connection_lost(self, exc: BaseException | None) -> None:
        answer = self._payload
        if answer is not None and exc is not None and not answer.is_eof():
            answer.set_exception(aiohttp.ClientPayloadError(f"The connection was lost: {exc}"))
        super().connection_lost(exc)
        if answer is not None and not answer.is_eof() and answer.exception() is None:
            answer.set_exception(aiohttp.ClientPayloadError("The answer is not HTTP."))


class _Connector(aiohttp.TCPConnector):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        wire: type[ResponseHandler] = _Wire
        self._factory = functools.partial(wire, loop=self._loop)


class Client:
    """Connections to servers, created inside the event loop that uses them.

    Args:
        connecting: seconds to establish a connection.
        silence: seconds between two bytes of an answer; None for no limit.
    """

    def __init__(self, connecting: float, silence: float | None = None) -> None:
        self.proxies = getproxies()
        self.session = aiohttp.ClientSession(
            connector=_Connector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS, ssl=trust()),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "grok2api-gallery", "Accept-Encoding": ENCODINGS},
            timeout=aiohttp.ClientTimeout(total=None, connect=connecting, sock_read=silence),
            read_bufsize=READ_BUFFER,
            max_line_size=LONGEST_HEADER,
            max_field_size=LONGEST_HEADER,
            max_headers=MOST_HEADERS,
        )

    async def aclose(self) -> None:
        await self.session.close()

    async def send(
        self,
        method: str,
        url: URL,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        body: bytes | None = None,
        data: Mapping[str, Any] | None = None,
        files: Sequence[FormFile] = (),
        server_name: str | None = None,
        again: bool = False,
    ) -> aiohttp.ClientResponse:
        """Return the head of the answer, which has to be closed.

        Args:
            json: the body; or
            body: JSON as it is to be sent; or
            data: a form's fields, and `files` with them.
            server_name: whose certificate it has to be, where that is not the address's host.
            again: whether it may be sent once more where no answer came.

        Raises:
            aiohttp.ClientError, TimeoutError
        """
        sent = dict(headers or {})
        content: Any = body
        if data is not None:
            content = form(data, files)
        elif json is not None or body is not None:
            sent["Content-Type"] = "application/json"
            content = orjson.dumps(json) if body is None else body
            if len(content) > SENT_WHOLE:
                content = io.BytesIO(content)
        # An idle connection that its server has closed must not be taken for this request, which
        # could not be sent again. The event loop sees that when it looks at its sockets.
        for _ in range(LOOKS_AT_SOCKETS):
            await asyncio.sleep(0)
        return await self.session.request(
            method,
            url,
            headers=sent,
            data=content,
            allow_redirects=False,
            proxy=self._proxy(url),
            server_hostname=server_name,
            middlewares=() if again else (_sent_once,),
        )

    def _proxy(self, url: URL) -> URL | None:
        """Return the proxy from HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, or the
        system's."""
        proxy = self.proxies.get(url.scheme) or self.proxies.get("all")
        if not proxy or proxy_bypass(url.host or ""):
            return None
        way = URL(proxy if "://" in proxy else f"http://{proxy}")
        if way.scheme not in ("http", "https"):
            raise aiohttp.InvalidURL(way, "only HTTP proxies are known")
        return way


def is_success(response: aiohttp.ClientResponse) -> bool:
    return 200 <= response.status < 300


async def _sent_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating what is lost in these two ways, as it does unless it is a
    POST."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(str(error)) from error


def form(fields: Mapping[str, Any], files: Sequence[FormFile]) -> aiohttp.MultipartWriter:
    """Build a multipart form as browsers do: no header for a text, the media type for a file."""
    writer = aiohttp.MultipartWriter("form-data")

    def add(content: Any, media_type: str | None = None, **names: str) -> None:
        part = writer.append(content)
        part.headers.clear()
        part.set_content_disposition("form-data", quote_fields=False, **names)
        if media_type is not None:
            part.headers["Content-Type"] = media_type

    for name, value in fields.items():
        add(str(value).lower() if isinstance(value, bool) else str(value), name=name)
    for name, (filename, content, media_type) in files:
        add(io.BytesIO(content), media_type, name=name, filename=filename)
    return writer


@functools.cache
def trust() -> ssl.SSLContext:
    """Return the system's certificates, or those of SSL_CERT_FILE and SSL_CERT_DIR."""
    paths = ssl.get_default_verify_paths()
    named = {paths.cafile, paths.capath} - {None, paths.openssl_cafile, paths.openssl_capath}
    # OpenSSL does not read a folder whose files are not named by hash.
    found = paths.cafile or (paths.capath and any(Path(paths.capath).glob("????????.[0-9]")))
    context: ssl.SSLContext
    if named or (found and platform.system() not in ("Darwin", "Windows")):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_default_certs()
    else:
        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["http/1.1"])
    return context
