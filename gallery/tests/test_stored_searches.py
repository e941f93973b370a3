"""Searches that no address can hold."""

import pytest

from gallery import stored_searches
from gallery.stored_searches import NoSuchSearch, StoredSearch

API = "/api/v1/admin/gallery/"
LONG = "海" * 12_000


def kept(staff, text: str) -> str:
    answer = staff.post(f"{API}searches/", {"search": text}, content_type="application/json")
    assert (answer.status_code, answer.json()["search"]) == (201, text)
    return answer.json()["q"]


def test_a_long_search_is_found_by_its_name(staff, add_image):
    image, _ = add_image(prompt=f"before {LONG} after"), add_image(prompt="海" * 100)
    name = kept(staff, LONG)
    found = staff.get(f"{API}images/?q={name}").json()["results"]
    assert [each["id"] for each in found] == [image.pk]
    page = staff.get(f"/admin/gallery/?q={name}").content.decode()
    assert f'value="{LONG}"' in page
    narrowed = staff.get(f"{API}images/?q={name}&search=nowhere").json()
    assert narrowed["count"] == 0


def test_a_stored_search_is_a_filter_of_bulk_actions(staff, add_image):
    image, other = add_image(prompt=LONG), add_image(prompt="a fox")
    body = {"filter": {"q": kept(staff, LONG)}}
    staff.post(f"{API}images/favorite/", body, content_type="application/json")
    for each in (image, other):
        each.refresh_from_db()
    assert (image.favorite, other.favorite) == (True, False)


def test_the_same_text_has_one_name(staff):
    assert kept(staff, "a") == kept(staff, "a") != kept(staff, "b")
    assert StoredSearch.objects.count() == 2


@pytest.mark.parametrize("name", ["0" * 20, "x", "\0", "é", "a" * 5000])
def test_an_unknown_name_is_an_error_and_not_everything(staff, add_image, name):
    add_image()
    answer = staff.get(f"{API}images/", {"q": name})
    assert (answer.status_code, list(answer.json())) == (400, ["q"])
    assert staff.get("/admin/gallery/", {"q": name}).status_code == 200


def test_those_used_longest_ago_give_way(db, monkeypatch):
    monkeypatch.setattr(stored_searches, "MOST", 3)
    names = [stored_searches.keep(str(number)) for number in range(5)]
    with pytest.raises(NoSuchSearch):
        stored_searches.find(names[0])
    assert [stored_searches.find(name) for name in names[2:]] == ["2", "3", "4"]


@pytest.mark.parametrize("search", ["", "x" * 32_001, None, 7, ["x"]])
def test_what_is_no_search_is_refused(staff, search):
    answer = staff.post(f"{API}searches/", {"search": search}, content_type="application/json")
    assert answer.status_code == (201 if search == 7 else 400)
