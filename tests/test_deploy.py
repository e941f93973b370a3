"""The examples of deployment, as far as they run without a container engine or systemd."""

import os
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

from tests.server import ROOT, Server
from tests.stores import free_port, wait_until
from tests.test_docs import settings_variables
from tests.test_hosts import generate

pytestmark = pytest.mark.once

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")

MAIN = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    include /etc/nginx/mime.types;
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("app"), X_ACCEL_REDIRECT="/media-files/") as running:
        yield running


@pytest.fixture(scope="module")
def nginx(server, tmp_path_factory):
    """The address of nginx with the example configuration before the server."""
    if NGINX is None:
        assert os.environ.get("CI") != "true", "nginx is not installed."
        pytest.skip("nginx is not installed")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    site = (ROOT / "deploy/nginx.conf.template").read_text()
    for name, value in {
        "${UPSTREAM}": f"127.0.0.1:{server.port}",
        "${MEDIA}": str(server.folder / "media"),
        "listen 8080": f"listen 127.0.0.1:{port}",
    }.items():
        assert name in site
        site = site.replace(name, value)
    (folder / "site.conf").write_text(site)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))
    process = subprocess.Popen([NGINX, "-p", folder, "-c", folder / "nginx.conf"])
    address = f"http://127.0.0.1:{port}"
    wait_until(lambda: reaches(address))
    yield address
    process.send_signal(signal.SIGQUIT)
    process.wait(30)


def reaches(address: str) -> bool:
    try:
        urllib.request.urlopen(f"{address}/healthz", timeout=5).close()
    except OSError:
        return False
    return True


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
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
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


def test_the_image_has_all_that_the_program_needs(tmp_path):
    """What the Dockerfile copies, and nothing else, starts and serves."""
    copied = re.findall(r"^COPY (\S+) \S+$", dockerfile(), re.MULTILINE)
    allowed = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert set(copied) - {"--from=build"} <= set(allowed)
    image = tmp_path / "app"
    image.mkdir()
    skipped = shutil.ignore_patterns("__pycache__", "tests")
    for name in copied:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, image / name, ignore=skipped)
        else:
            shutil.copy(source, image)
    for command in (
        "pybabel -q compile -d locale -D django -l zh_Hans",
        "python manage.py collectstatic --noinput --verbosity 0",
    ):
        assert command in re.sub(r"\s*\\\n\s*", " ", dockerfile())
    # `make build` has run both; to collect once more would only take time.
    (image / "staticfiles").symlink_to(ROOT / "staticfiles")
    server = Server(tmp_path / "run", PYTHONPATH=str(image))
    server.command = (sys.executable, str(image / "manage.py"), "serve")
    with server:
        assert generate([server], "a fox in a box").startswith("files/image/")
        status, _, page = ask(f"{server.url}/admin/login/")
        assert (status, re.findall(rb"static/\S+?\.[0-9a-f]{12}\.css", page) != []) == (200, True)


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
