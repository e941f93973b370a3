"""What a client sees when no view could answer: a sentence, in the shape it expects."""

import errno
import logging
import sys

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.shortcuts import render
from django.utils.translation import gettext as _
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

from gallery.storage import StorageFailure

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
AWAY = {errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENOTCONN, errno.ETIMEDOUT}
DATABASE_FULL = {"53100", "1021", "1114", "SQLITE_FULL"}
"""What PostgreSQL, MySQL and SQLite call a disk without room."""

logger = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400, str(exception) or _("The request is not valid."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403, str(exception) or _("You may not do this."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404, _("There is nothing at this address."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Says which part of the house does not answer, where that can be known."""
    error = sys.exc_info()[1]
    status, message = describe(error)
    response = _answer(request, status, message)
    if status == 503:
        response["Retry-After"] = "5"
    return response


def too_many_attempts(request: HttpRequest, *details: object) -> HttpResponse:
    """The answer to a login that was tried too often with a wrong password."""
    response = _answer(request, 429, _("Too many wrong passwords. Try again in 15 minutes."))
    response["Retry-After"] = str(int(settings.AXES_COOLOFF_TIME.total_seconds()))
    return response


def client_address(request: HttpRequest) -> str:
    """The server has already looked through trusted proxies (TRUSTED_PROXIES)."""
    return str(request.META.get("REMOTE_ADDR", ""))


def describe(error: BaseException | None) -> tuple[int, str]:
    """HTTP status and sentence for an exception that no view caught."""
    if isinstance(error, DatabaseError) and _database_code(error) in DATABASE_FULL:
        return 507, _("The disk is full. Nothing was stored.")
    if isinstance(error, OperationalError | InterfaceError):
        return 503, _("The database does not answer. Nothing was changed; try again in a moment.")
    if isinstance(error, UnreadablePostError):
        return 400, _("The request broke off before its end.")
    if isinstance(error, RedisError | ConnectionInterrupted):
        return 503, _("Redis does not answer. Nothing was changed; try again in a moment.")
    if isinstance(error, OSError) and error.errno in FULL:
        return 507, _("The disk is full. The picture was not stored.")
    if isinstance(error, OSError) and error.errno in READ_ONLY:
        return 503, _("The media folder cannot be written. The picture was not stored.")
    if isinstance(error, StorageFailure) or (isinstance(error, OSError) and error.errno in AWAY):
        return 503, _("The place of the pictures does not answer. Try again in a moment.")
    return 500, _("Something went wrong on our side. The log has the details.")


def _database_code(error: DatabaseError) -> str:
    driver = error.__cause__
    named = getattr(driver, "sqlstate", None) or getattr(driver, "sqlite_errorname", None)
    return str(named or next(iter(getattr(driver, "args", ())), ""))


def _answer(request: HttpRequest, status: int, message: str) -> HttpResponse:
    message = message.encode("utf-8", "replace").decode()  # it may quote half a character
    if request.path.startswith("/v1/"):
        kind = "invalid_request_error" if status < 500 else "server_error"
        error = {"message": message, "type": kind, "param": None, "code": None}
        return JsonResponse({"error": error}, status=status)
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": message}, status=status)
    return render(request, "error.html", {"status": status, "message": message}, status=status)
