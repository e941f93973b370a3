"""LiteLLM as a client: `python litellm_client.py URL KEY`, in an environment of its own.

Prints one line of JSON with what it received and how it named what was refused.
"""

import base64
import json
import sys
from collections.abc import Callable
from typing import Any

import litellm
import openai

litellm.suppress_debug_info = True

url, key = sys.argv[1:]
SERVER = {"api_base": f"{url}/v1", "api_key": key, "max_retries": 0}
MODEL = "openai/grok-imagine-1.0"
SOURCE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)


def received(answer: Any) -> list[dict[str, Any]]:
    """Return each picture's size in bytes, and whether it came with a link."""
    return [
        {"bytes": len(base64.b64decode(item.b64_json or "")), "url": bool(item.url)}
        for item in answer.data
    ]


def refused(ask: Callable[..., Any], **request: Any) -> list[Any]:
    """Return the name of LiteLLM's exception, which is one of `openai` too, and its HTTP status."""
    try:
        ask(**request)
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code]
    return ["none", 0]


generate, edit = litellm.image_generation, litellm.image_edit
results = {
    "generated": received(generate("a fox", MODEL, n=2, size="1536x1024", **SERVER)),
    "edited": received(edit(SOURCE, "make it night", f"{MODEL}-edit", **SERVER)),
    "unknown": refused(generate, prompt="a fox", model="openai/nothing", **SERVER),
    "wrong": refused(generate, prompt="a fox", model=MODEL, n=0, **SERVER),
    "stranger": refused(generate, prompt="x", model=MODEL, **{**SERVER, "api_key": "sk-nobody"}),
}
sys.stdout.write(json.dumps(results) + "\n")
