"""Builds the image without a container engine: the Dockerfile's own steps, in a test's folders."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.server import ROOT, Server

PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"


class Image:
    """An image built into a folder by the Dockerfile's steps, except those that install
    packages."""

    def __init__(self, folder: Path) -> None:
        self.app = folder / "app"
        self.app.mkdir(parents=True)
        steps = _steps((ROOT / "Dockerfile").read_text())
        last = max(place for place, (name, _) in enumerate(steps) if name == "FROM")
        for name, rest in steps[steps.index(("WORKDIR", "/app")) : last]:
            if name == "COPY":
                self._copy(*rest.split())
            elif name == "RUN":
                self._run(rest.replace("/tmp/build", str(folder / "build")))
        self.environment: dict[str, str] = {}
        for name, rest in steps[last:]:
            if name == "ENV":
                self.environment |= dict(each.split("=", 1) for each in rest.split())
            elif name == "CMD":
                self.command: list[str] = json.loads(rest)

    def _copy(self, source: str, target: str) -> None:
        if (ROOT / source).is_dir():
            skipped = shutil.ignore_patterns("__pycache__", "*.mo")  # as .dockerignore has it
            shutil.copytree(ROOT / source, self.app / target, ignore=skipped)
        else:
            shutil.copy(ROOT / source, self.app / target)

    def _run(self, command: str) -> None:
        environment = {"PATH": PATH, "HOME": os.environ.get("HOME", "/")}
        subprocess.run(["sh", "-ec", command], cwd=self.app, env=environment, check=True)

    def container(self, volumes: Path, **environment: str) -> Server:
        """Run a server of this image, with its volumes in this folder."""
        places = {
            name: value.replace("/data", str(volumes / "data"), 1).replace(
                "/media", str(volumes / "media"), 1
            )
            for name, value in self.environment.items()
            if name in ("DATA_DIR", "MEDIA_ROOT", "LOG_DIR")
        }
        server = Server(volumes, **places, **environment)
        assert self.command[:2] == ["python", "manage.py"]
        server.command = (sys.executable, str(self.app / "manage.py"), *self.command[2:])
        return server

    def compose(self, example: str, container: Server, folder: Path) -> str:
        """Run an example of the documents here, and `docker compose exec` in this container."""
        docker = """docker() {
            [ "$1 $2 $3 $4" = "compose exec -T app" ] || exit 125
            shift 4
            (cd "$APP" && "$@")
        }
        """
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", docker + example.replace("/data/", "$VOLUME/")],
            cwd=folder, capture_output=True, text=True,
            env={
                **container.environment, "PATH": PATH, "APP": str(self.app),
                "VOLUME": container.environment["DATA_DIR"],
            },
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout


def _steps(dockerfile: str) -> list[tuple[str, str]]:
    """Return name and arguments of each instruction."""
    whole = re.sub(r"\\\s*\n\s*", " ", re.sub(r"^#.*\n", "", dockerfile, flags=re.MULTILINE))
    lines = (line.strip() for line in whole.splitlines() if line.strip())
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]
