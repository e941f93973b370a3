"""The Imagine page: a client of our own gateway, in the browser."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from operator import attrgetter
from typing import Any, cast

from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from gallery.files.pictures import ASPECT_RATIOS
from gallery.models import Image
from gallery.templatetags.gallery_pages import thumbnail_address
from grok2api.integers import read_id, read_integer

from . import callers, estimates, outcomes
from .dialects import MAX_SOURCES
from .forms import COMMON_RATIOS, OPTIONS, ImagineForm
from .links import file_path
from .models import Generation
from .notices import refused_now
from .usage import UsageLine, draw, read_usage, total

RECENT = 24
AGAIN = ("resolution", "quality", "output_format")
"""Fields that are requested again; the same seed would give the same picture."""

FAILURES_SHOWN = timedelta(minutes=15)
USAGE_DAYS = (7, 30, 90)
USAGE_PARTS: dict[str, Callable[[UsageLine], str]] = {
    "model": attrgetter("model"),
    "caller": attrgetter("caller"),
}


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
    """Show the page; `?prompt=`, `aspect_ratio=`, `n=`, `model=` and the others fill in the form.

    `?again=` takes the request of a picture by its id, and `?generation=` that of a generation;
    `?edit=` names pictures to be edited.
    """
    user = cast("User", request.user)
    before = _asked_before(request)
    form = ImagineForm(before or request.GET)
    chosen = form.chosen()
    if before:
        chosen["prompt"] = before["prompt"]  # whole, also where it is too long to be asked again
    mine = Image.objects.in_library().without_metadata().filter(generations__user=user)
    recent = list(mine.order_by("-pk").distinct()[:RECENT])
    told = outcomes.of_pictures(recent, user)
    return render(
        request,
        "imagine/imagine.html",
        {
            "section": "imagine",
            "form": form,
            "chosen": chosen,
            "ratios": [Ratio(name) for name in ASPECT_RATIOS],
            "numbers": form.numbers,
            "offers": {
                name: {model: asdict(offer) for model, offer in offers.items()}
                for name, offers in form.offers().items()
            },
            "is_unfolded": any(chosen[name] != "" for name in OPTIONS),
            "provider": settings.IMAGINE_PROVIDER,
            "recent": [(image, file_path(image), told.get(image.pk)) for image in recent],
            "sources": _sources(request.GET.getlist("edit")),
            "tasks": _tasks(user),
            "api_url": reverse("api:image-list").removesuffix("images/"),
            "max_sources": MAX_SOURCES,
            "refused_keys": refused_now(),
        },
    )


def _asked_before(request: HttpRequest) -> dict[str, Any] | None:
    """Return the request of the picture or the generation that the address names."""
    picture, number = (read_id(request.GET.get(name)) for name in ("again", "generation"))
    found: Generation | None = None
    image: Image | None = None
    if picture:
        image = Image.objects.in_library().filter(pk=picture).first()
        found = image.generations.order_by("pk").first() if image else None
    elif number and request.user.has_perm("imagine.view_generation"):
        found = Generation.objects.filter(pk=number).first()
    wishes = {name: found.parameters.get(name, "") for name in AGAIN} if found else {}
    if image is not None:
        ratio = (found.aspect_ratio if found else "") or image.aspect_ratio
        model = found.model if found else image.model
        return {"prompt": image.prompt, "aspect_ratio": ratio, "model": model, "n": 1, **wishes}
    if found is not None:
        names = ("prompt", "aspect_ratio", "model", "n")
        return {name: getattr(found, name) for name in names} | wishes
    return None


def _tasks(user: User) -> list[dict[str, Any]]:
    """Return this user's tasks that wait or run, and those that have just failed."""
    now = timezone.now()
    mine = Generation.objects.of(None, user).filter(errand__isnull=False)
    failed = mine.filter(
        status__in=(Generation.Status.FAILED, Generation.Status.INTERRUPTED),
        finished_at__gt=now - FAILURES_SHOWN,
    )
    return [
        {
            "poll_url": reverse("imagine_api:task", args=[task.task_id]),
            "prompt": task.prompt,
            "aspect_ratio": task.aspect_ratio,
            "model": task.model,
            "is_edit": task.operation == Generation.Operation.EDIT,
            "error": {"code": task.error_code, "message": task.error_message}
            if task.finished_at
            else None,
        }
        for task in (mine.unfinished(now) | failed).order_by("pk")
    ]


def _sources(values: list[str]) -> list[dict[str, Any]]:
    """Return the pictures with these ids, in order; invalid ids are left out."""
    ids = [image_id for value in values if (image_id := read_id(value))]
    found = Image.objects.in_library().without_metadata().in_bulk(ids[:MAX_SOURCES])
    images = [found[pk] for pk in dict.fromkeys(ids) if pk in found]
    return [
        {"link": file_path(image), "preview": thumbnail_address(image), "sensitive": image.nsfw}
        for image in images
    ]


@require_GET
@staff_member_required
def usage(request: HttpRequest) -> HttpResponse:
    """Show what was generated in the last days, by whom and at what cost.

    `?days=` is one of three; `?by=` chooses how the columns of the charts are divided.
    """
    days = read_integer(request.GET.get("days"))
    days = days if days in USAGE_DAYS else USAGE_DAYS[1]
    by = request.GET.get("by", "")
    by = by if by in USAGE_PARTS else next(iter(USAGE_PARTS))
    lines = read_usage(days=days)
    return render(
        request,
        "imagine/usage.html",
        {
            "section": "usage",
            "lines": lines,
            "total": total(lines),
            "charts": draw(lines, days=days, by=USAGE_PARTS[by]),
            "days": days,
            "choices": USAGE_DAYS,
            "by": by,
        },
    )


@require_GET
@staff_member_required
def outcome(request: HttpRequest, picture: int) -> HttpResponse:
    """Show the request of one of the user's pictures beside the result; 202 until it has ended."""
    user = cast("User", request.user)
    mine = Image.objects.in_library().without_metadata().filter(generations__user=user)
    image = mine.annotate(revised_prompt=outcomes.REVISED_PROMPT).filter(pk=picture).first()
    if image is None:
        raise Http404
    told = outcomes.of_pictures([image], user).get(image.pk)
    if told is None:
        return HttpResponse(status=202)
    return render(request, "imagine/_outcome.html", {"outcome": told})


@require_POST
@staff_member_required
def price(request: HttpRequest) -> JsonResponse:
    """Return what the pictures of the form may cost, and what is wrong with its fields.

    It is called while somebody types, so a wrong field is an answer, not an error.
    """
    form = ImagineForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"price": "", "errors": form.errors})
    values = form.cleaned_data
    sentence = estimates.foretell(form.request(), times=values["n"], endless=values["endless"])
    return JsonResponse({"price": sentence, "errors": {}})


@require_POST
@staff_member_required
def token(request: HttpRequest) -> JsonResponse:
    """Return a Bearer token for `/v1`, with which the page acts for its user."""
    return JsonResponse(
        {
            "token": callers.page_token(cast("User", request.user)),
            "expires_in": callers.PAGE_TOKEN_SECONDS,
        },
        headers={"Cache-Control": "no-store"},
    )
