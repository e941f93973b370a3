"""Redis holds what we signed, and what we did not sign is nothing."""

import pickle

import pytest
from django_redis.cache import RedisCache

from grok2api.caching import SignedSerializer
from tests.stores import OwnRedis

pytestmark = pytest.mark.once


class Trap:
    """Whoever unpickles it runs what an attacker wrote."""

    def __reduce__(self):
        return (pytest.fail, ("the trap was unpickled",))


@pytest.fixture
def signed():
    return SignedSerializer({})


def test_a_value_comes_back(signed):
    value = {"user": 1, "words": ["日落", b"x"]}
    assert signed.loads(signed.dumps(value)) == value


def test_what_was_not_signed_is_not_even_unpickled(signed):
    trap = pickle.dumps(Trap())
    assert signed.loads(trap) is None
    assert signed.loads(signed.dumps("x")[:32] + trap) is None
    assert signed.loads(b"") is None


def test_another_key_cannot_be_read_and_is_no_error(signed, settings):
    kept = signed.dumps("value")
    settings.SECRET_KEY = "another"
    assert signed.loads(kept) is None


def test_the_cache_in_redis_is_signed(tmp_path):
    with OwnRedis(tmp_path) as redis:
        options = {"SERIALIZER": "grok2api.caching.SignedSerializer"}
        cache = RedisCache(redis.url, {"OPTIONS": options})
        cache.set("x", {"a": 1}, 60)
        cache.set("n", 7, 60)
        assert (cache.get("x"), cache.get("n"), cache.incr("n")) == ({"a": 1}, 7, 8)
        client = cache.client.get_client(write=True)
        client.set(cache.make_key("x"), pickle.dumps(Trap()))
        assert cache.get("x") is None
        client.connection_pool.disconnect()
