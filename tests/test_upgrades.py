"""Clients that offer another protocol with their request, directly and behind nginx."""

import json
import os
import shutil
import socket
import subprocess
import threading
import urllib.parse
import uuid
from functools import partial
from random import Random

import pytest

from tests.nginx import nginx_before
from tests.raw import read_answers, request
from tests.server import ROOT, Server
from tests.test_sockets import KEY, SMUGGLED, UPGRADES

pytestmark = pytest.mark.once

ROUNDS = 80

WEBSOCKETS = {
    'proxy_set_header Connection "";\n        proxy_set_header Host $http_host;\n        # Set': (
        "proxy_set_header Upgrade $http_upgrade;\n"
        '        proxy_set_header Connection "upgrade";\n'
        "        proxy_set_header Host $http_host;\n        # Set"
    ),
    "proxy_request_buffering on": "proxy_request_buffering off",
}
"""What proxies have that pass WebSockets on and do not keep uploads."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("upgrades")) as running:
        yield running


@pytest.fixture(scope="module")
def websockets(server, tmp_path_factory):
    """The address of an nginx that passes WebSockets on."""
    with nginx_before(server, tmp_path_factory.mktemp("websockets"), WEBSOCKETS) as address:
        yield address


@pytest.fixture(scope="module")
def nginx(server, tmp_path_factory):
    with nginx_before(server, tmp_path_factory.mktemp("nginx")) as address:
        yield address


@pytest.fixture(params=["direct", "nginx", "websockets"])
def address(request, server):
    """Where clients reach the server."""
    return server.url if request.param == "direct" else request.getfixturevalue(request.param)


def needs(program):
    """Skip where it is not installed, but not where everything must be."""
    if shutil.which(program) is None:
        assert os.environ.get("CI") != "true", f"{program} is not installed."
        pytest.skip(f"{program} is not installed")


def port_of(address):
    return urllib.parse.urlsplit(address).port


@pytest.mark.parametrize("upgrade", UPGRADES.values(), ids=UPGRADES)
def test_no_client_gets_the_answer_to_what_a_stranger_smuggles(websockets, upgrade):
    """A stranger sends bodies that look like requests; others ask, and get their own answers."""
    enough = threading.Event()
    address = ("127.0.0.1", port_of(websockets))
    head = request("POST", "/admin/login/", *upgrade, f"Content-Length: {len(SMUGGLED)}")

    def smuggle(seed):
        pause = Random(seed)
        while not enough.is_set():
            with socket.create_connection(address, timeout=10) as stranger:
                stranger.sendall(head)
                enough.wait(pause.uniform(0, 0.004))  # before the answer, but by itself
                stranger.sendall(SMUGGLED)
                stranger.recv(65536)

    strangers = [threading.Thread(target=smuggle, args=(seed,)) for seed in range(3)]
    for stranger in strangers:
        stranger.start()
    wrong = []
    try:
        for _ in range(ROUNDS):
            name = uuid.uuid4().hex
            with socket.create_connection(address, timeout=10) as client:
                client.sendall(request("GET", f"/v1/models/{name}", KEY, "Connection: close"))
                received = b"".join(iter(partial(client.recv, 65536), b""))
            [answer] = read_answers(received, set())
            if (answer.status, name in answer.body.decode()) != (404, True):
                wrong.append(answer)
    finally:
        enough.set()
        for stranger in strangers:
            stranger.join()
    assert wrong == []


def test_the_clients_of_the_jdk_are_answered(address):
    needs("javac")  # without it `java` runs no source
    done = subprocess.run(
        ["java", ROOT / "tests/clients/Stock.java", address, Server.api_key],
        capture_output=True,
        text=True,
        timeout=120,
    )
    answers = [line.split(" ", 1) for line in done.stdout.splitlines()]
    params = [json.loads(body)["error"]["param"] for status, body in answers if status == "400"]
    assert (done.stderr, params) == ("", ["n"] * 6 + ["prompt"] * 2)
    assert answers[8:] == [["200", '{"status": "ok"}']] * 2 + [["200", ""]] * 2


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_curl_offers_http2_and_is_answered(address, method):
    needs("curl")
    how = {"GET": [], "HEAD": ["--head"], "POST": ["--data", "x" * 5000]}[method]
    url = f"{address}/v1/models"
    done = subprocess.run(
        ["curl", "--silent", "--http2", "--max-time", "20", "--write-out", "%{http_code} ",
         "--output", os.devnull, "--output", os.devnull, *how, url, url],
        capture_output=True, text=True,
    )  # fmt: skip
    expected = "405 405 " if method == "POST" else "401 401 "
    assert (done.stdout, done.returncode) == (expected, 0)


@pytest.mark.parametrize(("size", "statuses"), [(60, {200}), (80, {400, 431})])
def test_headers_of_64_kb_come_through_nginx_too(nginx, size, statuses):
    asked = request("GET", "/healthz", f"Cookie: a={'x' * size * 1024}", "Connection: close")
    with socket.create_connection(("127.0.0.1", port_of(nginx)), timeout=10) as client:
        client.sendall(asked)
        received = b"".join(iter(partial(client.recv, 65536), b""))
    [answer] = read_answers(received, set())
    assert answer.status in statuses
    assert answer.status == 200 or b"oo large" in answer.body or b"Too Large" in answer.body
