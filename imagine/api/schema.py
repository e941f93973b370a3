"""Adds the gateway to the OpenAPI document: its views are not Django REST framework's."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from gallery.files.pictures import ASPECT_RATIOS
from gallery.soundness import MAX_PROMPT_LENGTH
from imagine import dialects
from imagine.providers.base import DEFAULT_MODEL, EDIT_MODEL

Schema = dict[str, Any]

SECURITY: list[Schema] = [{"apiKey": []}]
SIDE = r"[1-9][0-9]{0,4}"
TAG = ["OpenAI-compatible API"]
TAG_SAYS = "Generating and editing pictures, as OpenAI's and xAI's clients ask for them."


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Documents `Authorization: Bearer KEY`, also for the REST API."""

    target_class = "imagine.api.auth.BearerAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> Schema:
        return {"type": "http", "scheme": "bearer"}


def add_gateway(result: Schema, **_: Any) -> Schema:
    """Add the gateway's operations; a postprocessing hook of drf-spectacular."""
    result["paths"].update(PATHS)
    result["tags"] = [{"name": TAG[0], "description": TAG_SAYS}, *result.get("tags", [])]
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(COMPONENTS)
    return result


def _text(description: str, **more: Any) -> Schema:
    return {"type": "string", "description": description, **more}


def _choice(description: str, options: Any) -> Schema:
    return _text(description, enum=list(options))


def _integer(description: str, lowest: int, highest: int, **more: Any) -> Schema:
    return {"type": "integer", "description": description, "minimum": lowest, "maximum": highest,
            **more}  # fmt: skip


def _nullable(schema: Schema) -> Schema:
    """Make a schema nullable: in OpenAPI 3.0 an enumeration must list null, too."""
    choices = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "nullable": True, **choices}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: list[str], properties: Schema) -> Schema:
    needed = {"required": required} if required else {}  # an empty list is not OpenAPI
    return {"type": "object", **needed, "properties": properties}


OPTIONAL: Schema = {
    "model": _text("An id that `GET /v1/models` lists.", default=DEFAULT_MODEL),
    "n": _integer("How many pictures.", 1, dialects.MAX_N, default=1),
    "size": _text(
        "`auto`, a width and a height such as `1536x1024`, or a ratio.",
        default="auto", pattern=f"^(auto|{SIDE}x{SIDE}|{SIDE}:{SIDE})?$",
    ),
    "aspect_ratio": _text(
        f"`auto` or a ratio; the nearest of {', '.join(ASPECT_RATIOS)} is taken.",
        default="auto", pattern=f"^(auto|{SIDE}:{SIDE})?$",
    ),
    "resolution": _choice(
        "xAI's; derived from `size` if absent.", dialects.RESOLUTIONS
    ),
    "quality": _choice("Ignored if the provider has no such choice.", dialects.QUALITIES),
    "response_format": _choice("Both, if absent.", dialects.RESPONSE_FORMATS),
    "output_format": _choice("The file's format.", dict.fromkeys(dialects.OUTPUT_FORMATS.values())),
    "output_compression": _integer("Quality of JPEG and WebP.", 0, 100),
    "background": _choice("For providers that support it.", ("auto", "transparent", "opaque")),
    "moderation": _choice("For providers that support it.", ("auto", "low")),
    "style": _choice("For providers that support it.", ("vivid", "natural")),
    "seed": _integer("For providers that support it; -1 means any.", -1, dialects.MAX_SEED),
    "stream": {"type": "boolean", "default": False, "description": "Server-Sent Events."},
    "partial_images": _integer("Unfinished pictures in the stream.", 0, 3, default=0),
    "async": {"type": "boolean", "default": False,
              "description": "202 at once, and the answer at the task's own address."},
    "webhook_url": _text(
        "Is notified when the task ends (Standard Webhooks). It makes the request a task.",
        format="uri", maxLength=dialects.MAX_URL_LENGTH,
    ),
    "tasks": _integer("Identical tasks, each with the next seed.", 1, dialects.MAX_N, default=1),
    "user": _text("Your own id for the end user.", maxLength=dialects.MAX_USER_LENGTH),
}  # fmt: skip

COMMON: Schema = {
    "prompt": _text("What to paint.", maxLength=MAX_PROMPT_LENGTH, pattern=r"\S"),
    **{name: _nullable(schema) for name, schema in OPTIONAL.items()},
}
"""Null counts as absent, as many clients send it."""

FILE: Schema = {"type": "string", "format": "binary"}

COMPONENTS: dict[str, Schema] = {
    "ImageGenerationRequest": _object(["prompt"], COMMON),
    "ImageEditForm": _object(
        ["prompt", "image"],
        {
            **COMMON,
            "model": {**COMMON["model"], "default": EDIT_MODEL},
            "image": {"type": "array", "items": FILE, "maxItems": dialects.MAX_SOURCES},
            "mask": FILE,
            "markup": FILE,
        },
    ),
    "ImageEditRequest": _object(
        ["prompt"],
        {
            **COMMON,
            "model": {**COMMON["model"], "default": EDIT_MODEL},
            "image": _ref("SourceImage"),
            "images": {"type": "array", "items": _ref("SourceImage"),
                       "maxItems": dialects.MAX_SOURCES},
            "mask": _ref("SourceImage"),
            "markup": _ref("SourceImage"),
        },
    ),
    "ChatRequest": _object(
        ["messages"],
        {
            "model": COMMON["model"],
            "messages": {
                "type": "array", "minItems": 1,
                "items": {"type": "object", "additionalProperties": True},
                "description": "OpenAI's messages. Pictures in the user's last one are "
                "edited.",
            },
            "stream": COMMON["stream"],
        },
    ),
    "ResponseRequest": _object(
        ["input"],
        {
            "model": COMMON["model"],
            "input": {
                "description": "A text, or OpenAI's items. The user's last message is the prompt.",
                "oneOf": [
                    {"type": "string"},
                    {"type": "array", "minItems": 1,
                     "items": {"type": "object", "additionalProperties": True}},
                ],
            },
            "tools": {
                "type": "array", "maxItems": 1,
                "items": {"type": "object", "additionalProperties": True},
                "description": "`image_generation` with its fields, and no other.",
            },
            "stream": COMMON["stream"],
        },
    ),
    "SourceImage": _object(
        [],
        {
            "image_id": {"type": "integer", "minimum": 1,
                         "description": "A picture of the library."},
            "url": _text("A data: URL, or a link (xAI's name)."),
            "image_url": _text("The same (OpenAI's name)."),
        },
    ),
    "ImagesResponse": _object(
        ["created", "data"],
        {
            "created": {"type": "integer", "description": "Unix time in seconds."},
            "data": {"type": "array", "minItems": 1, "items": _ref("GeneratedImage")},
            "model": _text("The model that painted it."),
            "size": _text("True width and height of the first picture.", example="1024x1024"),
            "output_format": _text("Of the first picture.", example="jpeg"),
            "quality": _text("As requested."),
            "background": _text("As requested."),
            "usage": _ref("Usage"),
        },
    ),
    "Usage": _object(
        ["input_tokens", "output_tokens", "total_tokens"],
        {
            "input_tokens": {"type": "integer"},
            "output_tokens": {"type": "integer"},
            "total_tokens": {"type": "integer"},
            "cost_in_usd_ticks": {
                "type": "integer",
                "description": "10,000,000,000 to a US dollar. Absent if unknown.",
            },
        },
    ),
    "GeneratedImage": _object(
        [],
        {
            "url": _text("A signed link that needs no login.", format="uri"),
            "b64_json": _text("The file as base64."),
            "revised_prompt": _text("The prompt as the model revised it."),
            "image_id": {"type": "integer", "description": "Its id in the library."},
        },
    ),
    "ImageTask": _object(
        ["id", "task_id", "object", "status", "created_at", "started_at", "poll_url"],
        {
            "id": {"type": "string"},
            "task_id": _text("The same."),
            "object": {"type": "string", "enum": ["image.generation.task"]},
            "status": {"type": "string", "enum": ["processing"]},
            "created_at": {"type": "integer", "description": "Unix time in seconds."},
            "started_at": {"type": "integer", "nullable": True, "description": "Null if it waits."},
            "poll_url": _text("Where to poll for it."),
        },
    ),
    "WebhookSecret": _object(["secret"], {"secret": _text("As Standard Webhooks writes it.")}),
    "Model": _object(
        ["id", "object", "created", "owned_by"],
        {
            "id": {"type": "string"},
            "object": {"type": "string", "enum": ["model"]},
            "created": {"type": "integer"},
            "owned_by": {"type": "string"},
        },
    ),
    "ModelList": _object(
        ["object", "data"],
        {
            "object": {"type": "string", "enum": ["list"]},
            "data": {"type": "array", "items": _ref("Model")},
        },
    ),
    "ApiError": _object(
        ["error"],
        {
            "error": _object(
                ["message", "type", "param", "code"],
                {
                    "message": {"type": "string"},
                    "type": {"type": "string"},
                    "param": {"type": "string", "nullable": True},
                    "code": {"type": "string", "nullable": True},
                },
            )
        },
    ),
}  # fmt: skip

PICTURES: Schema = {
    "description": "The pictures, or their events with `stream`.",
    "content": {
        "application/json": {"schema": _ref("ImagesResponse")},
        "text/event-stream": {
            "schema": {
                "description": "Events with OpenAI's names and fields: `partial_image`, "
                "`completed`, `error`."
            }
        },
    },
}


CHAT: Schema = {
    "description": "A message with the pictures as Markdown links and in `images`; a stream of "
    "chunks if `stream` is true.",
    "content": {
        "application/json": {"schema": {"type": "object", "additionalProperties": True}},
        "text/event-stream": {"schema": {"type": "string"}},
    },
}


RESPONSE: Schema = {
    "description": "A response whose output are calls of `image_generation`, each with its "
    "picture as base64 in `result`; its events if `stream` is true.",
    "content": CHAT["content"],
}


def _operation(
    name: str, summary: str, answer: Schema, errors: dict[str, str], **more: Any
) -> Schema:
    content = {"application/json": {"schema": _ref("ApiError")}}
    refusals = {
        status: {"description": text, "content": content} for status, text in errors.items()
    }
    return {
        "operationId": name,
        "summary": summary,
        "tags": TAG,
        "security": SECURITY,
        "responses": {"200": answer, **refusals},
        **more,
    }


def _json(name: str, description: str) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": _ref(name)}}}


UNAUTHORIZED = {"401": "The API key is missing or invalid."}
REFUSALS = {
    "400": "A field is wrong; `param` names it.",
    **UNAUTHORIZED,
    "403": "The caller has a budget, and the model's price is unknown.",
    "404": "There is no such model.",
    "410": "The pictures of this Idempotency-Key have been deleted since.",
    "413": "The body is too large.",
    "415": "The body has the wrong media type.",
    "422": "This Idempotency-Key was used for another request.",
    "424": "Money may have been spent, and nothing came. Do not retry automatically.",
    "429": "Too many requests; `Retry-After` says when to come back.",
    "500": "Something went wrong on our side.",
    "502": "The upstream cannot be reached or refuses, and nothing was charged.",
    "503": "The database does not answer, or the server is stopping.",
    "507": "The disk is full.",
}

UPSTREAM = {
    "429": "The upstream asks for fewer requests.",
    **{status: REFUSALS[status] for status in ("424", "500", "502", "503")},
}


def _parameter(name: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


_FILE: Schema = {"description": "The file.", "content": {"image/*": {"schema": FILE}}}


def _accepted(description: str) -> Schema:
    header = {"schema": {"type": "string"}}
    return {"202": {**_json("ImageTask", description),
                    "headers": {"Location": header, "Retry-After": header}}}  # fmt: skip


PATHS: Schema = {
    "/v1/images/generations": {
        "post": _operation(
            "images_generate", "Generate pictures", PICTURES, REFUSALS,
            requestBody={
                "required": True, **_json("ImageGenerationRequest", "OpenAI's and xAI's fields."),
            },
        )
    },
    "/v1/images/edits": {
        "post": _operation(
            "images_edit", "Edit pictures", PICTURES, REFUSALS,
            requestBody={
                "required": True,
                "content": {
                    "multipart/form-data": {"schema": _ref("ImageEditForm")},
                    "application/json": {"schema": _ref("ImageEditRequest")},
                },
            },
        )
    },
    "/v1/images/tasks/{task_id}": {
        "get": _operation(
            "tasks_retrieve", "The state or the result of a task", PICTURES,
            {**REFUSALS, "404": "The caller has no such task."},
            parameters=[_parameter("task_id")],
        ),
        "delete": _operation(
            "tasks_cancel", "Cancel a waiting task", {},
            {**UNAUTHORIZED, "404": "The caller has no such task.",
             "409": "It has begun, and may have been paid for."},
            parameters=[_parameter("task_id")],
        ),
    },
    "/v1/chat/completions": {
        "post": _operation(
            "chat_completions", "A picture as an assistant's message", CHAT, REFUSALS,
            requestBody=_json("ChatRequest", "The user's last message is the prompt.")
            | {"required": True},
        )
    },
    "/v1/responses": {
        "post": _operation(
            "responses_create", "A picture as a call of the tool image_generation", RESPONSE,
            REFUSALS,
            requestBody=_json("ResponseRequest", "Only the tool `image_generation`.")
            | {"required": True},
        )
    },
    "/v1/webhooks/secret": {
        "get": _operation(
            "webhooks_secret", "The secret that signs this key's webhooks",
            _json("WebhookSecret", "The secret."),
            {**UNAUTHORIZED, "404": "The caller has no API key."},
        )
    },
    "/v1/models": {
        "get": _operation(
            "models_list", "List the models", _json("ModelList", "All models."),
            {**UNAUTHORIZED, **UPSTREAM},
        )
    },
    "/v1/models/{model}": {
        "get": _operation(
            "models_retrieve", "One model", _json("Model", "The model."),
            {**UNAUTHORIZED, **UPSTREAM, "404": "There is no such model."},
            parameters=[_parameter("model")],
        )
    },
    "/v1/files/image/{filename}": {
        "get": {
            **_operation(
                "files_image", "A picture by its signed link",
                _FILE,
                {"404": "There is no such picture, or the link has expired.",
                 "503": "The database or the storage does not answer."},
                parameters=[_parameter("filename")],
            ),
            "security": [],
        }
    },
}  # fmt: skip
for _path in ("/v1/images/generations", "/v1/images/edits"):
    _post = PATHS[_path]["post"]
    _later = {name: value for name, value in _post["responses"].items() if name != "200"}
    _post["responses"] |= _accepted("Where it was asked for as a task.")
    PATHS[f"{_path}/async"] = {
        "post": {
            **_post,
            "operationId": f"{_post['operationId']}_async",
            "summary": f"{_post['summary']} as a task",
            "responses": {**_accepted("The task."), **_later},
        }
    }
PATHS["/v1/images/tasks/{task_id}"]["get"]["responses"] |= _accepted("It waits or runs.")
_cancelled = PATHS["/v1/images/tasks/{task_id}"]["delete"]["responses"]
_cancelled["204"] = {"description": "It will not be begun."}
del _cancelled["200"]
PATHS["/v1/files/image/{filename}"]["get"]["responses"] |= {
    "206": {**_FILE, "description": "The part that `Range` asks for."},
    "304": {"description": "It is the one that the client has."},
    "416": {"description": "It has no such part."},
}
