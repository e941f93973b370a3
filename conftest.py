"""What every Python test gets: a media folder of its own, and pictures to put into it."""

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

from gallery import ingest, pictures, thumbnails
from gallery.models import Image
from gallery.search import kept, unmerged
from gallery.tests.drawing import draw


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What does not touch the suite's database runs with SQLite alone, and not once for each."""
    if os.environ.get("SERVER_STORAGE_TYPE", "local") in ("local", "redis"):
        return
    again = [item for item in items if _is_for_once(item)]
    if again and len(again) < len(items):
        items[:] = [item for item in items if item not in again]
        config.hook.pytest_deselected(items=again)


def _is_for_once(item: pytest.Item) -> bool:
    """Marked so, or a room's own test that asks for no database; `tests/` starts servers on it."""
    if item.get_closest_marker("once"):
        return True
    if item.path.is_relative_to(Path(__file__).parent / "tests"):
        return False
    fixtures = getattr(item, "fixturenames", ())
    return not (item.get_closest_marker("django_db") or {"db", "transactional_db"} & {*fixtures})


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: list[Any]) -> None:
    """Workers of `pytest -n` get folders of their own, and a Redis where the suite has one.

    The database of each has a name of its own from pytest-django.
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
    """A worker tells in UTF-8 what a test has logged, and half of a character has none."""
    told = yield
    return json.loads(json.dumps(told, ensure_ascii=False).encode(errors="replace"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Any:
    """With CI=true whatever is "not installed" is a failure, never a skip."""
    report = yield
    missing = report.skipped and "not installed" in str(report.longrepr)
    if missing and os.environ.get("CI") == "true":
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session", autouse=True)
def tables_are_emptied_row_by_row() -> None:
    """After a test with transactions of its own: PostgreSQL's TRUNCATE makes 150 new files, which
    takes longer than most tests; there are few rows. Foreign keys are looked at in the end."""
    if connection.vendor == "postgresql":
        type(connection.ops).sql_flush = lambda self, style, tables, **options: [
            f"DELETE FROM {self.quote_name(table)}" for table in tables
        ]


@pytest.fixture(autouse=True)
def thumbnails_at_once(monkeypatch: Any) -> None:
    """Made on their thread: the process that makes them elsewhere has to start, and waits until
    the processor is idle, which it is not while a suite runs. Servers have it, and its tests."""
    monkeypatch.setattr(thumbnails, "_read_idly", lambda data, name: pictures.read_picture(data))
    monkeypatch.setattr(thumbnails, "PAUSE", 0)


@pytest.fixture(autouse=True)
def media_folder(thumbnails_at_once: None, settings: Any, tmp_path: Path) -> Iterator[Path]:
    """An empty MEDIA_ROOT; the name of the folder is the fixture's value."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_ROOT.mkdir()
    yield settings.MEDIA_ROOT
    thumbnails.settle()
    cache.clear()
    kept.forget()
    unmerged.forget()


@pytest.fixture(autouse=True)
def language_of_the_settings() -> None:
    """A page that a test asks for leaves its language to the thread, and so to the next test."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def plain_static_names(settings: Any) -> None:
    """Pages are made without the collected files; a server process has them."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture(autouse=True)
def sessions_in_the_database(settings: Any) -> None:
    """So that a page costs the same number of queries with Redis and without."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"


@pytest.fixture(autouse=True)
def cheap_passwords(settings: Any) -> None:
    """Hashing is slow on purpose, and nothing here asks how passwords are kept."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def add_image(db: None) -> Callable[..., Image]:
    """Adds a picture through the library's door: `add_image(prompt="a cat", tags=["pets"])`."""

    def add(**facts: Any) -> Image:
        facts.setdefault("data", draw())
        facts.setdefault("source", Image.Source.UPLOADED)
        return ingest.add_image(**facts)

    return add


@pytest.fixture
def staff(admin_user: Any) -> Client:
    """A browser session of the administrator, in English."""
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(admin_user)
    return client
