"""Pages of the REST API."""

import pytest
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from gallery.api.pagination import ImagePagination
from gallery.index.criteria import Criteria


def answer(query):
    pagination = ImagePagination()
    request = Request(APIRequestFactory().get("/images/", query))
    ids = pagination.paginate_queryset(Criteria(), request)
    return pagination.get_paginated_response(ids).data


def test_answer_says_where_the_page_is(add_image, settings):
    images = [add_image().pk for _ in range(3)]
    settings.GALLERY_PAGE_SIZE = 2
    assert answer({"search": "x"}) == {
        "count": 3, "count_exact": True,
        "next": "http://testserver/images/?page=2&search=x", "previous": None,
        "page": 1, "page_size": 2, "total_pages": 2, "results": images[:0:-1],
    }  # fmt: skip
    assert answer({"page": "2"}) == {
        "count": 3, "count_exact": True, "next": None, "previous": "http://testserver/images/",
        "page": 2, "page_size": 2, "total_pages": 2, "results": images[:1],
    }  # fmt: skip


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5", "²", "201", "9" * 40])
def test_page_size_that_is_no_number_in_range_is_refused(db, text):
    with pytest.raises(ValidationError) as error:
        answer({"page_size": text})
    assert list(error.value.detail) == ["page_size"]


def test_page_that_does_not_exist_is_not_found(db):
    with pytest.raises(NotFound):
        answer({"page": "2"})


def test_next_and_previous_are_below_the_public_address(add_image, staff, settings):
    for _ in range(3):
        add_image(source="generated")
    settings.APP_URL = "https://pictures.example.org"
    answer = staff.get("/api/v1/admin/gallery/images/?page_size=1&page=2").json()
    assert [answer["next"], answer["previous"]] == [
        "https://pictures.example.org/api/v1/admin/gallery/images/?page=3&page_size=1",
        "https://pictures.example.org/api/v1/admin/gallery/images/?page_size=1",
    ]
