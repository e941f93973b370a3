"""Says what pictures are going to cost before they are made."""

from dataclasses import replace

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from .prices import costs
from .prices.showing import with_sign
from .providers.base import ImageRequest


def foretell(request: ImageRequest, *, times: int, endless: bool = False) -> str:
    """Return the most that a request may cost, as a sentence, also for an unknown price.

    Args:
        times: how often it is asked at once, a picture each time.
        endless: whether it goes on until somebody stops it.
    """
    each = costs.most(_as_served(request), timezone.now())
    if each is None:
        return _("The price of this model is unknown.")
    if not each:
        return _("Costs nothing.")
    if endless:
        return _("At most %(each)s per picture, until you stop it.") % {"each": with_sign(each)}
    if times == 1:
        return _("At most %(each)s.") % {"each": with_sign(each)}
    return _("At most %(all)s: %(times)d × %(each)s.") % {
        "all": with_sign(times * each),
        "times": times,
        "each": with_sign(each),
    }


def _as_served(request: ImageRequest) -> ImageRequest:
    """Return the request with the model that its name stands for by the settings."""
    alias = settings.IMAGINE_MODEL_ALIASES.get(request.model)
    return replace(request, model=alias) if alias else request
