"""What the Imagine page offers to choose from."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gallery.pictures import ASPECT_RATIOS

from .dialects import MAX_PROMPT_LENGTH
from .providers import provider_class
from .providers.base import DEFAULT_MODEL

COMMON_RATIOS = ("1:1", "2:3", "3:2", "9:16", "16:9")
NUMBERS = (1, 2, 4, 8)


class ImagineForm(forms.Form):
    """The composer. Its values may come from the address: a link can fill it in."""

    prompt = forms.CharField(label=_("Prompt"), max_length=MAX_PROMPT_LENGTH, required=False)
    aspect_ratio = forms.ChoiceField(
        label=_("Aspect ratio"), choices=[(ratio, ratio) for ratio in ASPECT_RATIOS]
    )
    n = forms.TypedChoiceField(
        label=_("Pictures at once"), choices=[(number, number) for number in NUMBERS], coerce=int
    )
    model = forms.ChoiceField(label=_("Model"))

    def __init__(self, query: Any) -> None:
        super().__init__(query)
        models = (DEFAULT_MODEL, *provider_class().models)
        self.fields["model"] = forms.ChoiceField(
            label=_("Model"), choices=[(model, model) for model in models]
        )

    def chosen(self) -> dict[str, Any]:
        """A value for every field: the address's where it is valid, else the first choice."""
        self.is_valid()
        defaults = {"prompt": "", "aspect_ratio": "1:1", "n": 1, "model": DEFAULT_MODEL}
        return {**defaults, **self.cleaned_data}
