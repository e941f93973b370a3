"""A start that cannot succeed ends with one sentence: what is wrong, and what to do."""

import os
import socket
import subprocess
import sys

import pytest
from django.db import connection

from tests.server import OURS, ROOT, free_port
from tests.stores import OwnPostgres, OwnRedis


def serve(folder, **variables):
    """Exit status of `manage.py serve` and the last line that it printed."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    run = subprocess.run(
        [sys.executable, "manage.py", variables.pop("command", "serve")],
        cwd=ROOT,
        env={
            **inherited,
            "DATA_DIR": str(folder / "data"),
            "LOG_DIR": str(folder / "logs"),
            "MEDIA_ROOT": str(folder / "media"),
            "SERVER_HOST": "127.0.0.1",
            "SERVER_PORT": str(free_port()),
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in run.stderr
    return run.returncode, run.stderr.strip().splitlines()[-1]


@pytest.mark.once
def test_what_is_not_there_is_named(tmp_path):
    port = free_port()
    assert serve(
        tmp_path,
        SERVER_STORAGE_TYPE="pgsql",
        SERVER_STORAGE_URL=f"postgresql://someone:secret@127.0.0.1:{port}/pictures",
    ) == (
        1,
        (
            f"Not started: PostgreSQL at 127.0.0.1:{port} cannot be reached (Connection refused): "
            "start it, or correct SERVER_STORAGE_URL."
        ),
    )
    status, sentence = serve(tmp_path, REDIS_URL=f"redis://127.0.0.1:{port}/0")
    assert status == 1
    assert sentence.startswith(f"Not started: Redis at 127.0.0.1:{port} cannot be reached (")
    assert sentence.endswith("): start it, or correct REDIS_URL.")


@pytest.mark.once
def test_a_wrong_line_of_a_price_file_is_named(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text("model,valid_from,unit,quality,resolution,amount,source\nm,,picture,,,x,y\n")
    status, sentence = serve(tmp_path, IMAGINE_PRICES=str(path))
    assert status == 1
    assert sentence.endswith(
        f"IMAGINE_PRICES: {path}, line 2: the amount must be from 0 to 10000, not 'x'."
    )


@pytest.mark.once
def test_a_command_without_its_database_says_so_too(tmp_path):
    port = free_port()
    status, sentence = serve(
        tmp_path,
        command="cleanup_orphans",
        SERVER_STORAGE_TYPE="pgsql",
        SERVER_STORAGE_URL=f"postgresql://someone:secret@127.0.0.1:{port}/pictures",
    )
    assert (status, sentence) == (
        1,
        (
            f"PostgreSQL at 127.0.0.1:{port} cannot be reached (Connection refused): "
            "start it, or correct SERVER_STORAGE_URL."
        ),
    )


@pytest.fixture(scope="module")
def postgres():
    server = OwnPostgres().create()
    yield server
    server.remove()


@pytest.mark.once
def test_a_refused_login_and_a_missing_database_are_told_apart(tmp_path, postgres):
    here = f"Not started: PostgreSQL at 127.0.0.1:{postgres.port}"
    pgsql = {"SERVER_STORAGE_TYPE": "pgsql"}
    wrong = postgres.url.replace("secret", "wrong")
    assert serve(tmp_path, **pgsql, SERVER_STORAGE_URL=wrong) == (
        1,
        f"{here} refused user 'gallery': check user and password in SERVER_STORAGE_URL.",
    )
    missing = postgres.url.replace("/gallery", "/pictures").replace("pictures:", "gallery:")
    assert serve(tmp_path, **pgsql, SERVER_STORAGE_URL=missing) == (
        1,
        f"{here} has no database 'pictures': create it, or correct SERVER_STORAGE_URL.",
    )


@pytest.mark.once
def test_a_database_that_is_not_utf8_and_one_without_rights_are_refused(tmp_path, postgres):
    here = f"Not started: PostgreSQL at 127.0.0.1:{postgres.port}"
    pgsql = {"SERVER_STORAGE_TYPE": "pgsql"}
    postgres.sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    latin = postgres.url.rpartition("/")[0] + "/latin"
    assert serve(tmp_path, **pgsql, SERVER_STORAGE_URL=latin) == (
        1,
        (
            f"{here} keeps text as latin1, not as UTF-8: "
            "createdb --encoding=UTF8 --template=template0 latin."
        ),
    )
    postgres.sql("CREATE ROLE guest LOGIN PASSWORD 'secret'")
    guest = postgres.url.replace("gallery:", "guest:")
    assert serve(tmp_path, **pgsql, SERVER_STORAGE_URL=guest) == (
        1,
        (
            f"{here} denies a right (permission denied for schema public): "
            "grant all rights on 'gallery' to the user."
        ),
    )


@pytest.mark.once
def test_a_wrong_redis_password_is_told(tmp_path):
    with OwnRedis(tmp_path / "redis") as redis:
        subprocess.run(
            ["redis-cli", "-p", str(redis.port), "CONFIG", "SET", "requirepass", "right"],
            check=True,
            capture_output=True,
        )
        wrong = redis.url.replace("redis://", "redis://:wrong@")
        assert serve(tmp_path, SERVER_STORAGE_TYPE="redis", SERVER_STORAGE_URL=wrong) == (
            1,
            (
                f"Not started: Redis at 127.0.0.1:{redis.port} refused the password: "
                "correct it in SERVER_STORAGE_URL."
            ),
        )


@pytest.mark.once
def test_a_taken_port_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert serve(tmp_path, SERVER_PORT=str(port)) == (
            1,
            (
                f"Not started: 127.0.0.1:{port} cannot be served (Address already in use): is "
                "another program there? SERVER_HOST and SERVER_PORT name another address."
            ),
        )


@pytest.mark.once
def test_folders_that_cannot_be_are_told(tmp_path):
    file = tmp_path / "file"
    file.touch()
    for variable in ("DATA_DIR", "LOG_DIR"):
        assert serve(tmp_path, **{variable: str(file / "folder")}) == (
            1,
            f"{variable}: the folder {file}/folder cannot be made: Not a directory.",
        )
    status, sentence = serve(tmp_path, MEDIA_ROOT=str(file / "folder"))
    assert status == 1
    assert sentence.startswith(f"Not started: Pictures cannot be stored in {file}/folder (")
    assert sentence.endswith("): check MEDIA_ROOT.")


@pytest.mark.once
def test_a_picture_store_that_is_not_there_is_told(tmp_path):
    port = free_port()
    status, sentence = serve(
        tmp_path,
        MEDIA_STORAGE_URL=f"s3://key:secret-of-s3@pictures?endpoint=http://127.0.0.1:{port}",
    )
    assert status == 1
    assert sentence.startswith("Not started: Pictures cannot be stored in s3://pictures (")
    assert sentence.endswith("): check MEDIA_STORAGE_URL.")
    assert "secret-of-s3" not in sentence


@pytest.mark.once
def test_a_file_that_is_no_database_is_told(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "grok2api.sqlite3").write_bytes(b"not a database at all" * 100)
    assert serve(tmp_path) == (
        1,
        (
            f"Not started: The database file {tmp_path}/data/grok2api.sqlite3 cannot be used "
            "(file is not a database): check DATA_DIR, its owner and its free space."
        ),
    )


@pytest.mark.skipif(connection.vendor != "mysql", reason="needs MariaDB")
def test_mariadb_tells_a_refused_login_and_a_missing_database_apart(tmp_path):
    place = connection.settings_dict
    here = f"Not started: MySQL at {place['HOST']}:{place['PORT'] or 3306}"
    mysql = {"SERVER_STORAGE_TYPE": "mysql"}
    address = f"{place['HOST']}:{place['PORT'] or 3306}"
    assert serve(tmp_path, **mysql, SERVER_STORAGE_URL=f"mysql://no:one@{address}/x") == (
        1,
        f"{here} refused user 'no': check user and password in SERVER_STORAGE_URL.",
    )
    login = f"{place['USER']}:{place['PASSWORD']}"
    assert serve(tmp_path, **mysql, SERVER_STORAGE_URL=f"mysql://{login}@{address}/nosuch_db") == (
        1,
        f"{here} has no database 'nosuch_db': create it, or correct SERVER_STORAGE_URL.",
    )
