"""Selections in the REST API: made, looked at, acted on, and nobody else's."""

import io
import json
import zipfile
from typing import Any

import pytest
from django.test import Client

from gallery.models import Image
from imagine import keys

pytestmark = pytest.mark.django_db

API = "/api/v1/admin/gallery/"


def post(client: Client, path: str, body: Any, **headers: str) -> Any:
    return client.post(API + path, json.dumps(body), "application/json", headers=headers)


@pytest.fixture
def ids(add_image):
    return [add_image(prompt="cat", tags=["a"] if n else ["a", "b"]).pk for n in range(4)]


@pytest.fixture
def token(staff, ids):
    return post(staff, "selections/", {"filter": {"search": "cat"}}).json()["token"]


def test_selection_is_made_and_looked_at(staff, ids, token):
    size = sum(Image.objects.values_list("file_size", flat=True))
    made = staff.get(f"{API}selections/{token}/").json()
    assert made == {
        "token": token, "section": "gallery", "count": 4, "bytes": size,
        "expires_at": made["expires_at"],
    }  # fmt: skip
    asked = staff.get(f"{API}selections/{token}/?ids&among={ids[0]},{ids[3]},99999").json()
    assert (asked["image_ids"], asked["among"]) == (ids, [ids[0], ids[3]])
    assert staff.get(f"{API}selections/{token}/?among=").json()["among"] == []
    for bad in ("x", "1,,2", ",".join(["1"] * 1001)):
        refused = staff.get(f"{API}selections/{token}/?among={bad}")
        assert (refused.status_code, list(refused.json())) == (400, ["among"])


ACTIONS = {
    "images/favorite/": "changed", "images/nsfw/": "changed", "images/trash/": "trashed",
    "images/delete/": "deleted", "images/restore/": "restored",
}  # fmt: skip


@pytest.mark.parametrize("path", ACTIONS)
def test_action_is_done_with_what_was_selected_and_no_more(staff, ids, token, add_image, path):
    late = add_image(prompt="cat")
    answer = post(staff, path, {"selection": token})
    assert answer.json() == {ACTIONS[path]: 4, "failed": []}
    assert late in Image.objects.filter(favorite=False, nsfw=False, trashed_at=None)


@pytest.mark.parametrize("path", [*ACTIONS, "images/tags/", "images/export/"])
def test_smaller_number_is_asked_again(staff, ids, token, path):
    body = {"selection": token, **({"add": ["n"]} if "tags" in path else {})}
    staff.delete(f"{API}images/{ids[0]}/")
    before = list(Image.objects.order_by("pk").values())
    refused = post(staff, path, body)
    assert (refused.status_code, refused.json()) == (
        409,
        {
            "detail": "This selection now has 3 pictures. Nothing was done.",
            "count": 3,
        },
    )
    assert list(Image.objects.order_by("pk").values()) == before
    done = post(staff, path, {**body, "count": 3})
    assert done.status_code == 200
    done.getvalue()


def test_export_of_all_but_one_has_the_rest(staff, ids, token):
    made = post(staff, "selections/", {"selection": token, "without": ids[:1]}).json()
    for answer in (
        post(staff, "images/export/", {"selection": made["token"]}),
        staff.post(
            "/admin/gallery/export/", {"selection": json.dumps({"selection": made["token"]})}
        ),
    ):
        with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as archive:
            lines = archive.read("manifest.jsonl").splitlines()
        assert [json.loads(line)["id"] for line in lines] == ids[1:]


def test_list_and_facets_take_a_selection(staff, ids, token, add_image):
    add_image(prompt="cat", tags=["a", "c"])
    chosen = post(staff, "selections/", {"selection": token, "without": ids[3:]}).json()["token"]
    listed = staff.get(f"{API}images/?selection={chosen}&search=cat").json()
    assert [each["id"] for each in listed["results"]] == ids[2::-1]
    counted = staff.get(f"{API}facets/?selection={chosen}").json()
    assert counted["tags"] == [{"name": "a", "count": 3}, {"name": "b", "count": 1}]
    page = staff.get(f"/admin/gallery/?selection={chosen}").content.decode()
    assert page.count('class="card"') == 3
    assert "Selected pictures" in page
    refused = staff.get(f"{API}images/?selection=x")
    assert (refused.status_code, refused.json()) == (
        400, {"selection": ["This selection does not exist or has expired."]},
    )  # fmt: skip
    assert staff.get("/admin/gallery/?selection=x").status_code == 200


def test_selection_is_nobody_elses(client, staff, ids, token):
    _, secret = keys.create_api_key(name="other")
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get(f"{API}selections/{token}/", headers=headers).status_code == 404
    for path, body in (
        ("images/delete/", {"selection": token}),
        ("selections/", {"selection": token}),
        ("images/delete/", {"filter": {"selection": token}}),
    ):
        assert post(client, path, body, **headers).status_code == 400
    own = post(client, "selections/", {"image_ids": ids}, **headers).json()["token"]
    assert post(client, "images/nsfw/", {"selection": own}, **headers).json()["changed"] == 4
    assert Image.objects.count() == 4


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"selection": "x"}, "selection"),
        ({"selection": None}, "selection"),
        ({"selection": ["x"]}, "selection"),
        ({"selection": "x", "image_ids": [1]}, "image_ids"),
        ({"selection": "x", "count": "many"}, "count"),
        ({"selection": "x", "count": -1}, "count"),
        ([1], "non_field_errors"),
    ],
)
def test_bad_selection_is_refused_by_name(staff, ids, body, field):
    refused = post(staff, "images/trash/", body)
    assert (refused.status_code, list(refused.json())) == (400, [field])


@pytest.mark.parametrize("body", [[1], "x", None, {"without": 3}, {"image_ids": 3}])
def test_bad_body_makes_no_selection(staff, body):
    assert post(staff, "selections/", body).status_code == 400
