"""Stores pictures in an S3-compatible store: django-storages, with streaming and our errors.

Users of a storage know `OSError` and `FileNotFoundError`; botocore stays in this module. An object
is there completely or not at all, so durability needs nothing more.
"""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from django.utils.deconstruct import deconstructible
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

from .storage import StorageFailure, failures_told

MISSING = {"404", "NoSuchKey"}


@deconstructible(path="gallery.files.s3.S3PictureStorage")
class S3PictureStorage(S3Storage):
    """One client for all threads, whose reads stream from the requested byte on.

    `size_takes_a_request`: callers that know a size from elsewhere should not ask for it.

    Raises:
        StorageFailure: the store refused, or cannot be reached.
        FileNotFoundError: from `open`, `size` and `get_modified_time`.
    """

    size_takes_a_request = True

    def __init__(self, **options: Any) -> None:
        super().__init__(
            # Keys name pictures by uuid: asking whether one is taken would cost a round trip.
            file_overwrite=True,
            transfer_config=TransferConfig(use_threads=False),
            client_config=Config(
                # A bucket in the host name is Amazon's invention, which others may not support.
                s3={"addressing_style": "path" if options.get("endpoint_url") else "auto"},
                signature_version="s3v4",
                connect_timeout=5,
                read_timeout=30,
                retries={"mode": "standard", "max_attempts": 3},
                max_pool_connections=32,
                # Older stores refuse the checksums that newer clients add by default.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
            **options,
        )
        self._lock = threading.Lock()
        self._shared: Any = None

    @property
    def connection(self) -> Any:
        with self._lock:
            if self._shared is None:
                self._shared = self._create_session().resource(
                    "s3",
                    region_name=self.region_name,
                    endpoint_url=self.endpoint_url,
                    config=self.client_config,
                )
        return self._shared

    @property
    def bucket(self) -> Any:
        return self.connection.Bucket(self.bucket_name)

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        key = self._normalize_name(clean_name(name))
        with _translated("open"):
            body = _Body(self.bucket.Object(key))
        return File(body, name)  # type: ignore[arg-type]

    def _save(self, name: str, content: "File[bytes]") -> str:
        with _translated("save"):
            return str(super()._save(name, content))

    def delete(self, name: str) -> None:
        with _translated("delete"):
            super().delete(name)

    def exists(self, name: str) -> bool:
        with _translated("exists"):
            return bool(super().exists(name))

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        with _translated("list"):
            folders, files = super().listdir(name)
        return folders, files

    def size(self, name: str) -> int:
        with _translated("size"):
            return int(super().size(name))

    def get_modified_time(self, name: str) -> datetime:
        with _translated("modified"):
            moment: datetime = super().get_modified_time(name)
        return moment


class _Body(io.RawIOBase):
    """An object's bytes, fetched as they are read. The first request also returns the size."""

    def __init__(self, object_: Any) -> None:
        self._object = object_
        answer = object_.get()
        self.size: int = answer["ContentLength"]
        self._stream: Any = answer["Body"]
        self._position = self._streamed = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        if self._position >= self.size:
            return 0
        with _translated("open"):
            if self._stream is None or self._streamed != self._position:
                self._reopen()
            data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        self._streamed = self._position
        return len(data)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        super().close()

    def _reopen(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._stream = self._object.get(Range=f"bytes={self._position}-")["Body"]
        self._streamed = self._position


@contextmanager
def _translated(operation: str) -> Iterator[None]:
    """Turn botocore's errors into those of every storage. A context manager."""
    with failures_told(operation):
        try:
            yield
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in MISSING:
                raise FileNotFoundError(str(error)) from error
            raise StorageFailure(str(error)) from error
        except BotoCoreError as error:
            raise StorageFailure(str(error)) from error
