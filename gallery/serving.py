"""Serves stored files over HTTP: ETag, ranges, and nothing that a browser could run."""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from urllib.parse import quote

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header, parse_etags

from .files import pictures
from .files.metadata.formats import WEBP
from .jobs import thumbnails
from .models import Image
from .transfer.export import Archive

CHUNK = 256 * 1024

RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
"""A single range; a request for several may be answered with everything (RFC 9110, 14.2)."""


def serve_file(
    request: HttpRequest,
    *,
    name: str,
    content_type: str,
    download_name: str = "",
    public_for: int | None = None,
    lasting: bool = True,
    edition: str = "",
) -> HttpResponseBase:
    """Serve the stored file `name`, or the part of it that the request asks for.

    A stored file never changes (its name is a uuid), so its name is its ETag and it may be cached
    for ever; if it is `public_for` so many seconds, then so long by shared caches, too. A file that
    is remade under its name has an `edition`: it is cached if the address names that (`lasting`),
    and revalidated otherwise.

    Raises:
        Http404: the storage has no such file.
    """
    etag = f'"{name.rpartition("/")[2]}{edition}"'
    keeping = "private, " + ("max-age=31536000, immutable" if lasting else "no-cache")
    if public_for is not None:
        keeping = f"public, max-age={public_for}"
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": keeping,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    if download_name:
        headers["Content-Disposition"] = content_disposition_header(True, download_name) or ""
    if settings.X_ACCEL_REDIRECT:
        return _leave_to_nginx(name, content_type, headers)
    if status := unmet_precondition(request.headers, etag):
        # A client with the file's ETag has the file; others may ask for one that is lost.
        is_named = etag in request.headers.get("If-None-Match", "")
        if not is_named and not default_storage.exists(name):
            raise Http404("The picture's file is missing.")
        return HttpResponse(status=status, headers=headers if status == 304 else {"ETag": etag})
    try:
        file = default_storage.open(name)
        size = file.size
    except FileNotFoundError:
        raise Http404("The picture's file is missing.") from None
    start, stop, status = 0, size, 200
    # Ranges are defined for GET alone. If-Range compares strongly, so neither a weak ETag nor a
    # date (no file tells one) is this file's (RFC 9110, 13.1.5 and 14.2).
    if request.method == "GET" and request.headers.get("If-Range", etag) == etag:
        span = parse_range(request.headers.get("Range", ""), size)
        if span is not None:
            start, stop = span
            if start >= stop:
                file.close()
                return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
            status = 206
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    response = StreamingHttpResponse(
        _Chunks(file, start, stop), status=status, content_type=content_type, headers=headers
    )
    response["Content-Length"] = str(stop - start)
    return response


def serve_thumbnail(request: HttpRequest, image: Image, *, large: bool = False) -> HttpResponseBase:
    """Serve the picture's thumbnail or its large one, making it if it is missing.

    A picture that is no larger than a thumbnail has no large one.

    Raises:
        Http404: the picture's file is missing or damaged.
    """
    file = image.file.name or ""
    large = large and max(image.width, image.height) > pictures.THUMBNAIL_SIDE
    serve = partial(
        serve_file,
        request,
        content_type=WEBP.media_type,
        lasting=request.GET.get("v") == image.thumbnail_v,
        edition=f"-{image.thumbnail_version}",
    )
    try:
        return serve(
            name=pictures.large_thumbnail_name(file) if large else image.thumbnail.name or ""
        )
    except Http404:
        pass  # not made yet, or lost
    try:
        name = thumbnails.make_large(image) if large else thumbnails.make(image)
    except (FileNotFoundError, pictures.UnreadablePicture):
        raise Http404("The picture's file is missing or damaged.") from None
    return serve(name=name)


def _leave_to_nginx(name: str, content_type: str, headers: dict[str, str]) -> HttpResponse:
    """Return the head of an answer whose body, ranges and preconditions are left to nginx.

    nginx keeps the headers about type, disposition and caching. It makes an ETag of its own, and
    its example configuration sets the policy again.

    Raises:
        Http404
    """
    if not default_storage.exists(name):
        raise Http404("The picture's file is missing.")
    headers["X-Accel-Redirect"] = settings.X_ACCEL_REDIRECT + quote(name)
    return HttpResponse(content_type=content_type, headers=headers)


def serve_archive(archive: Archive) -> StreamingHttpResponse:
    """Serve an archive as a download whose length is known from the start."""
    return StreamingHttpResponse(
        archive,
        content_type="application/zip",
        headers={
            "Content-Length": str(archive.size),
            "Content-Disposition": content_disposition_header(True, archive.name) or "",
            "Cache-Control": "no-store",
        },
    )


def unmet_precondition(headers: Mapping[str, str], etag: str) -> int:
    """Return the status for a precondition that is not met, else 0 (RFC 9110, 13.2.2).

    Preconditions on dates are ignored, as they must be without `Last-Modified`.
    """
    if "If-Match" in headers and not {"*", etag} & set(parse_etags(headers["If-Match"])):
        return 412
    known = {tag.removeprefix("W/") for tag in parse_etags(headers.get("If-None-Match", ""))}
    return 304 if {"*", etag} & known else 0


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first byte and the one after the last, or None to send everything.

    An empty span (start ≥ stop) is a range that cannot be satisfied.
    """
    match = RANGE.fullmatch(header.replace(" ", ""))
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        length = int(last)
        return (max(0, size - length), size) if length else (0, 0)
    if last and int(last) < int(first):
        return None
    return int(first), min(size, int(last) + 1) if last else size


class _Chunks:
    """The bytes from `start` to before `stop`. It closes the file, even if nobody reads it."""

    def __init__(self, file: "File[bytes]", start: int, stop: int) -> None:
        self.file = file
        self.remaining = stop - start
        file.seek(start)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = self.file.read(min(CHUNK, self.remaining)) if self.remaining > 0 else b""
        if not chunk:
            raise StopIteration
        self.remaining -= len(chunk)
        return chunk

    def close(self) -> None:
        self.file.close()
