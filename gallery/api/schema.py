"""Adds to the OpenAPI document what serializers cannot say."""

import re
from typing import Any

from grok2api.integers import MAX_ID

from ..search.filters import ImageFilter

Schema = dict[str, Any]

PREFIX = "/api/v1/admin/gallery/"
SENTENCE_END = re.compile(r"[.;:](?:\s|$)")

COMPONENTS: dict[str, Schema] = {
    "Detail": {
        "type": "object",
        "required": ["detail"],
        "properties": {"detail": {"type": "string"}},
    },
    "OtherNumber": {
        "type": "object",
        "required": ["detail", "count"],
        "properties": {"detail": {"type": "string"}, "count": {"type": "integer"}},
    },
    "FieldErrors": {
        "type": "object",
        "description": "Messages by field; `detail` if the request could not be read at all.",
        "additionalProperties": {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}},
                {"type": "object", "description": "For a list: messages by position."},
            ]
        },
    },
}

GROUPS = {
    "images/{id}": ("Pictures", "One picture: its facts, its bytes, its tags."),
    "images/": ("Pictures", "One picture: its facts, its bytes, its tags."),
    "selections": ("Selections", "Many pictures at once: by ids, by a filter, or by a token."),
    "images/*": ("Selections", "Many pictures at once: by ids, by a filter, or by a token."),
    "searches": (
        "Searches",
        "Searches that are too long for an address, stored under a short name.",
    ),
    "tags": ("Tags", "The names that pictures have."),
    "changes": ("History", "What was changed, and how to undo it."),
    "facets": ("Numbers", "Counts and totals."),
    "stats": ("Numbers", "Counts and totals."),
    "scan": ("Files", "Files in the media folder."),
}
"""The group of an operation and its description, by the beginning of the path behind the prefix."""

SUMMARIES = {
    "get images/{id}/": "The facts of one picture",
    "get images/{id}/thumbnail/": "A small WebP of the picture",
    "get facets/": "Counts of models, ratios, tags and months under filters",
    "get changes/{id}/": "One change",
    "get stats/": "The numbers of the whole library",
    "post scan/": "Import files that are in the media folder",
    "patch tags/{id}/": "Rename a tag, or merge it into another one",
}
"""Summaries for descriptions whose first words say too little in a list."""

SELECTIONS = (
    "Selection",
    "Recorded",
    "Favorite",
    "Sensitive",
    "TagChange",
    "Export",
    "NewSelection",
)
"""Components that select pictures."""

RECORDED = (
    ("patch", "images/{id}/"), ("post", "images/{id}/tags/"), ("post", "images/tags/"),
    ("post", "images/favorite/"), ("post", "images/nsfw/"), ("post", "images/trash/"),
    ("post", "images/restore/"), ("post", "changes/{id}/undo/"), ("patch", "tags/{id}/"),
    ("delete", "tags/{id}/"),
)  # fmt: skip
"""Operations that can be undone."""

RECORD: Schema = {
    "description": "The id of the recorded change, for undoing it; absent if nothing changed.",
    "schema": {"type": "integer", "format": "int64"},
}


def complete(result: Schema, **_: Any) -> Schema:
    """Add errors and the ways to select pictures; a postprocessing hook of drf-spectacular."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(COMPONENTS)
    paths = {path: result["paths"][path] for path in result["paths"] if path.startswith(PREFIX)}
    for operations in paths.values():
        for operation in operations.values():
            fields = _body(operation, schemas).get("properties", ())
            operation["responses"] |= _errors(operation, selects="count" in fields)
            if "filter" in fields:
                # A form's fields are texts, and a filter is an object.
                del operation["requestBody"]["content"]["multipart/form-data"]
    for method, path in RECORDED:
        responses = paths[PREFIX + path][method]["responses"]
        for code in responses.keys() & {"200", "204"}:
            responses[code]["headers"] = {"X-Change": RECORD}
    result["tags"] = _group(paths)
    asked = paths[f"{PREFIX}images/"]["get"]["parameters"]
    known = ImageFilter.base_filters
    filters = {one["name"]: one["schema"] for one in asked if one["name"] in known}
    schemas["PatchedTag"]["required"] = ["name"]
    for name in SELECTIONS:
        _select(schemas[name], filters)
    return result


def _group(paths: Schema) -> list[Schema]:
    """Give each operation its group and a summary; return the groups, each once."""
    for path, operations in paths.items():
        rest = path.removeprefix(PREFIX)
        name, _ = GROUPS[_beginning(rest)]
        for method, operation in operations.items():
            first = SENTENCE_END.split(operation.get("description", ""), maxsplit=1)[0]
            operation["tags"] = [name]
            operation["summary"] = SUMMARIES.get(f"{method} {rest}") or first
    return [{"name": name, "description": text} for name, text in dict(GROUPS.values()).items()]


def _beginning(rest: str) -> str:
    if rest.startswith("images/") and rest != "images/":
        return "images/{id}" if rest.startswith("images/{id}") else "images/*"
    return rest if rest in GROUPS else rest.partition("/")[0]


def _body(operation: Schema, schemas: Schema) -> Schema:
    content = operation.get("requestBody", {}).get("content", {})
    name = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    schema: Schema = schemas.get(name.rpartition("/")[2], {})
    return schema


def _errors(operation: Schema, *, selects: bool) -> Schema:
    takes = "requestBody" in operation
    named = {one["name"] for one in operation.get("parameters", ())}
    asks = bool(named - {"id"})
    return {
        **({"400": _answer("Something in the request is wrong.", "FieldErrors")}
           if takes or asks else {}),
        "401": _answer("There is no key or session, or it is not valid."),
        "403": _answer("This account may not do it, or the CSRF token is missing."),
        **({"409": _answer("A selection has not so many pictures any more: `count` there are.",
                           "OtherNumber")} if selects else {}),
        **({"404": _answer("There is nothing with this id, or no such page.")}
           if named & {"id", "page", "token"} else {}),
        **({"413": _answer("The body is too large."),
            "415": _answer("The body is of a media type that is not read here.")}
           if takes else {}),
        "503": _answer("The database, the storage or the search index is not ready."),
    }  # fmt: skip


def _answer(description: str, component: str = "Detail") -> Schema:
    schema = {"$ref": f"#/components/schemas/{component}"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _select(schema: Schema, filters: Schema) -> None:
    """Require one of: at least one id, filters of the list, or a selection's token."""
    ids = schema["properties"]["image_ids"]
    ids |= {"minItems": 1, "items": {"type": "integer", "minimum": 1, "maximum": MAX_ID}}
    names = schema["properties"]["filter"]
    names |= {"properties": filters, "additionalProperties": False}
    forms = [{"required": [name]} for name in ("image_ids", "filter", "selection")]
    schema["anyOf" if "without" in schema["properties"] else "oneOf"] = forms
