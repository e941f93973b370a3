"""What the REST API reads from request bodies."""

import json
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import parsers
from rest_framework.exceptions import ParseError, ValidationError


class JSONParser(parsers.JSONParser):
    """JSON whose texts are whole: half of a surrogate pair fits no database and no answer."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
            parts = data if isinstance(data, dict) else {}
            broken = [name for name, value in parts.items() if not _is_text(value)]
            is_whole = bool(broken) or _is_text(data)
        except RecursionError:
            raise ParseError(_("The JSON is nested too deeply.")) from None
        if not is_whole:
            raise ParseError(_("This text is not valid Unicode."))
        if broken:
            raise ValidationError({name: [_("This text is not valid Unicode.")] for name in broken})
        return data


def _is_text(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
