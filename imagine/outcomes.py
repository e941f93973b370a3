"""Compares what was requested with the picture that came."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from gallery.models import Image

from .formats import short_name
from .models import Generation
from .prices.showing import with_sign

REVISED_PROMPT = KeyTextTransform("revised_prompt", "metadata")
"""The revised prompt of one row; it costs as much as reading all metadata, so lists do without."""

NOTHING = "–"
Basis = Generation.CostBasis


@dataclass(frozen=True, slots=True)
class Outcome:
    """A picture and the generation that it came from.

    Attributes:
        revised_prompt: the image model's; None where it was not read.
    """

    image: Image
    generation: Generation
    revised_prompt: str | None

    @property
    def size(self) -> str:
        return f"{self.image.width}×{self.image.height}"

    @property
    def seconds(self) -> str:
        """The time from the request to the stored picture; empty if it was not measured."""
        parts = (self.generation.upstream_ms, self.generation.storing_ms)
        known = [part for part in parts if part is not None]
        return f"{sum(known) / 1000:.1f} s" if known else ""

    @property
    def cost(self) -> str:
        """The cost of the whole request."""
        usd = self.generation.cost_usd
        if usd is None:
            return _("cost unknown")
        return with_sign(usd) if usd else _("free")

    @property
    def lines(self) -> Iterator[tuple[str, str, str]]:
        """Request and result side by side, without anything that nobody asked for."""
        asked, image, generation = self.generation.parameters, self.image, self.generation
        yield _("Model"), asked.get("asked_model") or generation.model, image.model
        if generation.n > 1:
            yield _("Pictures"), str(generation.n), NOTHING
        if generation.aspect_ratio:
            yield _("Aspect ratio"), generation.aspect_ratio, image.aspect_ratio
        size = asked.get("size") or asked.get("resolution") or ""
        yield _("Pixels"), str(size).replace("x", "×") or NOTHING, self.size
        if quality := asked.get("quality"):
            yield _("Quality"), str(quality), NOTHING
        file_format = str(asked.get("output_format") or "").upper() or NOTHING
        yield _("File format"), file_format, short_name(image.content_type).upper()
        if (seed := asked.get("seed")) is not None:
            yield _("Seed"), str(seed), NOTHING
        if self.seconds:
            yield pgettext("that a generation takes", "Time"), NOTHING, self.seconds
        yield _("Cost"), self._reserved, self._told_cost

    @property
    def _reserved(self) -> str:
        most = self.generation.reserved_usd
        return NOTHING if not most else _("at most %s") % with_sign(most)

    @property
    def _told_cost(self) -> str:
        if self.generation.cost_usd is None:
            return str(Basis.UNKNOWN.label)
        basis = str(Basis(self.generation.cost_basis).label)
        return _("%(cost)s, %(basis)s") % {"cost": self.cost, "basis": basis}


def of_pictures(images: Iterable[Image], user: Any) -> dict[int, Outcome]:
    """Return the outcomes of this user's own pictures by their ids. One query.

    Args:
        images: with `revised_prompt`, as REVISED_PROMPT reads it, where it is to be told.
    """
    found = {image.pk: image for image in images}
    links = (
        Generation.images.through.objects.filter(
            image_id__in=found, generation__user=user, generation__finished_at__isnull=False
        )
        .select_related("generation")
        .defer("generation__prompt", "generation__errand")
        .order_by("-pk")
    )
    return {
        link.image_id: Outcome(
            found[link.image_id], link.generation, _revised(found[link.image_id])
        )
        for link in links
    }


def _revised(image: Any) -> str | None:
    return image.revised_prompt or "" if hasattr(image, "revised_prompt") else None
