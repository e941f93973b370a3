"""Shows clients an error when no view could answer: a sentence, in the format they expect."""

import errno
import logging
import re
import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import DatabaseError, DataError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

from gallery.files.decoding import Busy
from gallery.files.storage import StorageFailure

from .error_shapes import openai_error, rest_error

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
AWAY = {errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENOTCONN, errno.ETIMEDOUT}
DATABASE_FULL = {"53100", "1021", "1114", "SQLITE_FULL"}
"""The codes of PostgreSQL, MySQL and SQLite for a disk without room."""

TOO_MUCH = {"SQLITE_TOOBIG", "SQLITE_RANGE", "SQLITE_MISMATCH", "1153", "1390", "1436"}
"""The codes of SQLite and MySQL for a query beyond their limits; PostgreSQL's begin with 54."""

SQLITE_LIMITS = re.compile(r"too (many|large|big|long|complex|deep)|overflow|at most \d+ tables")

GATEWAY = "/v1"

logger = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 400, _in_our_words(exception))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 403, str(exception) or _("You do not have permission to do this."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_known_below(GATEWAY, request.path):
        message = (
            f"Unknown address: {request.method} {request.path}. The API is below {GATEWAY}: set"
            f" your program's base address to one that ends with {GATEWAY}."
        )
        return JsonResponse(openai_error(404, message), status=404)
    return answer(request, 404, _("There is nothing at this address."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer an unhandled error, naming the part that does not respond if that is known."""
    error = sys.exc_info()[1]
    status, message = describe(error)
    response = answer(request, status, message)
    if status == 503:
        response["Retry-After"] = "5"
    return response


def too_many_attempts(request: HttpRequest, *details: object) -> HttpResponse:
    """Answer a login that was tried too often with a wrong password."""
    response = answer(request, 429, _("Too many wrong passwords. Try again in 15 minutes."))
    response["Retry-After"] = str(int(settings.AXES_COOLOFF_TIME.total_seconds()))
    return response


def client_address(request: HttpRequest) -> str:
    """Return the client's address; the server has seen through trusted proxies
    (TRUSTED_PROXIES)."""
    return str(request.META.get("REMOTE_ADDR", ""))


def _in_our_words(exception: Exception) -> str:
    """Replace Django's sentences, which name settings that the sender of a form cannot change."""
    if isinstance(exception, TooManyFilesSent):
        most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
        return _("At most %(count)d files can be sent at once.") % {"count": most}
    if isinstance(exception, TooManyFieldsSent):
        most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        return _("A form may have at most %(count)d fields.") % {"count": most}
    if isinstance(exception, RequestDataTooBig):
        return _("The request is larger than this address accepts.")
    return str(exception) or _("The request is not valid.")


def describe(error: BaseException | None) -> tuple[int, str]:
    """Return HTTP status and sentence for an exception that no view caught."""
    if isinstance(error, DatabaseError) and _database_code(error) in DATABASE_FULL:
        return 507, _("The disk is full. Nothing was stored.")
    if _asks_too_much(error):
        return 400, _("The request asks for more than the database can look up at once.")
    if isinstance(error, OperationalError | InterfaceError):
        return 503, _("The database does not answer. Nothing was changed; try again in a moment.")
    if isinstance(error, Busy):
        return 503, _("Too many large pictures are being read. Try again in a moment.")
    if isinstance(error, UnreadablePostError):
        return 400, _("The request ended before it was complete.")
    if isinstance(error, RedisError | ConnectionInterrupted):
        return 503, _("Redis does not answer. Nothing was changed; try again in a moment.")
    if isinstance(error, OSError) and error.errno in FULL:
        return 507, _("The disk is full. The picture was not stored.")
    if isinstance(error, OSError) and error.errno in READ_ONLY:
        return 503, _("The media folder cannot be written. The picture was not stored.")
    if isinstance(error, StorageFailure) or (isinstance(error, OSError) and error.errno in AWAY):
        return 503, _("The picture storage does not answer. Try again in a moment.")
    return 500, _("Something went wrong on our side. The log has the details.")


def _asks_too_much(error: BaseException | None) -> bool:
    """Return whether the database cannot take the query, rather than being in trouble itself."""
    if isinstance(error, OverflowError):
        return "SQLite INTEGER" in str(error)
    if isinstance(error, DataError):
        return True
    if not isinstance(error, DatabaseError):
        return False
    code = _database_code(error)
    if code == "SQLITE_ERROR":  # of a missing table, too; only its words tell limits from others
        return bool(SQLITE_LIMITS.search(str(error)))
    return code in TOO_MUCH or code.startswith("54")


def _database_code(error: DatabaseError) -> str:
    driver = error.__cause__
    named = getattr(driver, "sqlstate", None) or getattr(driver, "sqlite_errorname", None)
    return str(named or next(iter(getattr(driver, "args", ())), ""))


def _is_known_below(folder: str, path: str) -> bool:
    """Return whether the path would be known if a program had not left out a folder."""
    try:
        return resolve(folder + path).url_name != "unknown"
    except Resolver404:
        return False


def answer(request: HttpRequest, status: int, message: str, **more: Any) -> HttpResponse:
    """Return an error as its client expects it: JSON for programs, a page for people.

    Args:
        more: for the page: `advice`, a sentence, and `again`, an address and its label.
    """
    message = message.encode("utf-8", "replace").decode()  # it may quote half a character
    if request.path.startswith(f"{GATEWAY}/"):
        return JsonResponse(openai_error(status, message), status=status)
    if request.path.startswith("/api/") or not request.accepts("text/html"):
        if advice := more.get("advice"):
            message = f"{message}. {advice}"
        return JsonResponse(rest_error(message), status=status)
    context = {"status": status, "message": message, **more}
    return render(request, "error.html", context, status=status)
