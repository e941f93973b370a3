"""The REST API in the OpenAPI document: what serializers do not say of it."""

from typing import Any

Schema = dict[str, Any]

PREFIX = "/api/v1/admin/gallery/"

COMPONENTS: dict[str, Schema] = {
    "Detail": {
        "type": "object",
        "required": ["detail"],
        "properties": {"detail": {"type": "string"}},
    },
    "FieldErrors": {
        "type": "object",
        "description": "Messages by field; `detail` where the request could not be read at all.",
        "additionalProperties": {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}},
                {"type": "object", "description": "Of a list: messages by place."},
            ]
        },
    },
}

SELECTIONS = ("Selection", "Favorite", "Sensitive", "TagChange", "Export")
"""Components that say which pictures."""

NO_FILTERS = ("page", "page_size")


def complete(result: Schema, **_: Any) -> Schema:
    """A postprocessing hook of drf-spectacular: errors, and how pictures are selected."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(COMPONENTS)
    paths = {path: result["paths"][path] for path in result["paths"] if path.startswith(PREFIX)}
    for operations in paths.values():
        for operation in operations.values():
            operation["responses"] |= _errors(operation)
            if "filter" in _body(operation, schemas).get("properties", ()):
                # A form's fields are texts, and a filter is an object.
                del operation["requestBody"]["content"]["multipart/form-data"]
    asked = paths[f"{PREFIX}images/"]["get"]["parameters"]
    filters = {one["name"]: one["schema"] for one in asked if one["name"] not in NO_FILTERS}
    schemas["PatchedTag"]["required"] = ["name"]
    for name in SELECTIONS:
        _select(schemas[name], filters)
    return result


def _body(operation: Schema, schemas: Schema) -> Schema:
    content = operation.get("requestBody", {}).get("content", {})
    name = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    schema: Schema = schemas.get(name.rpartition("/")[2], {})
    return schema


def _errors(operation: Schema) -> Schema:
    takes = "requestBody" in operation
    named = {one["name"] for one in operation.get("parameters", ())}
    asks = bool(named - {"id"})
    return {
        **({"400": _answer("Something in the request is wrong.", "FieldErrors")}
           if takes or asks else {}),
        "401": _answer("There is no key or session, or it is not valid."),
        "403": _answer("This account may not do it, or the CSRF token is missing."),
        **({"404": _answer("There is nothing with this id, or no such page.")}
           if named & {"id", "page"} else {}),
        **({"413": _answer("The body is too large."),
            "415": _answer("The body is of a media type that is not read here.")}
           if takes else {}),
        "503": _answer("The database, the storage or the search index is not ready."),
    }  # fmt: skip


def _answer(description: str, component: str = "Detail") -> Schema:
    schema = {"$ref": f"#/components/schemas/{component}"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _select(schema: Schema, filters: Schema) -> None:
    """Either ids, at least one, or filters of the list."""
    ids = schema["properties"]["image_ids"]
    ids |= {"minItems": 1, "items": {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}}
    names = schema["properties"]["filter"]
    names |= {"properties": filters, "additionalProperties": False}
    schema["oneOf"] = [{"required": ["image_ids"]}, {"required": ["filter"]}]
