"""Accepts hosts with an underscore, like the names of containers, which Django refuses."""

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http.request import split_domain_port, validate_host


class _AnyHost:
    def get_host(self) -> str:
        """Return the host that the client named, with its port if it named one.

        Raises:
            DisallowedHost: it is none of ours, or no name at all.
        """
        raw: str = self._get_raw_host()  # type: ignore[attr-defined]
        if "_" not in raw:
            return super().get_host()  # type: ignore[misc,no-any-return]
        plain, _ = split_domain_port(raw.replace("_", "-"))
        name = raw[: len(plain)].lower()
        if not plain or not validate_host(name, settings.ALLOWED_HOSTS):
            raise DisallowedHost(f"Invalid HTTP_HOST header: {raw[:100]!r}.")
        return raw


class PageRequest(_AnyHost, WSGIRequest):
    """A request for a page or the library's API."""


class GatewayRequest(_AnyHost, ASGIRequest):
    """A request for the gateway."""
