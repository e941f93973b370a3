"""The OpenAPI document tells the truth about the gateway."""

import json
from typing import Any

import jsonschema
import pytest


@pytest.fixture
def document(staff) -> dict[str, Any]:
    return json.loads(staff.get("/api/schema/?format=json").content)


def validate(document, answer, path, method, status="200"):
    operation = document["paths"][path][method]
    schema = operation["responses"][status]["content"]["application/json"]["schema"]
    text = json.dumps({**schema, "components": document["components"]})
    # OpenAPI 3.0 says `nullable` where JSON Schema says a second type.
    text = text.replace('"type": "string", "nullable": true', '"type": ["string", "null"]')
    jsonschema.validate(answer, json.loads(text))


def test_document_has_every_gateway_address(document):
    assert {path for path in document["paths"] if path.startswith("/v1/")} == {
        "/v1/chat/completions", "/v1/responses",
        "/v1/images/generations", "/v1/images/edits", "/v1/models", "/v1/models/{model}",
        "/v1/images/generations/async", "/v1/images/edits/async", "/v1/images/tasks/{task_id}",
        "/v1/webhooks/secret",
        "/v1/files/image/{filename}",
    }  # fmt: skip
    assert document["components"]["securitySchemes"]["apiKey"] == {
        "type": "http", "scheme": "bearer",
    }  # fmt: skip
    assert {"apiKey": []} in document["paths"]["/api/v1/admin/gallery/images/"]["get"]["security"]


def test_answers_are_as_the_document_says(client, document):
    path = "/v1/images/generations"
    answer = client.post(path, json={"prompt": "a fox", "quality": "high"})
    validate(document, answer.json(), path, "post")
    validate(document, client.post(path, json={}).json(), path, "post", "400")
    validate(document, client.get("/v1/models").json(), "/v1/models", "get")
    one = client.get("/v1/models/sample-painter").json()
    validate(document, one, "/v1/models/{model}", "get")
    refused = client.get("/v1/models", headers={"Authorization": ""})
    validate(document, refused.json(), "/v1/models", "get", "401")
