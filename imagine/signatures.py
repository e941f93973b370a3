"""Signs webhooks, so that a receiver knows they are ours."""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from django.utils.crypto import salted_hmac

from .models import ApiKey


def secret_of(key: ApiKey) -> str:
    """Return the secret that signs a key's webhooks; whoever has the key may know it."""
    digest = salted_hmac("imagine.webhooks", key.key_hash, algorithm="sha256").digest()
    return f"whsec_{base64.b64encode(digest).decode()}"


def sign(secret: str, identifier: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """Return the headers of a message."""
    signed = f"{identifier}.{timestamp}.".encode() + body
    digest = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256)
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
