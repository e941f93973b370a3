"""The Imagine page: a client of our own gateway, in the browser."""

from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from gallery.models import Image
from gallery.pictures import ASPECT_RATIOS

from . import callers
from .dialects import MAX_SOURCES
from .forms import COMMON_RATIOS, NUMBERS, ImagineForm
from .links import file_path
from .notices import refused_now
from .usage import read_usage, total

RECENT = 24
USAGE_DAYS = (7, 30, 90)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio to choose, with the sides of its little frame in pixels."""

    name: str

    @property
    def common(self) -> bool:
        return self.name in COMMON_RATIOS

    @property
    def frame(self) -> tuple[float, float]:
        across, down = map(float, self.name.split(":"))
        unit = 14 / max(across, down)
        return round(across * unit, 1), round(down * unit, 1)

    @property
    def half(self) -> tuple[float, float]:
        across, down = self.frame
        return round(across / 2, 2), round(down / 2, 2)


@require_GET
@staff_member_required
def imagine(request: HttpRequest) -> HttpResponse:
    """The page; `?prompt=`, `aspect_ratio=`, `n=` and `model=` fill in the form.

    `?edit=` names pictures of the library, by their ids, that are to be edited.
    """
    form = ImagineForm(request.GET)
    recent = Image.objects.in_library().filter(generations__user=cast("User", request.user))
    return render(
        request,
        "imagine/imagine.html",
        {
            "section": "imagine",
            "form": form,
            "chosen": form.chosen(),
            "ratios": [Ratio(name) for name in ASPECT_RATIOS],
            "numbers": NUMBERS,
            "provider": settings.IMAGINE_PROVIDER,
            "recent": [
                (image, file_path(image)) for image in recent.order_by("-pk").distinct()[:RECENT]
            ],
            "sources": _sources(request.GET.getlist("edit")),
            "max_sources": MAX_SOURCES,
            "refused_keys": refused_now(),
        },
    )


def _sources(values: list[str]) -> list[dict[str, Any]]:
    """The pictures with these ids, in their order; what is no such id is left out."""
    ids = [int(value) for value in values if value.isdecimal() and len(value) < 19]
    found = Image.objects.in_library().in_bulk(ids[:MAX_SOURCES])
    images = [found[pk] for pk in dict.fromkeys(ids) if pk in found]
    return [{"link": file_path(image), "sensitive": image.nsfw} for image in images]


@require_GET
@staff_member_required
def usage(request: HttpRequest) -> HttpResponse:
    """What was generated in the last days, by whom and at what cost; `?days=` is one of three."""
    wanted = request.GET.get("days", "")
    days = int(wanted) if wanted in map(str, USAGE_DAYS) else USAGE_DAYS[1]
    lines = read_usage(days=days)
    return render(
        request,
        "imagine/usage.html",
        {"section": "usage", "lines": lines, "total": total(lines), "days": days,
         "choices": USAGE_DAYS},
    )  # fmt: skip


@require_POST
@staff_member_required
def token(request: HttpRequest) -> JsonResponse:
    """A Bearer token for `/v1`, with which the page speaks for its user."""
    return JsonResponse(
        {
            "token": callers.page_token(cast("User", request.user)),
            "expires_in": callers.PAGE_TOKEN_SECONDS,
        },
        headers={"Cache-Control": "no-store"},
    )
