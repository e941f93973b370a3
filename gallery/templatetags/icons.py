"""The icons of the one sprite that all pages share."""

from functools import cache

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """Render the symbol `name` of `img/icons.svg`, sized by the surrounding text.

    It is hidden from screen readers: the button or link around it has a label of its own.
    """
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>',
        static("img/icons.svg"),
        name,
    )
