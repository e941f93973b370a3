"""How the REST API shows itself in a browser."""

from typing import Any

from csp.constants import SELF, UNSAFE_HASHES
from csp.decorators import csp_update
from rest_framework import renderers

FLOAT = "'sha256-OfgyIBrd+/vP79JdFMYP+re4T+fIenvkrHPD2HZ8/cs='"
"""Of `float: right; margin-right: 10px`, the one style attribute in the framework's template."""


class BrowsableAPIRenderer(renderers.BrowsableAPIRenderer):
    """The framework's pages, under a policy that lets them look as they are meant to."""

    def render(
        self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None
    ) -> Any:
        context = renderer_context or {}
        allow = csp_update({"style-src": [SELF, UNSAFE_HASHES, FLOAT]})
        allow(lambda request: context["response"])(context["request"])
        return super().render(data, accepted_media_type, renderer_context)
