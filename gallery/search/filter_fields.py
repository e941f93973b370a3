"""Form fields of the picture list's filters: strict, and happy with every database."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _
from pyroaring import FrozenBitMap64

from .. import picture_sets, stored_searches
from ..index.tokens import midnight

YES_AND_NO = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}
SPACE_FOR_PLUS = re.compile(r" (?=\d\d:?\d\d$)")


class TextField(forms.CharField):
    """A text that every database can take."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValidationError(_("This text is not valid Unicode."), code="invalid") from None
        return text


class StoredSearchField(TextField):
    """The name of a search that was too long for an address; cleans to its text."""

    def to_python(self, value: Any) -> str:
        name = super().to_python(value)
        try:
            return stored_searches.find(name) if name else ""
        except stored_searches.NoSuchSearch:
            raise ValidationError(
                _("This stored search does not exist or has expired."), code="invalid"
            ) from None


class TextsField(forms.MultipleChoiceField):
    """Any texts, one for each time that the name is given; empty ones ask nothing."""

    hidden_widget = forms.MultipleHiddenInput
    widget = forms.SelectMultiple

    def to_python(self, value: Any) -> list[str]:
        text = TextField(required=False, max_length=100)
        return [cleaned for item in value or () if (cleaned := text.clean(item))]

    def validate(self, value: list[str]) -> None:
        """Any name may be asked for."""


class SelectionField(TextField):
    """The token of a set of pictures that whoever asks has made. Cleans to their ids, or None."""

    def clean(self, value: Any) -> FrozenBitMap64 | None:
        token = super().clean(value)
        if not token:
            return None
        try:
            return picture_sets.find(token).ids
        except picture_sets.NoSuchSet:
            raise ValidationError(
                _("This selection does not exist or has expired."), code="invalid"
            ) from None


class FlagField(forms.ChoiceField):
    """true or false, in the ways that people write them."""

    def to_python(self, value: Any) -> bool | None:
        if value in self.empty_values:
            return None
        try:
            return YES_AND_NO[str(value).lower()]
        except KeyError:
            raise ValidationError(_("Enter true or false."), code="invalid") from None

    def validate(self, value: bool | None) -> None:
        """`to_python` has looked at it."""


class MomentField(forms.CharField):
    """A date, which means the whole day in the local time zone, or an ISO 8601 date and time.

    Cleans to the moment at which the period begins or, with `ends`, to the first moment after it.
    """

    def __init__(self, *, ends: bool = False, **options: Any) -> None:
        self.ends = ends
        super().__init__(**options)

    def clean(self, value: Any) -> datetime | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            if day := parse_date(text):
                return start_of(day + timedelta(days=self.ends))
            # A plus sign that was not quoted in the address arrives as a blank.
            moment = parse_datetime(text) or parse_datetime(SPACE_FOR_PLUS.sub("+", text))
            if moment is None or not 1000 <= moment.year <= 9998:
                raise ValueError(text)
            if timezone.is_naive(moment):
                moment = timezone.make_aware(moment)
            return moment.astimezone(UTC) + self.ends * timedelta(microseconds=1)
        except (ValueError, OverflowError):
            raise ValidationError(
                _("Enter a date such as 2026-11-25, or an ISO 8601 date and time."), code="invalid"
            ) from None


def start_of(day: date) -> datetime:
    """Local midnight.

    Raises:
        ValueError: a year that not every database can take.
    """
    if not 1000 <= day.year <= 9998:
        raise ValueError(day)
    return midnight(day)
