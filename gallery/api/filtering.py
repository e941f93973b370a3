"""Turns a request's query into search criteria."""

from typing import Any

from django_filters.rest_framework import DjangoFilterBackend
from django_filters.utils import translate_validation

from ..index.criteria import Criteria


class CriteriaBackend(DjangoFilterBackend):  # type: ignore[misc]
    """Applies `ImageFilter` to lists. It returns criteria, so that no queryset has to be built."""

    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Criteria:
        """Return the criteria of the request.

        Raises:
            ValidationError: 400, names the parameters that make no sense.
        """
        filters = self.get_filterset(request, queryset, view)
        if not filters.is_valid():
            raise translate_validation(filters.errors)
        criteria: Criteria = filters.criteria
        return criteria
