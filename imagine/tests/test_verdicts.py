# ruff: noqa: E501  (each shape on a line of its own)
"""What upstreams answered without a picture, as it was on the wire, and what each of it means."""

import json

import pytest

from imagine.providers.failures import failure, failure_within
from imagine.providers.verdicts import Verdict

MODERATED = (Verdict.MODERATED, 400, "image_generation_user_error", "moderation_blocked")
REFUSED = (Verdict.REFUSED_KEY, 502, "upstream_error", "upstream_key_refused")
FOR_MODEL = (Verdict.REFUSED_FOR_MODEL, 502, "upstream_error", "upstream_key_refused")
FORBIDDEN = (Verdict.FORBIDDEN, 502, "upstream_error", "upstream_key_refused")
NO_CREDIT = (Verdict.NO_CREDIT, 502, "upstream_error", "upstream_no_credit")
FAULT = (Verdict.FAULT, 502, "upstream_error", "upstream_failed")
CHARGED = (Verdict.FAULT, 424, "upstream_error", "upstream_failed")


def limited(code="rate_limit_exceeded"):
    return Verdict.LIMITED, 429, "rate_limit_error", code


def bad(status=400, code="upstream_refused"):
    return Verdict.BAD_REQUEST, status, "invalid_request_error", code


def openai(message, kind=None, code=None, param=None):
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


PERMISSION = "The caller does not have permission to execute the specified operation"
EXHAUSTED = "Some resource has been exhausted"
ARGUMENT = "Client specified an invalid argument"
TEAM = "Your team 0000 has either used all available credits or reached its monthly spending limit."

XAI = {
    "refused prompt": (403, {"code": PERMISSION, "error": "Content violates usage guidelines. Team: 0000, API key ID: 0000, Model: demo, Failed check: SAFETY_CHECK_TYPE_DATA_LEAKAGE"}, MODERATED),
    "refused prompt, short": (403, {"error": "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_CSAM"}, MODERATED),
    "picture withheld": (400, {"code": ARGUMENT, "error": "Generated image rejected by content moderation."}, MODERATED),
    "picture withheld, by code": (400, {"code": "imagine:content-moderated", "error": "No."}, MODERATED),
    "wrong key": (400, {"code": "invalid-argument", "error": "Incorrect API key provided: xa***. You can obtain an API key from https://console.x.ai."}, REFUSED),
    "wrong key, longer code": (400, {"code": ARGUMENT, "error": "Incorrect API key provided: xa***."}, REFUSED),
    "blocked key": (403, {"code": PERMISSION, "error": "API key is currently blocked: xai-1"}, REFUSED),
    "no credit": (403, {"code": PERMISSION, "error": TEAM}, NO_CREDIT),
    "no credit, as a limit": (429, {"code": EXHAUSTED, "error": TEAM}, NO_CREDIT),
    "no credit yet": (403, {"code": PERMISSION, "error": "Your newly created team doesn't have any credits or licenses yet."}, NO_CREDIT),
    "a limit": (429, {"code": EXHAUSTED, "error": "Too many requests for team 0000 and model demo."}, limited(EXHAUSTED)),
    "a model that is not the team's": (403, {"code": PERMISSION, "error": "Your team does not have access to the model demo."}, FOR_MODEL),
    "nobody knows why": (403, {"code": PERMISSION, "error": "No."}, FORBIDDEN),
    "a field": (400, {"code": "400", "error": "Argument not supported: size"}, bad(code="400")),
    "a body": (422, "Failed to deserialize the JSON body into the target type: n: invalid value", bad()),
}  # fmt: skip

OPENAI = {
    "refused prompt": (400, openai("Your request was rejected by the safety system.", "image_generation_user_error", "moderation_blocked"), MODERATED),
    "refused prompt, DALL·E": (400, openai("Your request was rejected as a result of our safety system.", "invalid_request_error", "content_policy_violation"), MODERATED),
    "refused prompt, code alone": (400, openai(None, None, "moderation_blocked"), MODERATED),
    "wrong key": (401, openai("Incorrect API key provided: sk-ab***yz.", "invalid_request_error", "invalid_api_key"), REFUSED),
    "closed account": (401, openai("The OpenAI account associated with this API key has been deactivated.", "invalid_request_error", "account_deactivated"), REFUSED),
    "unverified organisation": (403, openai("Your organization must be verified to use the model `gpt-image-1`. Please go to: https://platform.openai.com and click on Verify Organization.", "invalid_request_error"), FOR_MODEL),
    "a project without the model": (403, openai("Project `p` does not have access to model `gpt-image-2`", "invalid_request_error", "model_not_found"), FOR_MODEL),
    "a country": (403, openai("Country, region, or territory not supported", "request_forbidden", "unsupported_country_region_territory"), FOR_MODEL),
    "quota": (429, openai("You exceeded your current quota, please check your plan and billing details.", "insufficient_quota", "insufficient_quota"), NO_CREDIT),
    "quota, type alone": (429, openai("No.", "insufficient_quota"), NO_CREDIT),
    "billing": (400, openai("Billing hard limit has been reached", "invalid_request_error", "billing_hard_limit_reached"), NO_CREDIT),
    "a limit": (429, openai("Rate limit reached for gpt-image-1 in organization org-0 on images per min.", "requests", "rate_limit_exceeded"), limited()),
    "a field": (400, openai("Unknown parameter: 'response_format'.", "invalid_request_error", "unknown_parameter", "response_format"), bad(code="unknown_parameter")),
    "the field of moderation": (400, openai("Invalid value: 'x'. Supported values are: 'low' and 'auto'.", "invalid_request_error", "invalid_value", "moderation"), bad(code="invalid_value")),
    "a model": (404, openai("The model `x` does not exist.", "invalid_request_error", "model_not_found"), bad(404, "model_not_found")),
    "its own fault": (500, openai("The server had an error while processing your request.", "server_error"), CHARGED),
}  # fmt: skip

OTHERS = {
    "Azure": (400, openai("Your task failed as a result of our safety system.", None, "contentFilter"), MODERATED),
    "Azure, within": (400, {"error": {"code": "bad", "message": "No.", "inner_error": {"code": "ResponsibleAIPolicyViolation", "content_filter_results": {}}}}, MODERATED),
    "Azure, the other spelling": (400, {"error": {"code": "bad", "message": "No.", "innererror": {"code": "content_filter"}}}, MODERATED),
    "LiteLLM passes on": (400, openai('litellm.BadRequestError: XaiException - {"error":"Generated image rejected by content moderation."}', "None", "400", "None"), MODERATED),
    "LiteLLM's one status": (500, openai("litellm.RateLimitError: slow down", "None", "429", "None"), limited("429")),
    "LiteLLM's budget": (400, openai("Budget has been exceeded! Current cost: 1", "budget_exceeded", "400"), NO_CREDIT),
    "new-api's quota": (403, openai("用户额度不足, 剩余额度: $0", "new_api_error", "insufficient_user_quota"), NO_CREDIT),
    "new-api's key": (401, openai("无效的令牌", "new_api_error"), REFUSED),
    "new-api's words": (500, openai("敏感词检测失败", "new_api_error", "sensitive_words_detected"), MODERATED),
    "no balance": (402, openai("Insufficient Balance", "unknown_error", "invalid_request_error"), NO_CREDIT),
    "402 without a word": (402, b"", NO_CREDIT),
    "451": (451, b"", MODERATED),
    "401 of a proxy": (401, b"<html>401</html>", REFUSED),
    "403 of a proxy": (403, b"<html>Attention Required!</html>", FAULT),
    "403 in one word": (403, {"detail": "Forbidden"}, FOR_MODEL),
    "403, other words": (403, {"message": "Your prompt was rejected."}, MODERATED),
    "403, and others": (403, {"msg": "This text may be harmful"}, MODERATED),
    "Google": (400, [{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT"}}], REFUSED),
    "Google's limit": (429, {"error": {"code": 429, "message": "Slow down", "status": "RESOURCE_EXHAUSTED"}}, limited("429")),
    "FastAPI": (422, {"detail": [{"type": "missing", "loc": ["body", "size"], "msg": "Field required"}]}, bad()),
    "no such address": (404, {"detail": "Not Found"}, FAULT),
    "no such address, plain": (404, "404 page not found", FAULT),
    "this program, without credit": (502, openai("…", "upstream_error", "upstream_no_credit"), CHARGED),
    "this program, another's key": (502, openai("…", "upstream_error", "upstream_key_refused"), CHARGED),
    "this program, a budget": (429, openai("This key's budget is spent.", "insufficient_quota", "insufficient_quota"), NO_CREDIT),
    "a gateway's page": (502, b"<html><h1>502 Bad Gateway</h1></html>", CHARGED),
    "nothing at all": (500, b"", CHARGED),
    "a redirect": (302, b"", FAULT),
}  # fmt: skip


def judged(status, body, headers=None):
    if isinstance(body, str):
        body, headers = body.encode(), {"content-type": "text/plain; charset=utf-8"}
    elif not isinstance(body, bytes):
        body = json.dumps(body).encode()
    error = failure(status, headers or {"content-type": "application/json"}, body)
    assert error.upstream_status == status
    return error.verdict, error.status, error.type, error.code


@pytest.mark.parametrize(
    ("status", "body", "expected"), [*XAI.values(), *OPENAI.values(), *OTHERS.values()],
    ids=[*(f"xAI: {name}" for name in XAI), *(f"OpenAI: {name}" for name in OPENAI), *OTHERS],
)  # fmt: skip
def test_each_shape_means_one_thing(status, body, expected):
    assert judged(status, body) == expected


def test_quota_that_comes_back_soon_is_a_limit():
    body = openai("You exceeded your current quota.", None, None)
    assert judged(429, body, {"retry-after": "34"}) == limited()
    assert judged(429, body, {}) == NO_CREDIT


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (openai("No.", "image_generation_user_error", "moderation_blocked"), MODERATED),
        (openai("No.", "invalid_request_error", "invalid_value"), bad(code="invalid_value")),
        (openai("No.", "rate_limit_error", "rate_limit_exceeded"), limited()),
        ({"error": {"code": 429, "message": "Slow down"}}, limited("429")),
        (openai("No.", "server_error"), CHARGED),
        ({"error": "Generated image rejected by content moderation."}, MODERATED),
        ({"message": "ok"}, CHARGED),
    ],
)
def test_error_within_a_200_means_the_same(content, expected):
    error = failure_within(content)
    assert (error.verdict, error.status, error.type, error.code) == expected
    assert error.upstream_status == 200


@pytest.mark.parametrize(
    ("body", "message", "param"),
    [
        ({"detail": [{"loc": ["body", "size"], "msg": "Field required"},
                     {"loc": ["body", "n"], "msg": "Too many"}]},
         "size: Field required; n: Too many", "size"),
        ({"detail": "Bad size"}, "Bad size", None),
        ({"errors": [{"message": "Bad size"}]}, "Bad size", None),
        ({"message": ["Bad size", "Bad n"]}, "Bad size; Bad n", None),
        ({"title": "Bad Request", "detail": "Bad size"}, "Bad size", None),
        ({"message": "Bad Request", "error": {"message": "Bad size", "param": "size"}}, "Bad size", "size"),
        ({"error": '{"error": {"message": "Bad size", "param": "size"}}'}, "Bad size", None),
        ({"success": False, "msg": "Bad size"}, "Bad size", None),
        ("Bad size", "Bad size", None),
    ],
)  # fmt: skip
def test_words_of_every_shape_reach_the_client(body, message, param):
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    kind = "text/plain" if isinstance(body, str) else "application/json"
    error = failure(422, {"content-type": kind}, content)
    assert (str(error), error.status, error.param) == (message, 400, param)


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"error":' * 50_000, b"\xff\xfe", b"null", b"[]", b'{"error":null}',
     b'{"error":{"message":{"a":[1]}}}', b'{"error":{"message":true,"code":[]}}', b'"\\ud800"'],
)  # fmt: skip
def test_what_cannot_be_read_is_still_an_error(body):
    error = failure(400, {}, body)
    assert (error.upstream_status, error.status) in ((400, 502), (400, 400))


def test_refusal_of_lists_without_end_is_not_read():
    body = b'{"usage": {"cost_in_usd_ticks": 5}, "error": [' + b"[]," * 200_000 + b"[]]}"
    error = failure(400, {}, body)
    assert (error.said, error.usage, error.upstream_status) == ("", None, 400)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({}, None), ({"retry-after": "40"}, 40), ({"retry-after": "0.2"}, 1), ({"retry-after": "soon"}, None),
     ({"retry-after-ms": "1500"}, 2), ({"retry-after-ms": "x", "retry-after": "9"}, 9),
     ({"retry-after": "inf"}, None), ({"retry-after": "-3"}, 0), ({"retry-after": "9e99"}, 86_400)],
)  # fmt: skip
def test_time_to_wait_is_read_in_every_form(headers, seconds):
    assert failure(429, headers, b"").retry_after == seconds


def test_redirect_is_named_to_the_administrator(settings):
    settings.IMAGINE_UPSTREAM_KEY = "upstream-secret-key"
    error = failure(301, {"location": "https://new.example/v1?key=upstream-secret-key"}, b"")
    assert (error.code, error.said) == (
        "upstream_failed", "Location: https://new.example/v1?key=…",
    )  # fmt: skip


def test_charge_of_a_withheld_picture_is_kept():
    body = {"code": "x", "error": "Generated image rejected by content moderation.",
            "usage": {"cost_in_usd_ticks": 200_000_000}}  # fmt: skip
    assert str(failure(400, {}, json.dumps(body).encode()).usage.cost_usd) == "0.02"
    assert failure(400, {}, b'{"error": "No."}').usage is None
