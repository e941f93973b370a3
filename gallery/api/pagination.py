"""Pagination of the REST API: by page number, or by following `next`."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from grok2api.integers import read_integer

from ..index.criteria import Criteria
from ..search.listing import Page, PageNotFound, find_page

MAX_PAGE_SIZE = 200


class ImagePagination(BasePagination):
    """`{count, count_exact, next, previous, page, page_size, total_pages, results}`.

    For the criteria that `CriteriaBackend` returns.
    """

    page: Page
    request: Request

    def paginate_queryset(
        self,
        queryset: Any,
        request: Request,
        view: APIView | None = None,
    ) -> list[Any]:
        """Return the ids of the requested page; `ImageListSerializer` reads their rows.

        Raises:
            ValidationError: 400, `page` or `page_size` is no number in its range.
            NotFound: 404, no such page.
        """
        if not isinstance(queryset, Criteria):
            raise TypeError("ImagePagination needs the criteria that CriteriaBackend returns.")
        self.request = request
        number = read_number(request, "page", default=1)
        size = read_number(
            request, "page_size", default=settings.GALLERY_PAGE_SIZE, maximum=MAX_PAGE_SIZE
        )
        try:
            self.page = find_page(queryset, page=number, page_size=size)
        except PageNotFound:
            raise NotFound(_("There is no page %(page)d.") % {"page": number}) from None
        return self.page.ids

    def get_paginated_response(self, data: Sequence[Any]) -> Response:
        page = self.page
        return Response(
            {
                "count": page.count,
                "count_exact": page.count_exact,
                "next": self._link(page.next),
                "previous": self._link(page.previous),
                "page": page.page,
                "page_size": page.page_size,
                "total_pages": page.total_pages,
                "results": data,
            }
        )

    def _link(self, number: int | None) -> str | None:
        if number is None:
            return None
        url = self.request.build_absolute_uri()
        if settings.APP_URL:
            url = settings.APP_URL + self.request.get_full_path()
        if number == 1:
            return str(remove_query_param(url, "page"))
        return str(replace_query_param(url, "page", number))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        number = {"type": "integer"}
        link = {"type": "string", "format": "uri", "nullable": True}
        properties = {
            "count": number,
            "count_exact": {"type": "boolean"},
            "next": link,
            "previous": link,
            "page": number,
            "page_size": number,
            "total_pages": number,
            "results": schema,
        }
        return {"type": "object", "required": list(properties), "properties": properties}

    def get_schema_operation_parameters(
        self,
        view: APIView,
    ) -> list[dict[str, Any]]:
        return [
            {"name": name, "in": "query", "required": False, "schema": {"type": "integer"} | limits}
            for name, limits in (
                ("page", {"minimum": 1}),
                ("page_size", {"minimum": 1, "maximum": MAX_PAGE_SIZE}),
            )
        ]


def read_number(request: Request, name: str, *, default: int, maximum: int = 2**31 - 1) -> int:
    """Read a whole number from 1 to `maximum`; return `default` if it is missing or empty.

    Raises:
        ValidationError: 400, names the parameter.
    """
    text = request.query_params.get(name, "").strip()
    if not text:
        return default
    if (number := read_integer(text, least=1, most=maximum)) is None:
        message = _("Enter a whole number from 1 to %(maximum)d.") % {"maximum": maximum}
        raise ValidationError({name: [message]})
    return number
