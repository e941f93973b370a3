"""Marks generations whose program is gone as interrupted; what they reserved stays counted."""

import os
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from grok2api.integers import read_integer

from . import limits
from .models import Generation, GenerationQuerySet
from .providers.base import ProviderError
from .records import address, error_columns, write_remembered

UPGRADE = timedelta(days=7)
"""How long two versions may run side by side."""


def mark_interrupted() -> int:
    """Mark generations whose program is gone as interrupted; return how many.

    It is called before this program serves: whatever runs at its address was begun by one that is
    gone.
    """
    pending = Generation.objects.filter(status=Generation.Status.PENDING)
    _name_told_costs()
    ours = pending.filter(Q(served_by=address()) | Q(served_by__startswith=f"{address()}#"))
    return _interrupt(ours | Generation.objects.abandoned(timezone.now()))


def _name_told_costs() -> None:
    """Set the basis of costs that the version before wrote during an upgrade.

    That version knew no basis, and no other costs than those that upstreams tell.
    """
    lately = Generation.objects.filter(created_at__gt=timezone.now() - UPGRADE)
    told = lately.filter(cost_usd__isnull=False, cost_basis=Generation.CostBasis.UNKNOWN)
    told.update(cost_basis=Generation.CostBasis.UPSTREAM)


def mark_abandoned() -> int:
    """Do the same as `mark_interrupted` while this program serves, for worker processes that died.

    It first writes what this process could not write of its own generations.
    """
    write_remembered()
    pending = Generation.objects.filter(status=Generation.Status.PENDING)
    ours = pending.filter(served_by__startswith=f"{address()}#")
    processes = set(ours.values_list("served_by", flat=True))
    dead = [name for name in processes if not _is_alive(name.rpartition("#")[2])]
    return _interrupt(
        ours.filter(served_by__in=dead) | Generation.objects.abandoned(timezone.now())
    )


def _interrupt(gone: GenerationQuerySet) -> int:
    ended = list(gone.only("key"))
    if not ended:
        return 0
    # What was reserved stays counted: the upstream was asked, or nobody knows that it was not.
    count = gone.update(
        status=Generation.Status.INTERRUPTED,
        finished_at=timezone.now(),
        **error_columns(interrupted()),
    )
    limits.end(ended)
    return count


def _is_alive(process: str) -> bool:
    """Return whether this host has a process with this number; if nobody can tell, assume so."""
    number = read_integer(process, least=1)
    if os.name != "posix" or number is None:
        return True
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def interrupted() -> ProviderError:
    """Build the error of a generation whose program is gone; the upstream may have been asked."""
    return ProviderError(
        "The server was stopped before the pictures came.",
        status=424,
        type="server_error",
        code="interrupted",
    )
