"""Signs what goes into Redis, so that nobody who can write there can run code here."""

import hashlib
import hmac
from typing import Any

from django.conf import settings
from django.utils.crypto import constant_time_compare
from django_redis.serializers.pickle import PickleSerializer

MARK = hashlib.sha256().digest_size


class SignedSerializer(PickleSerializer):
    """Pickle, which is code, behind an HMAC with the secret key.

    A value that was not written by a program with this key counts as missing, and the caller asks
    the database.
    """

    def dumps(self, value: Any) -> bytes:
        data: bytes = super().dumps(value)
        return _mark(data) + data

    def loads(self, value: bytes) -> Any:
        mark, data = value[:MARK], value[MARK:]
        return super().loads(data) if constant_time_compare(mark, _mark(data)) else None


def _mark(data: bytes) -> bytes:
    key = b"grok2api.caching" + settings.SECRET_KEY.encode()
    return hmac.digest(key, data, "sha256")
