"""Recorded changes in the REST API: by whom they are seen and undone."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from gallery.models import Image
from imagine import keys

pytestmark = pytest.mark.django_db

API = "/api/v1/admin/gallery/"


def post(client: Client, path: str, body: Any = None, **headers: str) -> Any:
    return client.post(API + path, json.dumps(body or {}), "application/json", headers=headers)


def person(name: str, group: str = "Editors") -> Client:
    user = User.objects.create_user(name, password="a long password", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def ids(add_image):
    return [add_image(favorite=n < 2).pk for n in range(4)]


def favorites() -> list[bool]:
    return list(Image.objects.order_by("pk").values_list("favorite", flat=True))


def test_change_is_named_in_the_answer_listed_and_undone(staff, ids):
    answer = post(staff, "images/favorite/", {"image_ids": ids})
    assert answer.json() == {"changed": 4, "failed": []}
    change = int(answer.headers["X-Change"])
    (listed,) = staff.get(f"{API}changes/").json()["results"]
    assert listed == {
        "id": change, "at": listed["at"], "actor": "user admin", "action": "favorite",
        "detail": {}, "count": 2, "undoes": None, "undone": False, "undo": None,
    }  # fmt: skip
    assert staff.get(f"{API}changes/{change}/").json() == listed
    undone = post(staff, f"changes/{change}/undo/")
    undo = int(undone.headers["X-Change"])
    assert undone.json() == {"undone": 2, "failed": [], "change": undo, "finished": True}
    assert favorites() == [True, True, False, False]
    later = staff.get(f"{API}changes/{change}/").json()
    assert later == {**listed, "undone": True, "undo": undo}
    again = post(staff, f"changes/{change}/undo/")
    assert (again.status_code, again.json()) == (
        409, {"detail": "This change has been undone already."},
    )  # fmt: skip
    assert post(staff, f"changes/{undo}/undo/").json()["undone"] == 2
    assert favorites() == [True] * 4


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("patch", "images/{id}/", {"favorite": False}),
        ("patch", "images/{id}/", {"nsfw": True, "tags": ["a"]}),
        ("post", "images/{id}/tags/", {"tags": ["a"]}),
        ("post", "images/trash/", {"image_ids": ["{id}"]}),
        ("post", "images/nsfw/", {"image_ids": ["{id}"]}),
        ("post", "images/tags/", {"image_ids": ["{id}"], "add": ["a"]}),
    ],
)
def test_every_change_of_a_picture_can_be_undone(staff, ids, method, path, body):
    before = list(Image.objects.order_by("pk").values("favorite", "nsfw", "trashed_at", "tags"))
    text = json.dumps(body).replace("{id}", str(ids[0]))
    call = getattr(staff, method)
    answer = call(API + path.format(id=ids[0]), text, "application/json")
    assert answer.status_code == 200
    assert post(staff, f"changes/{answer.headers['X-Change']}/undo/").json()["undone"] == 1
    after = list(Image.objects.order_by("pk").values("favorite", "nsfw", "trashed_at", "tags"))
    assert after == before


def test_steps_of_one_action_are_one_change(staff, ids):
    first = post(staff, "images/nsfw/", {"image_ids": ids[:2]})
    change = first.headers["X-Change"]
    second = post(staff, "images/nsfw/", {"image_ids": ids[2:], "change": int(change)})
    assert second.headers["X-Change"] == change
    assert staff.get(f"{API}changes/{change}/").json()["count"] == 4
    assert post(staff, f"changes/{change}/undo/").json()["undone"] == 4
    refused = post(staff, "images/nsfw/", {"image_ids": ids, "change": 10**9})
    assert (refused.status_code, refused.json()) == (
        400, {"change": ["There is no such change to continue."]},
    )  # fmt: skip


def test_long_undo_goes_in_steps(staff, ids):
    change = post(staff, "images/nsfw/", {"image_ids": ids[:2]}).headers["X-Change"]
    post(staff, "images/nsfw/", {"image_ids": ids[2:], "change": int(change)})
    step = post(staff, f"changes/{change}/undo/", {"limit": 1}).json()
    assert (step["undone"], step["finished"]) == (2, False)
    rest = post(staff, f"changes/{change}/undo/", {"limit": 1, "change": step["change"]}).json()
    assert rest == {"undone": 2, "failed": [], "change": step["change"], "finished": True}


def test_others_changes_are_neither_seen_nor_undone_but_by_a_superuser(staff, ids):
    one, other = person("one"), person("other")
    change = post(one, "images/favorite/", {"image_ids": ids}).headers["X-Change"]
    assert other.get(f"{API}changes/").json() == {"next": None, "results": []}
    assert post(other, f"changes/{change}/undo/").status_code == 404
    assert len(one.get(f"{API}changes/").json()["results"]) == 1
    assert post(staff, f"changes/{change}/undo/").json()["undone"] == 2


def test_undo_wants_the_permission_of_what_was_done(ids):
    one = person("one")
    change = post(one, "images/trash/", {"image_ids": ids}).headers["X-Change"]
    user = User.objects.get(username="one")
    user.groups.set([Group.objects.get(name="Viewers")])
    refused = post(one, f"changes/{change}/undo/")
    assert (refused.status_code, refused.json()) == (
        403, {"detail": "Your account can view this but not change it."},
    )  # fmt: skip
    user.groups.set([Group.objects.get(name="Editors")])
    assert post(one, f"changes/{change}/undo/").json()["undone"] == 4


def test_key_undoes_its_own(client, staff, ids):
    (_, mine), (_, theirs) = (keys.create_api_key(name=name) for name in ("mine", "theirs"))
    change = post(
        client, "images/favorite/", {"image_ids": ids}, Authorization=f"Bearer {mine}"
    ).headers["X-Change"]
    path = f"changes/{change}/undo/"
    assert post(client, path, Authorization=f"Bearer {theirs}").status_code == 404
    assert post(client, path, Authorization=f"Bearer {mine}").json()["undone"] == 2


def test_list_goes_page_by_page(staff, ids):
    made = [int(post(staff, "images/nsfw/", {"image_ids": [pk]}).headers["X-Change"]) for pk in ids]
    first = staff.get(f"{API}changes/?page_size=3").json()
    assert [each["id"] for each in first["results"]] == made[:0:-1]
    rest = staff.get(f"{API}changes/?page_size=3&before={first['next']}").json()
    assert ([each["id"] for each in rest["results"]], rest["next"]) == (made[:1], None)
    for bad in ("page_size=0", "page_size=201", "before=x"):
        assert staff.get(f"{API}changes/?{bad}").status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 0}, {"limit": "x"}, {"limit": 2**63 - 1}, {"limit": 2**200},
        {"change": -1}, {"change": 10**9}, {"change": 2**63}, {"change": 2**63 - 1},
    ],
)  # fmt: skip
def test_bad_input_of_an_undo_is_refused_by_name(staff, ids, body):
    change = post(staff, "images/favorite/", {"image_ids": ids}).headers["X-Change"]
    refused = post(staff, f"changes/{change}/undo/", body)
    assert (refused.status_code, list(refused.json())) == (400, list(body))
    assert favorites() == [True] * 4


def test_long_undo_ends_where_everything_was_changed_since(staff, ids):
    change = post(staff, "images/nsfw/", {"image_ids": ids[:2]}).headers["X-Change"]
    post(staff, "images/nsfw/", {"image_ids": ids[2:], "change": int(change)})
    post(staff, "images/nsfw/", {"image_ids": ids, "nsfw": False})
    path = f"changes/{change}/undo/"
    step = post(staff, path, {"limit": 1}).json()
    assert step == {
        "undone": 0, "failed": [{"id": pk, "reason": "changed since"} for pk in ids[:2]],
        "change": step["change"], "finished": False,
    }  # fmt: skip
    rest = post(staff, path, {"limit": 1, "change": step["change"]}).json()
    assert (rest["failed"][0]["id"], rest["finished"]) == (ids[2], True)


@pytest.mark.parametrize("field", ["add", "remove"])
@pytest.mark.parametrize("name", ["a\0", "a" * 65, "\x01"])
def test_name_that_no_tag_can_have_is_refused_and_not_recorded(staff, ids, field, name):
    answer = staff.post(
        f"/admin/gallery/images/{ids[0]}/tags/", {field: name}, headers={"HX-Request": "true"}
    )
    assert (answer.status_code, "X-Change" in answer.headers) == (400, False)
    assert staff.get(f"{API}changes/").json()["results"] == []


def test_tags_changed_by_the_pages_own_form_name_the_change(staff, ids):
    answer = staff.post(f"/admin/gallery/images/{ids[0]}/tags/", {"add": "a"})
    assert post(staff, f"changes/{answer.headers['X-Change']}/undo/").json()["undone"] == 1
    answer = staff.post(f"/admin/gallery/images/{ids[0]}/favorite/", {"favorite": "false"})
    assert post(staff, f"changes/{answer.headers['X-Change']}/undo/").json()["undone"] == 1
    assert favorites() == [True, True, False, False]
    form = {"tag_names": "q", "favorite": "on"}
    answer = staff.post(f"/admin/gallery/image/{ids[3]}/change/", form)
    assert post(staff, f"changes/{answer.headers['X-Change']}/undo/").json()["undone"] == 1
