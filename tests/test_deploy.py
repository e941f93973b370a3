"""The examples of deployment, as far as they run without a container engine or systemd."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest
import yaml

from tests.image import Image
from tests.markdown import Document
from tests.nginx import nginx_before
from tests.raw import converse, request
from tests.server import ROOT, Server
from tests.stores import wait_until
from tests.test_docs import settings_variables
from tests.test_hosts import generate

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("app"), X_ACCEL_REDIRECT="/media-files/") as running:
        yield running


@pytest.fixture(scope="module")
def nginx(server, tmp_path_factory):
    """The address of nginx with the example configuration before the server."""
    with nginx_before(server, tmp_path_factory.mktemp("nginx")) as address:
        yield address


def ask(address, **headers):
    """Status, headers and bytes of an answer."""
    headers = {"Authorization": f"Bearer {Server.api_key}", **headers}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, headers=headers), timeout=30
        ) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def test_nginx_sends_the_pictures_that_the_program_allows(server, nginx):
    class Front:
        url = nginx

    link = generate([Front], "a fox behind nginx")
    status, headers, body = ask(f"{nginx}/v1/{link}")
    stored = next((server.folder / "media").rglob("*.jpg")).read_bytes()
    assert (status, body == stored) == (200, True)
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "public, max-age=86400"
    assert ask(f"{nginx}/v1/{link}", **{"If-None-Match": headers["ETag"]})[0] == 304
    status, headers, body = ask(f"{nginx}/v1/{link}", Range="bytes=5-14")
    assert (status, body) == (206, stored[5:15])
    # The bytes came from nginx: the program itself sends none.
    status, headers, body = ask(f"{server.url}/v1/{link}")
    assert (status, body, "X-Accel-Redirect" in headers) == (200, b"", True)


def test_nginx_shows_no_file_by_its_own(server, nginx):
    generate([server], "a fox")
    path = next((server.folder / "media").rglob("*.jpg")).relative_to(server.folder / "media")
    assert ask(f"{nginx}/media-files/{path}")[0] == 404
    assert ask(f"{nginx}/v1/files/image/1-0-{'x' * 22}.jpg")[0] == 404


def test_pages_behind_nginx_know_the_visitors_address_and_host(server, nginx):
    status, headers, body = ask(f"{nginx}/admin/gallery/", **{"X-Forwarded-For": "192.0.2.9"})
    assert (status, b"csrfmiddlewaretoken" in body) == (200, True)
    assert "Permissions-Policy" in headers
    status, headers, body = ask(f"{nginx}/api/v1/admin/gallery/images/")
    assert f"{nginx}/api/v1/admin/gallery/images/" in body.decode()
    log = (server.folder / "logs" / "app.log").read_text()
    assert "192.0.2.9" not in log


def test_behind_a_proxy_that_ends_tls_nobody_is_sent_in_a_circle(tmp_path):
    with (
        Server(tmp_path / "app", APP_URL="https://pictures.example.org") as server,
        nginx_before(server, tmp_path) as address,
    ):
        port = int(address.rpartition(":")[2])
        plain, over_tls = (
            converse(port, request("GET", "/admin/login/", "Connection: close", *headers))[0]
            for headers in ((), ("X-Forwarded-Proto: https",))
        )
    there = "https://pictures.example.org/admin/login/"
    assert (plain.status, plain.headers["location"]) == (301, there)
    assert over_tls.status == 200


ACTIVATED = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.executable, [sys.executable, "manage.py", "serve"])
"""
"""What systemd does for a service with a socket unit."""


def test_a_restart_with_systemds_socket_refuses_nobody(tmp_path):
    server = Server(tmp_path)
    with socket.create_server(("127.0.0.1", server.port)) as held:

        def start() -> subprocess.Popen:
            descriptor = held.fileno()
            return subprocess.Popen(
                [sys.executable, "-c", ACTIVATED, str(descriptor)],
                cwd=ROOT, env=server.environment, pass_fds=[descriptor], start_new_session=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip

        failures, answered, enough = [], [], threading.Event()

        def visit() -> None:
            while not enough.is_set():
                try:
                    urllib.request.urlopen(f"{server.url}/healthz", timeout=60).close()
                    answered.append(1)
                except OSError as error:
                    failures.append(error)
                enough.wait(0.02)

        process = start()
        urllib.request.urlopen(f"{server.url}/healthz", timeout=60).close()
        visitor = threading.Thread(target=visit)
        visitor.start()
        wait_until(lambda: len(answered) > 3)
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        before = len(answered)
        process = start()
        wait_until(lambda: len(answered) > before + 3)
        enough.set()
        visitor.join()
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    assert failures == []


def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return Image(tmp_path_factory.mktemp("image"))


def test_the_image_has_all_that_the_program_needs(image, tmp_path):
    """What the Dockerfile copies and makes of it, and nothing else, starts and serves."""
    copied = re.findall(r"^COPY (\S+) \S+$", dockerfile(), re.MULTILINE)
    allowed = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert set(copied) - {"--from=build"} <= set(allowed)
    with image.container(tmp_path, SERVER_PUBLISHED_PORT="8080") as server:
        assert "Gallery   http://127.0.0.1:8080/admin/gallery/" in server.output
        assert generate([server], "a fox in a box").startswith("files/image/")
        status, _, page = ask(f"{server.url}/admin/login/", **{"Accept-Language": "zh-CN"})
        assert (status, re.findall(rb"static/\S+?\.[0-9a-f]{12}\.css", page) != []) == (200, True)
        assert "登录" in page.decode()


def test_backup_restore_and_upgrade_in_docker_as_documented(image, tmp_path):
    saved, restored, upgraded = (
        block.text for block in Document(ROOT / "docs/backup.md").blocks if "docker" in block.text
    )
    old, new = (image.container(tmp_path / name) for name in ("old", "new"))
    with old:
        link = generate([old], "a fox in a box")
        image.compose(saved, old, tmp_path)
        assert old.stop() == 0
    assert "docker compose up -d" in upgraded
    with image.container(tmp_path / "old") as again:  # another container over the same volumes
        assert again.output.count("shown only this once") == 1  # by the first
        assert ask(f"{again.url}/v1/{link}")[0] == 200
    shutil.copytree(tmp_path / "old/data", tmp_path / "new/data", ignore=but_the_secret)
    with new:
        image.compose(restored, new, tmp_path)
        status, _, bytes_ = ask(f"{new.url}/v1/{link}")
        assert (status, bytes_[:3]) == (200, b"\xff\xd8\xff")
    assert not list(tmp_path.glob("*/data/library.zip"))


def but_the_secret(_folder, names):
    return [name for name in names if name != "secret_key"]


def test_the_image_runs_without_rights_and_says_whether_it_is_well():
    last = dockerfile().rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001$", last, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", last, re.MULTILINE)
    assert not re.search(r"gcc|-dev\b", last)


def test_compose_sets_only_what_the_program_reads_and_secrets_that_are_made(tmp_path):
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    known = settings_variables()
    asked = {name.removesuffix("_FILE") for name in compose["services"]["app"]["environment"]}
    assert asked - set(known) == set()
    deploy = tmp_path / "deploy"
    deploy.mkdir()
    shutil.copy(ROOT / "deploy/secrets.sh", deploy)
    for _ in range(2):  # the second run keeps what is there
        subprocess.run([deploy / "secrets.sh"], check=True, capture_output=True)
        made = {path.name: path.read_text() for path in (deploy / "secrets").iterdir()}
        assert set(made) == set(compose["secrets"])
        assert made["postgres_password"] in made["storage_url"]
        assert min(map(len, made.values())) > 12
    for name, secret in compose["secrets"].items():
        assert secret["file"] == f"deploy/secrets/{name}"
    for service in compose["services"].values():
        assert set(service.get("secrets", ())) <= set(compose["secrets"])
        assert set(service["networks"]) <= set(compose["networks"])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd's tools")
def test_the_systemd_units_are_valid(tmp_path):
    unit = (ROOT / "deploy/grok2api.service").read_text()
    for here, there in {
        "/opt/grok2api/.venv/bin/python": sys.executable,
        "User=grok2api": "User=root",
        "/opt/grok2api": str(ROOT),
    }.items():
        assert here in unit
        unit = unit.replace(here, there)
    (tmp_path / "grok2api.service").write_text(unit)
    shutil.copy(ROOT / "deploy/grok2api.socket", tmp_path)
    run = subprocess.run(
        ["systemd-analyze", "verify", *map(str, sorted(tmp_path.glob("grok2api.*")))],
        capture_output=True,
        text=True,
    )
    assert (run.returncode, [line for line in run.stderr.splitlines() if "grok2api" in line]) == (
        0,
        [],
    )


def test_compose_passes_every_variable_of_upstreams():
    """And those of other things that a host decides; secrets and places are the file's own."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    passed = set(services["app"]["environment"])
    wanted = {name for name in settings_variables() if name.startswith(("XAI_", "IMAGINE_"))}
    assert sorted(wanted - passed) == []


@pytest.mark.parametrize(("builds", "kind"), [(True, "mysql"), (False, "mysql"), (False, "pgsql")])
def test_make_installs_the_driver_of_mysql_or_says_what_it_lacks(tmp_path, builds, kind):
    (tmp_path / ".venv/bin").mkdir(parents=True)
    for name in ("Makefile", "requirements.txt", "requirements-mysql.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv/installed").touch()
    for name, status in (("pip", 0 if builds else 1), ("python", 0)):
        program = tmp_path / ".venv/bin" / name
        program.write_text(f'#!/bin/sh\necho {name} "$@"\nexit {status}\n')
        program.chmod(0o755)
    (tmp_path / "static").mkdir()
    (tmp_path / "staticfiles").mkdir()
    done = subprocess.run(
        ["make", "run", f"SERVER_STORAGE_TYPE={kind}"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    installs = "pip install --quiet --disable-pip-version-check -r requirements-mysql.txt"
    advice = "apt install gcc python3-dev pkg-config libmariadb-dev"
    is_served = "python manage.py serve" in done.stdout
    assert (installs in done.stdout, advice in done.stdout, is_served) == (
        kind == "mysql", kind == "mysql" and not builds, builds or kind != "mysql"
    )  # fmt: skip
