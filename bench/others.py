"""Runs other gateways between the same clients and the same upstream, for comparison.

`LITELLM` names the executable of the LiteLLM proxy (`pip install 'litellm[proxy]'` into its own
environment), `PORTKEY` the folder with Portkey's gateway (`npm install @portkey-ai/gateway`).
Neither stores a picture.
"""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.server import Server, free_port

MODEL = "grok-imagine-1.0"


@dataclass(frozen=True, slots=True)
class Way:
    """An OpenAI-compatible base address, and what its requests carry besides the key."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)


def started_others(stack: ExitStack, folder: Path, upstream: str) -> dict[str, Way]:
    """Start the gateways that the environment names, until the stack is closed."""
    ways = {}
    if executable := os.environ.get("LITELLM"):
        ways["litellm"] = stack.enter_context(started_litellm(executable, folder, upstream))
    if home := os.environ.get("PORTKEY"):
        ways["portkey"] = stack.enter_context(started_portkey(Path(home), upstream))
    return ways


@contextmanager
def started_litellm(executable: str, folder: Path, upstream: str) -> Iterator[Way]:
    config = folder / "litellm.json"  # JSON is YAML
    model = {"model": f"openai/{MODEL}", "api_base": upstream, "api_key": "none"}
    config.write_text(json.dumps({"model_list": [{"model_name": MODEL, "litellm_params": model}]}))
    port = free_port()
    command = [executable, "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    environment = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": Server.api_key}
    with started(command, port, "/health/liveliness", environment):
        yield Way(f"http://127.0.0.1:{port}/v1")


@contextmanager
def started_portkey(home: Path, upstream: str) -> Iterator[Way]:
    port = free_port()
    script = home / "node_modules/@portkey-ai/gateway/build/start-server.js"
    command = ["node", str(script), f"--port={port}", "--headless"]
    with started(command, port, "/", {}):
        headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": upstream}
        yield Way(f"http://127.0.0.1:{port}/v1", headers)


@contextmanager
def started(
    command: list[str], port: int, path: str, environment: dict[str, str]
) -> Iterator[None]:
    process = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while not answers(f"http://127.0.0.1:{port}{path}"):
            assert time.monotonic() < deadline, f"{command[0]} did not start"
            time.sleep(0.5)
        yield
    finally:
        process.kill()
        process.wait()


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
