"""Counts requests per minute and at once in Redis, without reading or locking a row.

Redis has two sorted sets for each key: what began within the last minute, and what is under way.
Members are generations, scored by when they began in Redis' own time. Entries older than any
generation can be are ignored, so a killed process blocks no key for ever, and an unused key expires
as a whole. If Redis misses something, because it is new, was restarted or could not be reached, the
rows fill it in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any

from django.db.models import Q
from django.utils import timezone

from grok2api.runtime.redis_server import RedisError, client
from imagine.models import LONGEST_GENERATION, ApiKey, Generation

from . import reached

COUNT = """
local began, running, member = KEYS[1], KEYS[2], ARGV[1]
local per_minute, at_once = tonumber(ARGV[2]), tonumber(ARGV[3])
local minute, longest = tonumber(ARGV[4]), tonumber(ARGV[5])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

if ARGV[6] == 'rows' then
  redis.call('ZADD', began, '+inf', 'known')
  redis.call('ZADD', running, '+inf', 'known')
  for i = 7, #ARGV, 3 do
    redis.call('ZADD', began, 'NX', now - ARGV[i + 1], ARGV[i])
    if ARGV[i + 2] == '1' then
      redis.call('ZADD', running, 'NX', now - ARGV[i + 1], ARGV[i])
    end
  end
elseif redis.call('EXISTS', began, running) < 2 then
  return {'unknown', 0, 0, 0}
end
redis.call('ZREMRANGEBYSCORE', began, '-inf', now - minute)
redis.call('ZREMRANGEBYSCORE', running, '-inf', now - longest)
redis.call('PEXPIRE', began, longest)
redis.call('PEXPIRE', running, longest)

-- The first is 'known'.
local used = redis.call('ZCARD', began) - 1
local newest = redis.call('ZREVRANGE', began, 1, 1, 'WITHSCORES')[2]
local reset = newest and newest + minute - now or 0
if redis.call('ZSCORE', began, member) then
  return {'counted', 0, used - 1, reset}
end
if per_minute >= 0 and used >= per_minute then
  local room = now
  if per_minute > 0 then
    -- The one whose end of its minute makes room again.
    room = redis.call('ZREVRANGE', began, per_minute, per_minute, 'WITHSCORES')[2]
  end
  return {'often', room + minute - now, used, reset}
end
if at_once >= 0 and redis.call('ZCARD', running) - 1 >= at_once then
  return {'many', 0, used, reset}
end
if member ~= '' then
  redis.call('ZADD', began, now, member)
  redis.call('ZADD', running, now, member)
end
return {'counted', 0, used, reset}
"""


@dataclass(frozen=True, slots=True)
class _Counted:
    """The result of the script; times in milliseconds."""

    verdict: str
    wait: int = 0  # until there is room
    used: int = 0  # of the last minute, beside this one
    reset: int = 0  # until none of them counts


_untold: set[int] = set()
"""Keys of which this process could not tell Redis something."""


def mark_untold(key_ids: Iterable[int | None]) -> None:
    """Note that Redis missed a begin or an end, so that the rows fill it in."""
    _untold.update(key_id for key_id in key_ids if key_id is not None)


def ask(key: ApiKey) -> None:
    """Check whether the key may begin one more, without counting it.

    Raises:
        LimitReached
        RedisError
    """
    _count(key, None)


def count(key: ApiKey, generation: Generation) -> reached.Allowance | None:
    """Count a request if the key may begin one more; return what is left, as `check_requests` does.

    Raises:
        LimitReached
        RedisError
    """
    allowance = _count(key, generation.pk)
    return allowance and allowance.with_one_more


def forget(generations: Iterable[Generation], *, wholly: bool = False) -> None:
    """Remove these, which have ended; with `wholly`, they never began.

    Raises:
        RedisError
    """
    pipe = client().pipeline(transaction=False)
    for generation in generations:
        began, running = _names(generation.key_id)
        pipe.zrem(running, generation.pk)
        if wholly:
            pipe.zrem(began, generation.pk)
    pipe.execute()


def _count(key: ApiKey, member: int | None) -> reached.Allowance | None:
    """Run the script; return what the key had left before, if its requests per minute are
    limited."""
    counted = _Counted("unknown")
    if key.pk not in _untold:
        counted = _run(key, member, [])
    if counted.verdict == "unknown":
        counted = _tell(key, member)
    if counted.verdict == "many" and _drop_ended(key):  # some process could not tell, and is gone
        counted = _run(key, member, [])
    limit = key.requests_per_minute
    allowance = None
    if limit is not None:
        left = max(0, limit - counted.used)
        allowance = reached.Allowance(limit, left, max(0, counted.reset / 1000))
    if counted.verdict == "often" and allowance is not None:
        raise reached.too_often(allowance, retry_after=ceil(counted.wait / 1000))
    if counted.verdict == "many":
        raise reached.too_many(key.max_concurrent or 0, allowance)
    return allowance


def _run(key: ApiKey, member: int | None, told: list[Any]) -> _Counted:
    limits = [
        -1 if limit is None else limit for limit in (key.requests_per_minute, key.max_concurrent)
    ]
    longest = [_milliseconds(reached.MINUTE), _milliseconds(LONGEST_GENERATION)]
    script = client().register_script(COUNT)
    verdict, *numbers = script(
        keys=_names(key.pk),
        args=["" if member is None else member, *limits, *longest, *(told or ["redis"])],
    )
    return _Counted(verdict.decode(), *map(int, numbers))


def _tell(key: ApiKey, member: int | None) -> _Counted:
    """Fill in from the rows what Redis missed, then count."""
    _untold.discard(key.pk)  # first, so that a mark set meanwhile survives
    try:
        _drop_ended(key)
        answer = _run(key, member, ["rows", *_told_by_rows(key, member)])
        _drop_ended(key)  # also what ended while the rows were read
    except RedisError:
        _untold.add(key.pk)
        raise
    return answer


def _told_by_rows(key: ApiKey, member: int | None) -> Iterable[Any]:
    """Return what is under way or began within the last minute: id, age, whether it runs."""
    now = timezone.now()
    running = Generation.objects.unfinished(now).filter(key=key)
    recent = Generation.objects.filter(key=key, created_at__gt=now - reached.MINUTE)
    known = (running | recent).values_list("pk", "created_at", "status")
    for pk, created_at, status in known:
        if pk != member:  # its row is written, and not yet counted
            is_running = int(status in Generation.UNFINISHED)
            yield from (pk, max(0, _milliseconds(now - created_at)), is_running)


def _drop_ended(key: ApiKey) -> bool:
    """Remove what has ended by its row; return whether there was any."""
    _began, running = _names(key.pk)
    members: Any = client().zrange(running, 0, -1)
    counted = [int(member) for member in members if member != b"known"]
    ended = Generation.objects.filter(~Q(status__in=Generation.UNFINISHED), pk__in=counted)
    found = list(ended.values_list("pk", flat=True))
    if found:
        client().zrem(running, *found)
    return bool(found)


def _names(key_id: int | None) -> list[str]:
    return [f"grok2api:limits:{{{key_id}}}:{name}" for name in ("began", "running")]


def _milliseconds(span: timedelta) -> int:
    return int(span / timedelta(milliseconds=1))
