"""Clients of a running server, over the network like any other."""

import http.client
import io
import json
import time
import uuid
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlencode, urlsplit

from PIL import Image

LIBRARY = "/api/v1/admin/gallery/"
IDLE = 2.0
"""Seconds after which a connection is not used again: the server may be closing it."""


class NoAnswer(Exception):
    """The connection broke: the request may have been carried out, or not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; `json` is None if the body is something else."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class Client:
    """A caller with an API key and its own connection, reopened after a break."""

    def __init__(self, url: str, key: str, *, timeout: float = 60) -> None:
        self.address = urlsplit(url).netloc
        self.key = key
        self.timeout = timeout
        self.connection: http.client.HTTPConnection | None = None
        self.used = 0.0

    def ask(
        self, method: str, path: str, data: bytes | None = None, kind: str = "application/json"
    ) -> Answer:
        """Send a request and return the answer.

        Raises:
            NoAnswer
        """
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": kind}
        if time.monotonic() - self.used > IDLE:
            self.close()
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.address, timeout=self.timeout)
            self.connection.request(method, path, data, headers)
            response = self.connection.getresponse()
            body = response.read()
            self.used = time.monotonic()
            return Answer(response.status, body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NoAnswer(f"{method} {path}: {error!r}") from error

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def get(self, path: str, **query: Any) -> Answer:
        return self.ask("GET", f"{LIBRARY}{path}" + (f"?{urlencode(query)}" if query else ""))

    def send(self, method: str, path: str, data: Any = None) -> Answer:
        return self.ask(method, f"{LIBRARY}{path}", json.dumps(data or {}).encode())

    def upload(self, data: bytes, name: str = "picture.jpg", **fields: str) -> Answer:
        mark = uuid.uuid4().hex
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
            for key, value in fields.items()
        ]
        parts.append(
            f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: application/octet-stream\r\n\r\n".encode()
            + data
            + f"\r\n--{mark}--\r\n".encode()
        )
        kind = f"multipart/form-data; boundary={mark}"
        return self.ask("POST", f"{LIBRARY}images/", b"".join(parts), kind)

    def generate(self, prompt: str) -> Answer:
        body = {"prompt": prompt, "model": "grok-imagine-1.0", "response_format": "url"}
        return self.ask("POST", "/v1/images/generations", json.dumps(body).encode())

    def found(self, word: str) -> dict[int, dict[str, Any]]:
        """Return the pictures whose prompt has a word, by id, and whether each is `trashed`."""
        images: dict[int, dict[str, Any]] = {}
        for trash in ("", "only"):
            page: int | None = 1
            while page is not None:
                query = {"search": word, "trash": trash, "page": page, "page_size": 200}
                answer = self.get("images/", **query).json
                for image in answer["results"]:
                    images[image["id"]] = {**image, "trashed": bool(trash)}
                page = page + 1 if answer["next"] else None
        return images


def picture(rng: Random, side: int = 48) -> bytes:
    """Return a JPEG like no other."""
    image = Image.frombytes("RGB", (side, side), rng.randbytes(side * side * 3))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=70)
    return out.getvalue()
