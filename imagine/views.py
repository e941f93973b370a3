"""The Imagine page: a client of our own gateway, in the browser."""

from dataclasses import dataclass
from typing import cast

from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from gallery.models import Image
from gallery.pictures import ASPECT_RATIOS

from . import callers
from .forms import COMMON_RATIOS, NUMBERS, ImagineForm

RECENT = 24


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
    """The page; `?prompt=`, `aspect_ratio=`, `n=` and `model=` fill in the form."""
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
            "recent": recent.order_by("-pk").distinct()[:RECENT],
        },
    )


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
