"""Fixtures of every Python test: a media folder of its own, and pictures to put into it."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import translation

from gallery.files import pictures
from gallery.index import kept, unmerged
from gallery.jobs import thumbnails
from gallery.models import Image
from gallery.tests import adding
from gallery.tests.drawing import draw


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run tests that do not touch the suite's database on SQLite only, not on each database."""
    if os.environ.get("SERVER_STORAGE_TYPE", "local") in ("local", "redis"):
        return
    again = [item for item in items if _is_for_once(item)]
    if again and len(again) < len(items):
        items[:] = [item for item in items if item not in again]
        config.hook.pytest_deselected(items=again)


def _is_for_once(item: pytest.Item) -> bool:
    """Return whether a test is marked `once`, or is an app's own and uses no database."""
    if item.get_closest_marker("once"):
        return True
    if item.path.is_relative_to(Path(__file__).parent / "tests"):
        return False
    fixtures = getattr(item, "fixturenames", ())
    return not (item.get_closest_marker("django_db") or {"db", "transactional_db"} & {*fixtures})


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: list[Any]) -> None:
    """Give each worker of `pytest -n` its own folders, and a Redis if the suite has one.

    pytest-django gives each a database of its own.
    """
    root = Path(tempfile.mkdtemp(prefix="workers-"))
    config.add_cleanup(lambda: shutil.rmtree(root))
    for spec in specs:
        folder = root / spec.id
        spec.env |= {"DATA_DIR": str(folder / "data"), "LOG_DIR": str(folder / "logs")}
        if os.environ.get("REDIS_URL"):
            from tests.stores import OwnRedis  # which takes long to import

            redis = OwnRedis(folder / "redis").start()
            config.add_cleanup(redis.stop)
            spec.env["REDIS_URL"] = redis.url


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_report_to_serializable() -> Any:
    """Replace lone surrogates in a worker's report, which is sent in UTF-8."""
    told = yield
    return json.loads(json.dumps(told, ensure_ascii=False).encode(errors="replace"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Any:
    """Turn "not installed" from a skip into a failure with CI=true."""
    report = yield
    missing = report.skipped and "not installed" in str(report.longrepr)
    if missing and os.environ.get("CI") == "true":
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session", autouse=True)
def tables_are_emptied_row_by_row() -> None:
    """Delete rows after a test with its own transactions, and check foreign keys at the end.

    PostgreSQL's TRUNCATE creates 150 new files, which takes longer than most tests; there are few
    rows.
    """
    if connection.vendor == "postgresql":
        type(connection.ops).sql_flush = lambda self, style, tables, **options: [
            f"DELETE FROM {self.quote_name(table)}" for table in tables
        ]


@pytest.fixture(autouse=True)
def thumbnails_at_once(monkeypatch: Any) -> None:
    """Make thumbnails on the calling thread.

    The process that makes them has to start, and waits until the processor is idle, which it never
    is while tests run. Servers have it, and its own tests.
    """
    monkeypatch.setattr(thumbnails, "_read_idly", lambda data, name: pictures.read_picture(data))
    monkeypatch.setattr(thumbnails, "PAUSE", 0)


@pytest.fixture(autouse=True)
def media_folder(thumbnails_at_once: None, settings: Any, tmp_path: Path) -> Iterator[Path]:
    """Set MEDIA_ROOT to an empty folder; the value is its path."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_ROOT.mkdir()
    yield settings.MEDIA_ROOT
    thumbnails.settle()
    cache.clear()
    kept.forget()
    unmerged.forget()


@pytest.fixture(autouse=True)
def language_of_the_settings() -> None:
    """Reset the language: a page that a test requests leaves its own to the thread's next test."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def plain_static_names(settings: Any) -> None:
    """Serve pages without collected files; a server process has them."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture(autouse=True)
def sessions_in_the_database(settings: Any) -> None:
    """Store sessions in the database, so that a page costs as many queries with Redis as
    without."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"


@pytest.fixture(autouse=True)
def cheap_passwords(settings: Any) -> None:
    """Hash passwords fast: hashing is slow on purpose, and no test here depends on it."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def add_image(db: None) -> Callable[..., Image]:
    """Add a picture through `ingest`: `add_image(prompt="a cat", tags=["pets"])`."""

    def add(**facts: Any) -> Image:
        facts.setdefault("data", draw())
        facts.setdefault("source", Image.Source.UPLOADED)
        return adding.add_image(**facts)

    return add


@pytest.fixture
def staff(admin_user: Any) -> Client:
    """Return a client with the administrator's session, in English."""
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(admin_user)
    return client
