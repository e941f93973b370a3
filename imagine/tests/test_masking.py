"""Our keys in texts that an upstream wrote."""

import base64
import json
from urllib.parse import quote

import pytest

from imagine.masking import Masker, masked

KEY = "xai-AbCd/Ef01+23456789ghIJklmnop"
MASKER = Masker([KEY, "k1", ""])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Incorrect API key provided: {KEY}.", "Incorrect API key provided: …."),
        (f"{{'Authorization': 'Bearer {KEY}'}}", "{'Authorization': 'Bearer …'}"),
        (json.dumps({"key": KEY}), '{"key": "…"}'),
        (json.dumps({"key": KEY}).replace("/", "\\/"), '{"key": "…"}'),
        (quote(KEY, safe=""), "…"),
        (KEY.encode().hex(), "…"),
        (KEY.upper(), "…"),
        (f"İ {KEY}", "İ …"),
        (f"{KEY},{KEY}", "…,…"),
        (f"starts with {KEY[:8]}", "starts with …"),
        (f"in the middle {KEY[9:20]} of it", "in the middle … of it"),
        ("xa***.", "…."),
        ("xai-********mnop", "…"),
        ("xai-A...klmnop is wrong", "… is wrong"),
        ("xai-…mnop", "…"),
        ("xai-<redacted>", "…"),
        ("the key k1, not k12", "the key …, not k12"),
        ("Bearer of-somebody-else", "Bearer …"),
        ("sk-proj-qwertzuiopasdfgh", "…"),
    ],
)
def test_secret_is_masked_however_it_stands_there(text, shown):
    assert MASKER.mask(text) == shown


@pytest.mark.parametrize("before", range(4))
def test_secret_in_base64_is_masked_wherever_it_begins(before):
    encoded = base64.b64encode(b"u" * before + KEY.encode() + b"x" * before).decode()
    rest = MASKER.mask(encoded)
    assert "…" in rest
    assert len(rest) < before * 4 + 8
    assert MASKER.mask(encoded.translate(str.maketrans("+/", "-_"))).count("…") == 1


@pytest.mark.parametrize(
    "text",
    ["", "Please wait... then **try** again", "2**3 of 1024x1024", "an image of a fox", "a" * 5000,
     "Use a key that begins with xai-", "…"],
)  # fmt: skip
def test_ordinary_words_stay(text):
    assert MASKER.mask(text) == text


def test_no_piece_of_eight_is_left_of_a_secret():
    for start in range(len(KEY)):
        for end in range(start + 8, len(KEY) + 1):
            assert MASKER.mask(f"<{KEY[start:end]}>") == "<…>"


def test_secrets_are_those_of_the_settings(settings):
    settings.XAI_API_KEY = "first-key-0001, second-key-0002"
    settings.IMAGINE_UPSTREAM_URL = "https://user:pass%2Fword-123@host/v1"
    text = "second-key-0002 and pass/word-123 and first-key-0001"
    assert masked(text) == "… and … and …"
