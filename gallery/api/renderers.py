"""Renderers of the REST API: JSON, and pages for browsers."""

from typing import Any

import orjson
from csp.constants import SELF, UNSAFE_HASHES
from csp.decorators import csp_update
from rest_framework import renderers

FLOAT = "'sha256-OfgyIBrd+/vP79JdFMYP+re4T+fIenvkrHPD2HZ8/cs='"
"""The hash of `float: right; margin-right: 10px`, the one style attribute of its template."""


class JSONRenderer(renderers.JSONRenderer):
    """Renders JSON ten times as fast as the framework's own, unless indentation is asked for."""

    def render(
        self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None
    ) -> bytes:
        if data is None or self.get_indent(accepted_media_type or "", renderer_context or {}):
            return super().render(data, accepted_media_type, renderer_context)
        return orjson.dumps(
            data,
            default=self.encoder_class().default,
            option=orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME,
        )


class BrowsableAPIRenderer(renderers.BrowsableAPIRenderer):
    """The framework's browsable API, under a policy that lets its pages look as intended."""

    def render(
        self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None
    ) -> Any:
        context = renderer_context or {}
        allow = csp_update({"style-src": [SELF, UNSAFE_HASHES, FLOAT]})
        allow(lambda request: context["response"])(context["request"])
        return super().render(data, accepted_media_type, renderer_context)
