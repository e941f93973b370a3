"""Whole numbers and ids as others send them."""

import pytest

from grok2api.integers import MAX_ID, read_id, read_integer


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7), (-7, -7), (7.0, 7), ("7", 7), (" 007 ", 7), ("+7", 7), ("-7", -7),
        ("\x1c7\x1f", 7), ("9" * 20, 10**20 - 1),
        (None, None), ("", None), (True, None), (7.5, None), (float("inf"), None), (b"7", None),
        ("7.0", None), ("7e3", None), ("1_000", None), ("²", None), ("٣", None), ("--7", None),
        ("9" * 21, None), ("9" * 5000, None), ([7], None),
    ],
)  # fmt: skip
def test_integer_is_read_from_numbers_and_ascii_digits_alone(value, number):
    assert read_integer(value) == number
    assert type(read_integer(value)) is type(number)


def test_integer_out_of_bounds_is_none():
    assert [read_integer(value, least=2, most=3) for value in (1, "2", 3.0, "4")] == [
        None, 2, 3, None,
    ]  # fmt: skip


def test_id_is_from_one_to_what_every_database_can_be_asked_for():
    values = (0, 1, "12", str(MAX_ID), MAX_ID + 1, "-1", True, None)
    assert [read_id(value) for value in values] == [
        None, 1, 12, MAX_ID, None, None, None, None,
    ]  # fmt: skip
