"""Clients that are not the `openai` package: the Vercel AI SDK, LiteLLM, Open WebUI, plain HTTP."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gallery.models import Image
from gallery.tests.drawing import draw
from imagine.models import Generation

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
LITELLM = ROOT / ".venv/litellm/bin/python"


@pytest.mark.slow
def test_vercel_ai_sdk_generates_and_edits(gateway, secret):
    if shutil.which("node") is None or not (ROOT / "node_modules/ai").exists():
        pytest.skip("Node or its packages are not installed")
    done = subprocess.run(
        ["node", "tests/clients/vercel.mjs", gateway.url, secret],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    results = json.loads(done.stdout.splitlines()[-1])
    message = results["unknown"].pop("message")
    assert message == "The model 'nothing' does not exist. GET /v1/models lists those that do."
    assert results.pop("unknown") == {"status": 404}
    assert {name: [image["mediaType"] for image in images] for name, images in results.items()} == {
        "compatible": ["image/jpeg"] * 2,
        "compatibleEdit": ["image/jpeg"],
        "xai": ["image/jpeg"],
        "xaiEdit": ["image/jpeg"],
        "openai": ["image/jpeg"],
        "openaiEdit": ["image/jpeg"],
        "responses": ["image/jpeg"] * 2,
    }
    assert sorted(Image.objects.values_list("file_size", flat=True)) == sorted(
        image["bytes"] for images in results.values() for image in images
    )
    assert list(
        Generation.objects.order_by("pk").values_list("operation", "aspect_ratio", "n")
    ) == [
        ("generate", "3:2", 2), ("edit", "", 1), ("generate", "16:9", 1), ("edit", "", 1),
        ("generate", "", 1), ("edit", "", 1), ("generate", "", 1), ("edit", "", 1),
    ]  # fmt: skip


@pytest.mark.slow
def test_litellm_generates_and_edits(gateway, secret):
    if not LITELLM.exists():
        pytest.skip("LiteLLM is not installed")
    done = subprocess.run(
        [LITELLM, "tests/clients/litellm_client.py", gateway.url, secret],
        # Its table of prices comes with it; it would ask GitHub for a newer one.
        cwd=ROOT, env={"PATH": os.environ["PATH"], "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout.splitlines()[-1])
    refused = {name: results.pop(name) for name in ("unknown", "wrong", "stranger")}
    assert refused == {
        "unknown": ["NotFoundError", 404],
        "wrong": ["BadRequestError", 400],
        "stranger": ["AuthenticationError", 401],
    }
    images = [*results["generated"], *results["edited"]]
    assert {name: len(found) for name, found in results.items()} == {"generated": 2, "edited": 1}
    assert all(image["url"] for image in images)
    kept = Image.objects.values_list("file_size", flat=True)
    assert sorted(kept) == sorted(image["bytes"] for image in images)
    assert list(
        Generation.objects.order_by("pk").values_list("operation", "aspect_ratio", "n")
    ) == [("generate", "3:2", 2), ("edit", "", 1)]


def test_open_webui_generates(client):
    """It reads `url` first, and gets it with the same key; else `b64_json`."""
    body = {"model": "grok-imagine-1.0", "prompt": "a fox", "n": 1, "size": "512x512",
            "response_format": "b64_json"}  # fmt: skip
    item = client.post("/v1/images/generations", json=body).json()["data"][0]
    image = Image.objects.get()
    assert (image.width, image.height) == (512, 512)
    assert len(base64.b64decode(item["b64_json"])) == image.file_size
    del body["response_format"]
    url = client.post("/v1/images/generations", json=body).json()["data"][0]["url"]
    assert client.get(url).headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize("names", [["image"], ["image[]", "image[]"]])
def test_open_webui_edits(client, names):
    files = [(name, ("image.png", draw(format="PNG"), "image/png")) for name in names]
    form = {"model": "grok-imagine-1.0-edit", "prompt": "night", "n": "1", "size": "auto",
            "response_format": "b64_json"}  # fmt: skip
    assert client.post("/v1/images/edits", data=form, files=files).status_code == 200


def test_whatever_a_client_adds_is_no_error(client):
    body = {"prompt": "a fox", "steps": 20, "negative_prompt": "x", "svg": {"model": "y"},
            "frame_count": 3, "safety_identifier": "z", "user": None, "quality": None,
            "extra_body": {}, "n": None, "stream": None, "size": None}  # fmt: skip
    assert client.post("/v1/images/generations", json=body).status_code == 200
