"""Parsers for the request bodies of the REST API."""

import json
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import parsers
from rest_framework.exceptions import ParseError, ValidationError

from grok2api.runtime.json_bounds import holds_too_many

from .fields import MOST_ERRORS

MOST_CONTAINERS = 100_000
"""The most lists and objects in one body."""


class JSONParser(parsers.JSONParser):
    """JSON without lone surrogates: no database and no answer could hold them."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        body = stream.read()
        if holds_too_many(body, MOST_CONTAINERS):
            raise ParseError(_("The JSON holds too many lists and objects."))
        try:
            data = super().parse(BytesIO(body), media_type, parser_context)
            parts = data if isinstance(data, dict) else {}
            broken = [name for name, value in parts.items() if not _is_text(value)]
            is_whole = all(map(_is_text, broken)) if broken else _is_text(data)
        except RecursionError:
            raise ParseError(_("The JSON is nested too deeply.")) from None
        if not is_whole:
            raise ParseError(_("This text is not valid Unicode."))
        if broken:
            message = _("This text is not valid Unicode.")
            raise ValidationError({name: [message] for name in broken[:MOST_ERRORS]})
        return data


def _is_text(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
