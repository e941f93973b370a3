"""Typed readers: a bad value stops the start with a sentence that names the variable."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from grok2api import env


@pytest.mark.parametrize(
    ("value", "read", "message"),
    [
        ("maybe", lambda: env.boolean("X"), "X must be true or false, not 'maybe'."),
        ("80a", lambda: env.integer("X", 1, minimum=1), "X must be a whole number, not '80a'."),
        ("0", lambda: env.integer("X", 1, minimum=1, maximum=9), "X must be from 1 to 9, not 0."),
        ("c", lambda: env.choice("X", "a", ["a", "b"]), "X must be one of a, b, not 'c'."),
        (
            "ftp://h",
            lambda: env.url("X", ["http", "https"]),
            "X must begin with http:// or https://.",
        ),
        ("http://", lambda: env.url("X", ["http"]), "X has no host."),
        ("http://h:p", lambda: env.url("X", ["http"]), "X has a port that is not a number."),
        (
            "mysql://root@h",
            lambda: env.database("X", ["mysql"]),
            "X must end in a database name, such as mysql://user:password@host/database.",
        ),
    ],
)
def test_reader_names_the_variable_of_a_bad_value(monkeypatch, value, read, message):
    monkeypatch.setenv("X", value)
    with pytest.raises(ImproperlyConfigured) as error:
        read()
    assert str(error.value) == message


def test_database_reads_every_part_unquoted(monkeypatch):
    monkeypatch.setenv("X", "postgresql://us%40er:p%2Fw@db.example:5433/grok2api")
    assert env.database("X", ["postgresql"]) == {
        "NAME": "grok2api",
        "USER": "us@er",
        "PASSWORD": "p/w",
        "HOST": "db.example",
        "PORT": 5433,
    }


def test_empty_variable_is_the_default(monkeypatch):
    monkeypatch.setenv("X", "  ")
    assert (env.text("X", "d"), env.integer("X", 7, minimum=1), env.boolean("X", True)) == (
        "d",
        7,
        True,
    )


def test_secret_file_is_made_once_and_is_private(tmp_path):
    path = tmp_path / "data" / "secret"
    secrets = iter(["first", "second"])
    assert env.secret_file(path, lambda: next(secrets)) == "first"
    assert env.secret_file(path, lambda: next(secrets)) == "first"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"SERVER_PORT": "x"}, "SERVER_PORT must be a whole number, not 'x'."),
        ({"SERVER_STORAGE_TYPE": "oracle"}, "SERVER_STORAGE_TYPE must be one of local, redis, "),
        ({"SERVER_STORAGE_TYPE": "redis"}, "SERVER_STORAGE_URL must name the server"),
        ({"SERVER_STORAGE_TYPE": "pgsql"}, "SERVER_STORAGE_URL must name the database server"),
        ({"TZ": "Mars/Base"}, "TZ must be a time zone such as UTC, not 'Mars/Base'."),
        ({"IMAGINE_PROVIDER": "xai"}, "IMAGINE_PROVIDER=xai needs XAI_API_KEY."),
    ],
)
def test_bad_setting_stops_the_start_with_one_sentence(tmp_path, variables, sentence):
    root = Path(__file__).resolve().parent.parent.parent
    inherited = {name: value for name, value in os.environ.items() if "SERVER" not in name}
    run = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=root,
        env={**inherited, "DATA_DIR": str(tmp_path), "LOG_DIR": str(tmp_path), **variables},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert sentence in run.stderr


def test_a_secret_may_be_in_a_file(monkeypatch, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("pass word\n")
    monkeypatch.setenv("X_FILE", str(secret))
    assert env.text("X", "d") == "pass word"
    monkeypatch.setenv("X", "both")
    with pytest.raises(ImproperlyConfigured) as error:
        env.text("X")
    assert str(error.value) == "X and X_FILE are both set; keep one of them."


def test_a_secret_file_that_cannot_be_read_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("X_FILE", str(tmp_path / "gone"))
    with pytest.raises(ImproperlyConfigured) as error:
        env.text("X")
    sentence = f"X_FILE: {tmp_path}/gone cannot be read: No such file or directory."
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("value", "options"),
    [
        ("", {}),
        ("s3://b", {"bucket_name": "b"}),
        (
            "s3://key:se%2Fcret@My.Bucket/a/b?endpoint=http://h:9000&region=eu-1",
            {
                "bucket_name": "My.Bucket",
                "location": "a/b",
                "endpoint_url": "http://h:9000",
                "region_name": "eu-1",
                "access_key": "key",
                "secret_key": "se/cret",
            },
        ),
    ],
)
def test_s3_reads_bucket_folder_server_and_key(monkeypatch, value, options):
    monkeypatch.setenv("X", value)
    assert env.s3("X") == options


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("http://b", "X must begin with s3://."),
        ("s3://", "X must name a bucket, such as s3://bucket?endpoint=https://s3.example.org."),
        ("s3://b?acl=public", "X knows endpoint and region, not acl."),
        ("s3://key@b", "X must hold both a key and its secret, or neither."),
        (
            "s3://b?endpoint=h:9000",
            "X: its endpoint must be an address, such as s3://bucket?endpoint=https://s3.example.org.",
        ),
    ],
)
def test_s3_names_what_is_wrong(monkeypatch, value, sentence):
    monkeypatch.setenv("X", value)
    with pytest.raises(ImproperlyConfigured) as error:
        env.s3("X")
    assert str(error.value) == sentence


READ_ONLY = Path("/proc/sys")


@pytest.mark.skipif(not READ_ONLY.exists(), reason="needs a folder that nobody can write")
def test_a_folder_that_cannot_be_written_is_named(monkeypatch):
    monkeypatch.setenv("X", str(READ_ONLY))
    with pytest.raises(ImproperlyConfigured) as error:
        env.made_folder("X", Path("unused"))
    assert str(error.value) == "X: the folder /proc/sys cannot be written."
