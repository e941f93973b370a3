"""The form of the Imagine page."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gallery.files.pictures import ASPECT_RATIOS
from gallery.soundness import MAX_MODEL_LENGTH, MAX_PROMPT_LENGTH
from grok2api.integers import read_integer

from .dialects import (
    MAX_N,
    MAX_SEED,
    MAX_SOURCES,
    OUTPUT_FORMATS,
)
from .providers import provider_class
from .providers.base import DEFAULT_MODEL, EDIT_MODEL, ImageRequest, Offer, SourceImage

COMMON_RATIOS = ("1:1", "2:3", "3:2", "9:16", "16:9")
NUMBERS = (1, 2, 4, 8)
PARTIALS = 2
"""Unfinished pictures that the page's script requests with each picture."""

SOURCE = SourceImage(b"", "", "", 0, 0)
"""A stand-in for a picture to be edited, if it only matters that there is one."""

OPTIONS = ("resolution", "quality", "output_format", "seed")
"""Fields that are collapsed until somebody wants them."""


class ImagineForm(forms.Form):
    """The composer. Its values may come from the address, so a link can fill it in."""

    prompt = forms.CharField(
        label=gettext_lazy("Prompt"), max_length=MAX_PROMPT_LENGTH, required=False
    )
    aspect_ratio = forms.ChoiceField(
        label=gettext_lazy("Aspect ratio"),
        choices=[(ratio, ratio) for ratio in ASPECT_RATIOS],
        required=False,
    )
    n = forms.TypedChoiceField(label=gettext_lazy("Pictures at once"), coerce=int)
    model = forms.ChoiceField(label=gettext_lazy("Model"), required=False)
    resolution = forms.CharField(label=gettext_lazy("Resolution"), required=False)
    quality = forms.CharField(label=gettext_lazy("Quality"), required=False)
    output_format = forms.ChoiceField(
        label=gettext_lazy("File format"),
        choices=[(name, name.upper()) for name in dict.fromkeys(OUTPUT_FORMATS.values())],
        required=False,
    )
    seed = forms.IntegerField(
        label=gettext_lazy("Seed"), min_value=0, max_value=MAX_SEED, required=False
    )
    sources = forms.IntegerField(min_value=0, max_value=MAX_SOURCES, required=False)
    endless = forms.BooleanField(required=False)

    def __init__(self, query: Any) -> None:
        super().__init__(query)
        self.numbers = _numbers(str(query.get("n", "")))
        self.models = _models(str(query.get("model", "")))
        for name, options in (("n", self.numbers), ("model", self.models)):
            self.fields[name].choices = [(one, one) for one in options]  # type: ignore[attr-defined]

    def chosen(self) -> dict[str, Any]:
        """Return a value for every field: a valid one from the address, else the first choice."""
        self.is_valid()
        defaults = {"aspect_ratio": "1:1", "n": 1, "model": DEFAULT_MODEL}
        values = dict.fromkeys(self.fields, "") | defaults
        given = {
            name: value for name, value in self.cleaned_data.items() if value not in ("", None)
        }
        return values | given

    def offers(self) -> dict[str, dict[str, Offer]]:
        """Return the choices of each model, for making and for editing."""
        provider = provider_class()
        return {
            name: {model: provider.offer(model, edits=edits) for model in self.models}
            for name, edits in (("generate", False), ("edit", True))
        }

    def clean(self) -> dict[str, Any]:
        """Refuse what the model does not offer, by name."""
        values = self.cleaned_data
        offer = provider_class().offer(
            values.get("model") or DEFAULT_MODEL, edits=bool(values.get("sources"))
        )
        for name, options in (("resolution", offer.resolutions), ("quality", offer.qualities)):
            if values.get(name) and values[name] not in options:
                self.add_error(name, _("This model does not offer “%s”.") % values[name][:40])
        if values.get("seed") is not None and not offer.seeds:
            self.add_error("seed", _("This model does not support seeds."))
        return values

    def request(self) -> ImageRequest:
        """Return a request for one picture of a valid form, as far as its price is concerned."""
        values = self.cleaned_data
        return ImageRequest(
            prompt=values["prompt"],
            model=values["model"] or DEFAULT_MODEL,
            aspect_ratio=values["aspect_ratio"],
            resolution=values["resolution"],
            quality=values["quality"],
            partial_images=PARTIALS,
            sources=(SOURCE,) * (values["sources"] or 0),
        )


def _numbers(asked: str) -> tuple[int, ...]:
    """Return the choices for the number of pictures, including the one in the address."""
    named = read_integer(asked, least=1, most=MAX_N)
    return tuple(sorted({*NUMBERS, named or NUMBERS[0]}))


def _models(asked: str) -> tuple[str, ...]:
    provider = provider_class()
    models = (DEFAULT_MODEL, *provider.models)
    if provider.any_model and asked and asked not in (*models, EDIT_MODEL):
        models = (*models, asked[:MAX_MODEL_LENGTH])  # the upstream knows it
    return models
