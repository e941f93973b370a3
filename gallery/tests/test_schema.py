"""The OpenAPI document tells the truth about the REST API."""

import json
from typing import Any

import jsonschema
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from drf_spectacular.validation import validate_schema

from gallery.tests.drawing import draw

API = "/api/v1/admin/gallery/"
JSON = "application/json"


@pytest.fixture
def document(staff) -> dict[str, Any]:
    return json.loads(staff.get("/api/schema/?format=json").content)


def json_schema(part: Any) -> Any:
    """OpenAPI 3.0 says `nullable` where JSON Schema says a second type."""
    if isinstance(part, list):
        return [json_schema(each) for each in part]
    if not isinstance(part, dict):
        return part
    schema = {name: json_schema(each) for name, each in part.items()}
    return {**schema, "type": [schema["type"], "null"]} if schema.get("nullable") else schema


def check(document: dict[str, Any], answer: Any, path: str) -> int:
    """The status of an answer that is one of those in the document, and as it says."""
    method = answer.request["REQUEST_METHOD"].lower()
    said = document["paths"][API + path][method]["responses"][str(answer.status_code)]
    if said.get("content"):
        schema = said["content"][answer.headers["Content-Type"]]["schema"]
        whole = json_schema({**schema, "components": document["components"]})
        jsonschema.validate(answer.json(), whole)
    else:
        assert answer.content == b""
    return answer.status_code


def test_the_document_is_openapi(document):
    validate_schema(document)


def test_answers_of_success_are_as_the_document_says(staff, document, add_image):
    image = add_image(tags=["a", "b"], model="m")
    (other,) = image.tags.filter(key="b")

    def post(path: str, **body: Any) -> int:
        return check(document, staff.post(API + path, json.dumps(body), JSON), path)

    upload = {"file": SimpleUploadedFile("a.png", draw(format="PNG")), "tags": "c"}
    assert check(document, staff.post(f"{API}images/", upload), "images/") == 201
    for path in ("images/", "facets/?search=-x", "stats/", "tags/"):
        assert check(document, staff.get(API + path), path.partition("?")[0]) in (200, 503)
    one = "images/{id}/"
    change = {"favorite": True, "tags": ["c"]}
    assert check(document, staff.get(f"{API}images/{image.pk}/"), one) == 200
    changed = staff.patch(f"{API}images/{image.pk}/", json.dumps(change), JSON)
    assert check(document, changed, one) == 200
    renamed = staff.patch(f"{API}tags/{other.pk}/", json.dumps({"name": "d"}), JSON)
    assert check(document, renamed, "tags/{id}/") == 200
    ids = [image.pk, 10**9]
    assert post("images/tags/", image_ids=ids, add=["e"]) == 200
    assert post("images/favorite/", filter={"model": ["m"]}, favorite=False) == 200
    assert post("images/nsfw/", image_ids=ids) == 200
    assert post("images/trash/", image_ids=ids) == 200
    assert post("images/restore/", image_ids=ids) == 200
    assert post("images/delete/", image_ids=ids) == 200
    assert post("scan/") == 200


def test_refusals_are_as_the_document_says(staff, document):
    User.objects.create_user("viewer", is_staff=True)
    viewer = Client()
    viewer.force_login(User.objects.get(username="viewer"))

    def post(client: Client, path: str, body: Any, content_type: str = JSON) -> int:
        return check(document, client.post(API + path, body, content_type), path)

    assert post(staff, "images/trash/", {}) == 400
    assert post(staff, "images/trash/", {"image_ids": ["x"]}) == 400
    assert post(staff, "images/trash/", "{") == 400
    assert post(staff, "images/tags/", {"image_ids": [1], "add": ["a,b"]}) == 400
    assert post(staff, "images/", b"", "text/plain") == 415
    assert post(staff, "images/nsfw/", b"x", "text/plain") == 415
    assert post(viewer, "images/nsfw/", {"image_ids": [1]}) == 403
    assert post(Client(), "images/nsfw/", {"image_ids": [1]}) == 401
    assert check(document, Client().get(f"{API}stats/"), "stats/") == 401
    assert check(document, staff.get(f"{API}images/?page=9"), "images/") == 404
    assert check(document, staff.get(f"{API}images/?trash=x"), "images/") == 400
    assert check(document, staff.get(f"{API}images/1/"), "images/{id}/") == 404
    assert check(document, staff.delete(f"{API}images/x/"), "images/{id}/") == 404
    assert check(document, staff.delete(f"{API}tags/1/"), "tags/{id}/") == 404
    file = "images/{id}/file/"
    assert check(document, staff.get(f"{API}images/1/file/"), file) == 404


def test_every_operation_has_a_group_and_a_summary(document):
    groups = [group["name"] for group in document["tags"]]
    assert groups == [
        "OpenAI-compatible API", "Pictures", "Selections", "Searches", "Tags", "History",
        "Numbers", "Files",
    ]  # fmt: skip
    assert all(group["description"] for group in document["tags"])
    poor = [
        (path, method, operation.get("tags"), operation.get("summary"))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in ("get", "post", "patch", "put", "delete")
        and not (
            len(operation["tags"]) == 1
            and operation["tags"][0] in groups
            and 3 < len(operation.get("summary", "")) < 80
        )
    ]
    assert poor == []


def test_operations_that_can_be_undone_name_their_record(staff, document, add_image):
    image = add_image()
    told = {
        (method, path.removeprefix(API))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if any(
            "X-Change" in answer.get("headers", ()) for answer in operation["responses"].values()
        )
    }
    bulk = ("favorite", "nsfw", "restore", "tags", "trash")
    assert told == {
        *(("post", f"images/{name}/") for name in bulk),
        ("patch", "images/{id}/"), ("post", "images/{id}/tags/"), ("post", "changes/{id}/undo/"),
        ("patch", "tags/{id}/"), ("delete", "tags/{id}/"),
    }  # fmt: skip
    for path, body in (
        (f"images/{image.pk}/tags/", {"tags": ["a"]}),
        *((f"images/{name}/", {"image_ids": [image.pk], "add": ["b"]}) for name in ("favorite",
          "nsfw", "trash", "restore", "tags")),
    ):  # fmt: skip
        assert "X-Change" in staff.post(API + path, json.dumps(body), JSON).headers
