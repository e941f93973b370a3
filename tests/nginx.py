"""Runs nginx with the example configuration in front of a server."""

import os
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.server import ROOT, Server, free_port
from tests.stores import wait_until

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


@contextmanager
def nginx_before(
    server: Server, folder: Path, changes: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Return the address of nginx in front of this server.

    Args:
        changes: lines of the example, and their replacements.
    """
    if NGINX is None:
        assert os.environ.get("CI") != "true", "nginx is not installed."
        pytest.skip("nginx is not installed")
    port = free_port()
    site = (ROOT / "deploy/nginx.conf.template").read_text()
    for name, value in {
        "${UPSTREAM}": f"127.0.0.1:{server.port}",
        "${MEDIA}": str(server.folder / "media"),
        "listen 8080": f"listen 127.0.0.1:{port}",
        **(changes or {}),
    }.items():
        assert name in site
        site = site.replace(name, value)
    (folder / "site.conf").write_text(site)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))
    process = subprocess.Popen([NGINX, "-p", folder, "-c", folder / "nginx.conf"])
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _answers(address))
        yield address
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(30)


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(f"{address}/healthz", timeout=5).close()
    except OSError:
        return False
    return True
