"""Requests as programs really send them, and what each of them looks for in the answer.

The bodies are those that the programs' sources make.
"""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from gallery.models import Image
from gallery.tests.drawing import draw
from imagine.models import Generation

pytestmark = pytest.mark.once

GENERATIONS, EDITS, CHAT = "/v1/images/generations", "/v1/images/edits", "/v1/chat/completions"
FOX = "a fox"
PNG = draw(format="PNG")
LINK = "data:image/png;base64," + base64.b64encode(PNG).decode()


@dataclass(frozen=True)
class Recorded:
    """One request; `looks_for` gives what the program takes out of the answer: links or base64."""

    program: str
    path: str
    looks_for: Any
    json: dict[str, Any] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()  # names of the form's fields
    operation: str = "generate"
    ratio: str = ""
    n: int = 1


def bytes_of(answer):
    return [item["b64_json"] for item in answer.json()["data"]]


def links_of(answer):
    return [item["url"] for item in answer.json()["data"]]


def links_or_bytes(answer):
    return [item.get("url") or item["b64_json"] for item in answer.json()["data"]]


def image_of_message(answer):
    return [answer.json()["choices"][0]["message"]["images"][0]["image_url"]["url"]]


def markdown_of_stream(answer):
    chunks = [line[6:] for line in answer.text.split("\n") if line.startswith("data: {")]
    deltas = [choice["delta"] for chunk in chunks for choice in json.loads(chunk)["choices"]]
    text = "".join(delta.get("content") or "" for delta in deltas)
    return [part.partition(")")[0] for part in text.split("![image](")[1:]]


RECORDED = [
    Recorded("Open WebUI", GENERATIONS, links_or_bytes, json={
        "model": "grok-imagine-1.0", "prompt": FOX, "n": 1, "size": "512x512",
        "response_format": "b64_json"}, ratio="1:1"),
    Recorded("Open WebUI", GENERATIONS + "?api-version=2025-04-01-preview", links_or_bytes, json={
        "model": "gpt-image-1", "prompt": FOX, "n": 2, "size": "1536x1024"}, ratio="3:2", n=2),
    Recorded("Open WebUI", EDITS, links_or_bytes, operation="edit", files=("image",), form={
        "model": "grok-imagine-1.0-edit", "prompt": FOX, "n": "1", "size": "512x512",
        "response_format": "b64_json"}, ratio="1:1"),
    Recorded("Open WebUI", EDITS, links_or_bytes, operation="edit", files=("image[]", "image[]"),
             form={"model": "gpt-image-1", "prompt": FOX, "background": "transparent"}),
    Recorded("NextChat", GENERATIONS, bytes_of, json={
        "model": "dall-e-3", "prompt": FOX, "response_format": "b64_json", "n": 1,
        "size": "1792x1024", "quality": "standard", "style": "vivid"}, ratio="16:9"),
    Recorded("NextChat", CHAT, markdown_of_stream, json={
        "messages": [{"role": "system", "content": "\nYou are ChatGPT."},
                     {"role": "user", "content": FOX}],
        "stream": True, "model": "grok-imagine-1.0", "temperature": 0.5, "presence_penalty": 0,
        "frequency_penalty": 0, "top_p": 1}),
    Recorded("LibreChat", GENERATIONS, links_of, json={  # its tool DALL-E-3
        "model": "dall-e-3", "quality": "standard", "style": "vivid", "size": "1024x1792",
        "prompt": FOX, "n": 1}, ratio="9:16"),
    Recorded("LibreChat", GENERATIONS, bytes_of, json={  # its tool image_gen_oai
        "model": "gpt-image-1", "prompt": FOX, "n": 1, "background": "auto",
        "output_format": "png", "quality": "auto", "size": "auto"}),
    Recorded("LibreChat", EDITS, bytes_of, operation="edit", files=("image[]", "image[]"), form={
        "model": "gpt-image-1", "prompt": FOX, "quality": "auto", "size": "auto"}),
    Recorded("Cherry Studio", GENERATIONS, links_or_bytes, json={
        "prompt": FOX, "model": "grok-imagine-1.0", "size": "1024x1536", "n": 1,
        "quality": "high", "moderation": "low"}, ratio="2:3"),
    Recorded("Cherry Studio", EDITS, links_or_bytes, operation="edit", files=("image", "image"),
             form={"prompt": FOX, "model": "gpt-image-1", "background": "opaque",
                   "size": "1024x1024", "quality": "low"}, ratio="1:1"),
    Recorded("RikkaHub", GENERATIONS, bytes_of, json={
        "model": "grok-imagine-1.0", "prompt": FOX, "n": 2, "size": "1536x1024"}, ratio="3:2",
        n=2),
    Recorded("LobeChat", GENERATIONS, links_or_bytes, json={
        "model": "gpt-image-1", "n": 1, "prompt": FOX, "quality": "high", "seed": None}),
    Recorded("LobeChat", GENERATIONS, bytes_of, json={
        "model": "dall-e-3", "n": 1, "response_format": "b64_json", "prompt": FOX,
        "size": "1024x1024"}, ratio="1:1"),
    Recorded("LobeChat", EDITS, links_or_bytes, operation="edit", files=("image",), form={
        "model": "gpt-image-1", "n": "1", "input_fidelity": "high", "prompt": FOX}),
    Recorded("LobeChat", CHAT, image_of_message, operation="edit", json={
        "messages": [{"content": [{"text": FOX, "type": "text"},
                                  {"image_url": {"url": LINK}, "type": "image_url"}],
                      "role": "user"}],
        "model": "grok-imagine-1.0", "stream": False}),
    Recorded("new-api", GENERATIONS, links_or_bytes, json={
        "model": "grok-imagine-1.0", "prompt": FOX, "n": 1, "size": "1024x1024",
        "quality": "standard", "response_format": "url", "style": "natural", "user": "7",
        "extra_fields": {"a": 1}, "background": "auto", "moderation": "low",
        "output_format": "webp", "output_compression": 80, "watermark": False}, ratio="1:1"),
    Recorded("new-api", EDITS, links_or_bytes, operation="edit",
             files=("image[0]", "image[1]", "mask"),
             form={"model": "grok-imagine-1.0-edit", "prompt": FOX, "n": "1",
                   "response_format": "b64_json"}),
]  # fmt: skip


def test_recorded_requests_bring_what_their_programs_look_for(client):
    for number, row in enumerate(RECORDED):
        named = f"{number}: {row.program} {row.path}"
        files = [(name, ("a.png", PNG, "image/png")) for name in row.files]
        body = {"data": row.form, "files": files} if files else {"json": row.json}
        answer = client.post(row.path, **body)
        assert answer.status_code == 200, (named, answer.text[:300])
        found = row.looks_for(answer)
        asked = Generation.objects.latest("pk")
        assert (asked.operation, asked.aspect_ratio, asked.n, asked.prompt) == (
            row.operation, row.ratio, row.n, FOX,
        ), named  # fmt: skip
        kept = []
        for image in Image.objects.filter(generations=asked).order_by("pk"):
            with image.file as file:
                kept.append(file.read())
        read = [
            client.get(one).content if one.startswith("http") else base64.b64decode(one)
            for one in found
        ]
        assert (len(kept), read) == (row.n, kept), named
