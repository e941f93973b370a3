"""Upgrades that roll: a program of this version on the schema of the next."""

import sqlite3
import urllib.request
from contextlib import closing

import pytest

from tests.server import Server
from tests.test_hosts import generate
from tests.test_outage import ask

NEXT_VERSION = """
ALTER TABLE gallery_image ADD COLUMN mood varchar(20) NULL;
ALTER TABLE imagine_generation ADD COLUMN mood varchar(20) NOT NULL DEFAULT '';
CREATE TABLE gallery_mood (id integer PRIMARY KEY, name varchar(20) NOT NULL);
INSERT INTO django_migrations (app, name, applied) VALUES
  ('gallery', '9001_mood', '2030-01-01'), ('imagine', '9001_mood', '2030-01-01');
"""
"""What a later version may do while this one still runs: add."""


@pytest.mark.once
def test_this_version_runs_on_after_the_next_one_has_prepared_the_database(tmp_path):
    stranger = urllib.request.build_opener()
    server = Server(tmp_path)
    with server:
        generate([server], "before")
        with closing(sqlite3.connect(tmp_path / "data" / "grok2api.sqlite3")) as database:
            database.executescript(NEXT_VERSION)
        generate([server], "meanwhile")
        assert server.stop() == 0
    with server:  # started again, as after a crash or to go back
        generate([server], "afterwards")
        assert ask(stranger, server, "/readyz")[0] == 200
        status, text = ask(stranger, server, "/api/v1/admin/gallery/images/", key=server.api_key)
        assert (status, text.count('"prompt"')) == (200, 3)
