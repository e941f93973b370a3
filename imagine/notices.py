"""Records what an upstream says about a key of ours, for the administrator, who alone can fix
it."""

from datetime import timedelta

from django.utils import timezone

from .models import LONGEST_SAID, UpstreamNotice


def record(
    *, upstream: str, key_prefix: str, event: UpstreamNotice.Event, seconds: int, said: str = ""
) -> None:
    """Record that the upstream refuses or limits this key, which rests for `seconds`.

    Args:
        upstream: the address that was asked.
        key_prefix: how the key begins; never more of it.
        said: the upstream's own words, without secrets.
    """
    now = timezone.now()
    UpstreamNotice.objects.update_or_create(
        upstream=upstream[:200],
        key_prefix=key_prefix,
        defaults={
            "event": event,
            "happened_at": now,
            "until": now + timedelta(seconds=seconds),
            "said": said[:LONGEST_SAID],
        },
    )


def refused_now() -> list[UpstreamNotice]:
    """Return the keys that rest now because an upstream refused them."""
    events = (UpstreamNotice.Event.REFUSED, UpstreamNotice.Event.NO_CREDIT)
    refused = UpstreamNotice.objects.filter(event__in=events, until__gt=timezone.now())
    return list(refused.order_by("-happened_at"))
