"""Defines the errors of the gateway and the answer to each."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import JsonResponse

from gallery.files.decoding import Busy
from grok2api.error_shapes import openai_error
from imagine.callers import InvalidToken
from imagine.dialects import InvalidRequest
from imagine.idempotency import KeyReused
from imagine.limits import LimitReached, PriceUnknown
from imagine.models import ApiKey
from imagine.providers.base import MAY_HAVE_COST, ProviderError
from imagine.records import ModelNotAllowed
from imagine.tasks.queue import MOST_WAITING, TooManyTasks

from . import answers


class ApiError(Exception):
    """An answer with OpenAI's error envelope."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "",
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.envelope = openai_error(status, message, kind=kind, param=param, code=code)
        self.headers = dict(headers or {})

    @classmethod
    def from_request(cls, error: InvalidRequest) -> "ApiError":
        return cls(error.status, str(error), param=error.param, code=error.code)

    @classmethod
    def from_provider(cls, error: ProviderError) -> "ApiError":
        headers = {}
        if error.retry_after is not None:
            headers["Retry-After"] = str(error.retry_after)
        if error.status >= 500 or error.status == MAY_HAVE_COST:
            # OpenAI's clients would repeat a failed request twice, and each may be charged.
            headers["X-Should-Retry"] = "false"
        return cls(
            error.status,
            str(error),
            kind=error.type,
            code=error.code,
            param=error.param,
            headers=headers,
        )

    @classmethod
    def from_limit(cls, error: LimitReached) -> "ApiError":
        is_budget = error.code == "insufficient_quota"
        return cls(
            429,
            str(error),
            kind="insufficient_quota" if is_budget else "rate_limit_error",
            code=error.code,
            headers={
                "Retry-After": str(error.retry_after),
                **answers.allowance_headers(error.allowance),
            },
        )

    def response(self) -> JsonResponse:
        return JsonResponse(self.envelope, status=self.status, headers=self.headers)


def unauthorized(message: str) -> ApiError:
    return ApiError(
        401,
        message,
        kind="authentication_error",
        code="invalid_api_key",
        headers={"WWW-Authenticate": "Bearer"},
    )


def unknown_model(model: str) -> ApiError:
    return ApiError(
        404,
        f"The model '{model[:100]}' does not exist. GET /v1/models lists those that do.",
        param="model",
        code="model_not_found",
    )


def _too_many_tasks(_: TooManyTasks) -> ApiError:
    return ApiError(
        429,
        f"You have {MOST_WAITING} tasks under way. Wait for some of them.",
        kind="rate_limit_error",
        code="too_many_generations",
        headers={"Retry-After": "60"},
    )


def _reused(error: KeyReused) -> ApiError:
    return ApiError(422, str(error), kind="idempotency_error", code="idempotency_key_reused")


def _unpriced(error: PriceUnknown) -> ApiError:
    return ApiError(
        403,
        f"This {error.whose} has a budget, and the price of the model '{error.model[:100]}' is "
        "unknown. The administrator can add it to the price book.",
        param="model",
        code="price_unknown",
    )


ANSWERS: Mapping[type[Exception], Callable[[Any], ApiError]] = {
    ApiError: lambda error: error,
    InvalidRequest: ApiError.from_request,
    ProviderError: ApiError.from_provider,
    LimitReached: ApiError.from_limit,
    InvalidToken: lambda _: unauthorized("Incorrect API key provided."),
    ApiKey.DoesNotExist: lambda _: unauthorized("Incorrect API key provided."),
    PriceUnknown: _unpriced,
    Busy: lambda error: ApiError(503, str(error), code="busy", headers={"Retry-After": "5"}),
    ModelNotAllowed: lambda error: unknown_model(error.model),
    KeyReused: _reused,
    TooManyTasks: _too_many_tasks,
}
"""The errors that a request may end with, and the answer to each."""


def answer_to(error: Exception) -> ApiError:
    """Return the answer to one of `ANSWERS`, or to a subclass of one."""
    return next(ANSWERS[kind](error) for kind in type(error).__mro__ if kind in ANSWERS)
