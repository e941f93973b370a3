"""Serializer fields shared by several serializers of the REST API."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers

from ..jobs import tagging
from ..models import Tag

MOST_ERRORS = 10
"""Invalid items of a list that are named. With an error for each, a list of invalid items would
take hundreds of times its own size."""


class ListField(serializers.ListField):
    """A list that stops at its tenth invalid item; errors name the position of each."""

    def run_child_validation(self, data: Iterable[Any]) -> list[Any]:
        values: list[Any] = []
        errors: dict[Any, Any] = {}
        for place, item in enumerate(data):
            try:
                values.append(self.child.run_validation(item))
            except serializers.ValidationError as error:
                errors[place] = error.detail
                if len(errors) == MOST_ERRORS:
                    break
        if errors:
            raise serializers.ValidationError(errors)
        return values


class TagNamesField(ListField):
    """A list of tag names, checked by `tagging.clean_names`."""

    child = serializers.CharField(max_length=1000)

    def to_internal_value(self, data: Any) -> list[str]:
        names = super().to_internal_value(data)
        try:
            return tagging.clean_names(names)
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from None

    def to_representation(self, data: Any) -> list[str]:
        tags = data.all() if hasattr(data, "all") else data
        return [tag.name if isinstance(tag, Tag) else tag for tag in tags]
