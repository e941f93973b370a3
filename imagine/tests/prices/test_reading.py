"""Files of prices: what they say, and what is said of a wrong one."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from imagine.prices import reading
from imagine.prices.reading import WrongPrices, read_book, read_tariffs

TODAY = date(2026, 11, 27)
HEAD = "model,valid_from,unit,quality,resolution,amount,source\n"


@pytest.fixture
def write(tmp_path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "prices.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def picture(book, model, day=TODAY, **options):
    tariff = book.tariff(model, day)
    return tariff and tariff.find(("picture",), ["auto"], options.get("resolution", ""))


PUBLISHED = {
    "grok-imagine-image": "0.02",
    "grok-imagine-image-2026-03-02": "0.02",
    "xai/grok-imagine-image": "0.02",
    "grok-imagine-1.0": "0.02",
    "grok-imagine-1.0-edit": "0.02",
    "grok-imagine-image-2.0": "0.04",
    "Grok-Imagine-Image-2.0": "0.04",
    "grok-imagine-image-quality": "0.04",
    "grok-imagine-image-quality-latest": "0.04",
    "grok-imagine-image-pro": "0.04",
    "sample-painter": "0",
}


@pytest.mark.parametrize(("model", "usd"), PUBLISHED.items(), ids=PUBLISHED)
def test_shipped_book_has_the_published_price_of_a_picture(model, usd):
    assert picture(read_book(), model) == Decimal(usd)


TOKENS = {
    "gpt-image-1": ["5", "10", "1.25", "2.5", "40", None],
    "gpt-image-1-mini": ["2", "2.5", "0.20", "0.25", "8", None],
    "gpt-image-1.5": ["5", "8", "1.25", "2", "32", "10"],
    "chatgpt-image-latest": ["5", "8", "1.25", "2", "32", "10"],
    "gpt-image-2": ["5", "8", "1.25", "2", "30", None],
    "openai/gpt-image-2": ["5", "8", "1.25", "2", "30", None],
    "gpt-image-2.5-flare-2026-09-08": ["5", "8", "1.25", "2", "30", None],
    "gpt-image-2.6-sunburst": ["5", "8", "1.25", "2", "30", None],
}
KINDS = ("text_in", "image_in", "cached_text_in", "cached_image_in", "image_out", "text_out")


@pytest.mark.parametrize(("model", "amounts"), TOKENS.items(), ids=TOKENS)
def test_shipped_book_has_the_published_price_of_each_kind_of_token(model, amounts):
    tariff = read_book().tariff(model, TODAY)
    assert [tariff.amount(kind) for kind in KINDS] == [
        None if amount is None else Decimal(amount) for amount in amounts
    ]


@pytest.mark.parametrize("model", ["", "gpt-4o", "gpt-image-3", "grok-imagine-image-3.0", "dall-e"])
def test_a_model_that_nobody_has_priced_has_no_price(model):
    assert read_book().tariff(model, TODAY) is None


def test_a_price_holds_from_its_day_on():
    days = (date(2026, 11, 1), date(2026, 11, 2))
    found = [
        picture(read_book(), "grok-imagine-image-pro", day, resolution=resolution)
        for day in days
        for resolution in ("1k", "2k")
    ]
    assert found == [Decimal(one) for one in ("0.05", "0.07", "0.04", "0.06")]


def test_quality_and_resolution_are_looked_up_with_the_next_that_suffices():
    tariff = read_book().tariff("grok-imagine-image-2.0", TODAY)
    asked = [
        (("picture",), ["low"], "1k"), (("picture",), ["low"], "1.5k"),
        (("picture",), ["medium"], "4k"), (("picture",), ["medium"], ""),
        (("edit", "picture"), ["auto"], "1k"), (("edit", "picture"), ["low"], "2k"),
        (("picture",), ["", "high"], "1k"),
    ]  # fmt: skip
    assert [tariff.find(*one) for one in asked] == [
        Decimal(one) for one in ("0.04", "0.06", "0.08", "0.06", "0.06", "0.06", "0.08")
    ]


def test_ones_own_prices_go_before_those_that_ship(write):
    own = write(
        "﻿# of our reseller\n\n"
        + HEAD
        + "grok-imagine-image,,picture,,,0.015,contract\n"
        + ",,source,,,0,\n"
        + "grok-imagine-image,2026-12-01,picture,,,0.01,contract\n"
        + "gpt-image-*  house/*,,picture,,,0.10,contract\n"
    )
    book = read_book(own)
    assert [
        picture(book, "grok-imagine-image"),
        picture(book, "grok-imagine-image", date(2026, 12, 1)),
        picture(book, "grok-imagine-image-2.0"),
        picture(book, "gpt-image-2"),
        picture(book, "HOUSE/x"),
    ] == [Decimal(one) for one in ("0.015", "0.01", "0.04", "0.10", "0.10")]


def test_a_name_goes_before_a_pattern_and_a_longer_pattern_before_a_shorter(write):
    path = write(
        HEAD
        + "*,,picture,,,3,x\nab*,,picture,,,2,x\nabc*,,picture,,,1,x\nabcd,,picture,,,0,x\n"
        + "AB[c]e,,picture,,,9,x\n"
    )
    book = read_book(path)
    assert [picture(book, name) for name in ("x", "abx", "abcx", "abcd", "abce")] == [3, 2, 1, 0, 9]


FIRST = "line 1: the first one must be model,valid_from,unit,quality,resolution,amount,source."
BOUND = "line 2: the amount must be from 0 to 10000, not"
UNITS = (
    "picture, edit, source, text_in, image_in, cached_text_in, cached_image_in, text_out, "
    "image_out, tokens_per_picture"
)
WRONG = {
    "": FIRST,
    "m,,picture,,,1,x\n": FIRST,
    HEAD + "m,,picture,1\n": "line 2: it has 4 fields instead of 7.",
    HEAD + "m,,picture,,,1,x,y\n": "line 2: it has 8 fields instead of 7.",
    HEAD + '"m"n,,picture,,,1,x\n': "line 2: it is not CSV: ',' expected after '\"'.",
    HEAD + ",,picture,,,1,x\n": "line 2: it has no model.",
    HEAD + "m,,picture,,,1,x\n,2026-01-01,source,,,1,\n": "line 3: it has a date and no model.",
    HEAD + "# m\nm,,picture,,,1,\n": "line 3: it has no source.",
    HEAD + "m,soon,picture,,,1,x\n": (
        "line 2: valid_from must be a day such as 2026-11-02, not 'soon'."
    ),
    HEAD + "m,,second,,,1,x\n": f"line 2: the unit must be one of {UNITS}, not 'second'.",
    HEAD + "m,,picture,best,,1,x\n": (
        "line 2: the quality must be one of low, medium, high, xhigh, max, standard, hd, auto, "
        "not 'best'."
    ),
    HEAD + "m,,picture,,8k,1,x\n": (
        "line 2: the resolution must be one of 1k, 1.5k, 2k, 4k, not '8k'."
    ),
    HEAD + "m,,text_in,low,,1,x\n": "line 2: text_in has neither quality nor resolution.",
    HEAD + "m,,picture,,,free,x\n": f"{BOUND} 'free'.",
    HEAD + "m,,picture,,,,x\n": f"{BOUND} ''.",
    HEAD + "m,,picture,,,-1,x\n": f"{BOUND} '-1'.",
    HEAD + "m,,picture,,,NaN,x\n": f"{BOUND} 'NaN'.",
    HEAD + "m,,picture,,,inf,x\n": f"{BOUND} 'inf'.",
    HEAD + "m,,picture,,,1e999999,x\n": f"{BOUND} '1e999999'.",
    HEAD + "m,,picture,,,1e-11,x\n": (
        "line 2: the amount 1e-11 has more than 10 digits after the point."
    ),
    HEAD + "m,,text_in,,,0.00001,x\n": (
        "line 2: the amount 0.00001 has more than 4 digits after the point."
    ),
    HEAD + "m,,tokens_per_picture,,,1.5,x\n": (
        "line 2: the amount 1.5 has more than 0 digits after the point."
    ),
    HEAD + "m,,picture,,,1,x\nM,,picture,,,2,x\n": "line 3: the same of m is said above.",
    HEAD + "m,,picture,,,1,x\nm,,text_in,,,2,x\n": (
        "line 3: m is priced per picture and per token; keep one."
    ),
    HEAD + "\nm,,source,,,1,x\n": "line 3: the price of m lacks a line of the unit picture.",
    HEAD + "m n,,text_in,,,1,x\n": ("line 2: the price of m n lacks a line of the unit image_out."),
}


@pytest.mark.parametrize(("text", "said"), WRONG.items(), ids=range(len(WRONG)))
def test_a_wrong_line_is_named_in_a_sentence(write, text, said):
    path = write(text)
    with pytest.raises(WrongPrices) as caught:
        read_tariffs(path)
    assert str(caught.value) == f"{path}, {said}"


def test_a_file_that_cannot_be_read_is_named(write, tmp_path):
    for path, said in (
        (tmp_path / "none.csv", "cannot be read: No such file or directory."),
        (tmp_path, "cannot be read: Is a directory."),
        (write(b"\xff\xfe"), "cannot be read: it is not UTF-8 text."),
    ):
        with pytest.raises(WrongPrices) as caught:
            read_tariffs(path)
        assert str(caught.value) == f"{path} {said}"


def test_every_shipped_price_says_where_it_is_from():
    text = reading.SHIPPED.read_text()
    assert all(line["source"] for _, line in reading._lines(text))


def test_names_that_clients_make_up_are_not_remembered_for_ever():
    book = read_book()
    for number in range(2500):
        assert book.tariff(f"made-up-{number}", TODAY) is None
    assert len(book._found) <= 1000
    assert picture(book, "grok-imagine-image") == Decimal("0.02")
