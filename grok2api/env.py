"""Typed readers of environment variables.

Each raises `ImproperlyConfigured` with a sentence that names the variable, so that a
typing error stops the start instead of turning into a default.
"""

import contextlib
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import ParseResult, parse_qsl, unquote, urlparse
from zoneinfo import available_timezones

from django.core.exceptions import ImproperlyConfigured

from .integers import read_integer

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}
ADDRESS = re.compile(r"https?://[^/]")

HOST = re.compile(r"[\w.-]+|[0-9a-f:.]+")


def text(name: str, default: str = "") -> str:
    """Return the variable without surrounding blanks, or `default` if it is unset or empty.

    `NAME_FILE` may name a file that holds the value instead, which is how containers get secrets.
    """
    value = os.environ.get(name, "").strip()
    path = os.environ.get(f"{name}_FILE", "").strip()
    if not path:
        return value or default
    if value:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set; keep one of them.")
    try:
        return Path(path).read_text(encoding="utf-8").strip() or default
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ImproperlyConfigured(f"{name}_FILE: {path} cannot be read: {reason}.") from None


def boolean(name: str, default: bool = False) -> bool:
    value = text(name).lower()
    if not value:
        return default
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")


def integer(name: str, default: int, *, minimum: int, maximum: int = 2**31) -> int:
    value = text(name)
    if not value:
        return default
    if (number := read_integer(value)) is None:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
    if not minimum <= number <= maximum:
        raise ImproperlyConfigured(f"{name} must be from {minimum} to {maximum}, not {number}.")
    return number


def choice(name: str, default: str, options: Sequence[str]) -> str:
    value = text(name, default)
    if value not in options:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(options)}, not {value!r}.")
    return value


def names(name: str) -> dict[str, str]:
    """Read pairs like `dall-e-3=grok-imagine-image,small=flux`."""
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text(name).split(","))):
        left, equals, right = (part.strip() for part in pair.partition("="))
        if not (left and equals and right):
            raise ImproperlyConfigured(
                f"{name} must be pairs such as name=model, with commas between, not {pair!r}."
            )
        if left in found:
            raise ImproperlyConfigured(f"{name} names {left!r} twice.")
        found[left] = right
    return found


def time_zone(name: str, default: str) -> str:
    """Read a name of the IANA time zone database, like Asia/Shanghai."""
    value = text(name, default)
    if value not in available_timezones():
        raise ImproperlyConfigured(f"{name} must be a time zone such as UTC, not {value!r}.")
    return value


def folder(name: str, default: Path) -> Path:
    """Read a path; a relative one starts at the working directory."""
    return Path(text(name, str(default))).expanduser().absolute()


def made_folder(name: str, default: Path) -> Path:
    """Do the same as `folder`, then create it, and check that it can be written."""
    path = folder(name, default)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}: the folder {path} cannot be made: {error.strerror}."
        ) from None
    if not os.access(path, os.W_OK):
        raise ImproperlyConfigured(f"{name}: the folder {path} cannot be written.")
    return path


def group(name: str) -> int | None:
    """Return the id of a group given by name or number; None if unset."""
    value = text(name)
    if not value:
        return None
    if (number := read_integer(value, least=0)) is not None:
        return number
    import grp  # which Windows has not

    try:
        return grp.getgrnam(value).gr_gid
    except (KeyError, ValueError):
        raise ImproperlyConfigured(f"{name}: this machine has no group {value!r}.") from None


def url(name: str, schemes: Sequence[str]) -> str:
    """Read an address with one of `schemes` and a host, without a trailing slash; may be empty."""
    value = text(name)
    if value:
        _parsed(name, value, schemes)
    return value.rstrip("/")


def origin(name: str, schemes: Sequence[str]) -> str:
    """Read an address that ends after host and port: nothing is served below a path.

    A proxy can give the program a host name, or a port, of its own.
    """
    value = url(name, schemes)
    parts = urlparse(value)
    if parts.path or parts.params or parts.query or parts.fragment or parts.username:
        raise ImproperlyConfigured(
            f"{name} must end after its host and port, such as https://pictures.example.org: "
            "the program cannot be served below a path."
        )
    return value


def database(name: str, scheme_prefixes: Sequence[str]) -> dict[str, Any]:
    """Read `scheme://user:password@host/db` as NAME, USER, PASSWORD, HOST, PORT for `DATABASES`."""
    value = text(name)
    example = f"{scheme_prefixes[0]}://user:password@host/database"
    if not value:
        raise ImproperlyConfigured(f"{name} must name the database server, such as {example}.")
    parts = _parsed(name, value, scheme_prefixes)
    database_name = unquote(parts.path.lstrip("/"))
    if not database_name:
        raise ImproperlyConfigured(f"{name} must end in a database name, such as {example}.")
    return {
        "NAME": database_name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": parts.port or "",
    }


def s3(name: str) -> dict[str, Any]:
    """Read the options of the S3 storage from `s3://key:secret@bucket/folder?endpoint=…&region=…`.

    The result is empty if the variable is; key and secret may come from AWS's own variables
    instead.
    """
    value = text(name)
    if not value:
        return {}
    example = "s3://bucket?endpoint=https://s3.example.org"
    parts = _parsed(name, value, ["s3"])
    query = dict(parse_qsl(parts.query))
    endpoint = query.pop("endpoint", "")
    region = query.pop("region", "")
    if query:
        raise ImproperlyConfigured(f"{name} knows endpoint and region, not {', '.join(query)}.")
    if not parts.hostname:
        raise ImproperlyConfigured(f"{name} must name a bucket, such as {example}.")
    if endpoint and not ADDRESS.match(endpoint):
        raise ImproperlyConfigured(f"{name}: its endpoint must be an address, such as {example}.")
    if bool(parts.username) != bool(parts.password):
        raise ImproperlyConfigured(f"{name} must hold both a key and its secret, or neither.")
    options = {
        "bucket_name": parts.netloc.rpartition("@")[2],
        "location": unquote(parts.path).strip("/"),
        "endpoint_url": endpoint,
        "region_name": region,
        "access_key": unquote(parts.username or ""),
        "secret_key": unquote(parts.password or ""),
    }
    return {option: value for option, value in options.items() if value}


def hosts(name: str) -> tuple[str, ...]:
    """Read names or addresses of hosts, with or without a port, in lower case, separated by commas.

    IPv6 addresses with a port stand in brackets, and are returned without them.
    """
    found = []
    for value in filter(None, (part.strip().lower() for part in text(name).split(","))):
        address = f"[{value}]" if value.count(":") > 1 and not value.startswith("[") else value
        try:
            parts = urlparse(f"//{address}")
            port = f":{parts.port}" if parts.port else ""
            is_host = HOST.fullmatch(parts.hostname or "") and parts.netloc == address
        except ValueError:
            is_host = None
        if not is_host:
            raise ImproperlyConfigured(
                f"{name} must hold hosts such as pictures.internal or 10.0.0.7:9000, not {value!r}."
            )
        found.append(f"{parts.hostname}{port}")
    return tuple(found)


def secret_file(path: Path, make: Callable[[], str]) -> str:
    """Return the secret in `path`, after creating it with mode 0600 if it does not exist yet."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(make())
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The secret in {path} can be neither read nor made: {error.strerror}."
        ) from None


def _parsed(name: str, value: str, schemes: Sequence[str]) -> ParseResult:
    # The value itself stays out of the message: it may hold a password.
    parts = urlparse(value)
    if parts.scheme not in schemes:
        raise ImproperlyConfigured(
            f"{name} must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}."
        )
    if not parts.hostname and parts.scheme.startswith("http"):
        raise ImproperlyConfigured(f"{name} has no host.")
    try:
        parts.port  # noqa: B018  (reading it is what checks it)
    except ValueError:
        raise ImproperlyConfigured(f"{name} has a port that is not a number.") from None
    return parts
