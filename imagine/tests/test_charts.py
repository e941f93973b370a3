"""Stacked columns as they are drawn."""

from datetime import date
from decimal import Decimal

import pytest

from imagine import charts

NICE = {
    "0": "1", "1": "1", "1.01": "2", "2": "2", "3": "3", "7": "8", "10": "10", "11": "20",
    "0.06": "0.06", "0.61": "0.8", "0.002": "0.002", "0.0000000001": "0.0000000001",
    "99999": "100000",
}  # fmt: skip


@pytest.mark.parametrize(("most", "top"), NICE.items())
def test_upper_edge_is_a_round_number(most, top):
    assert charts.nice(Decimal(most)) == Decimal(top)


def test_more_names_than_colours_share_the_last():
    totals = {name: Decimal(number) for number, name in enumerate("abcdefg")}
    assert charts.grouped(totals, "others") == {
        "g": "g", "f": "f", "e": "e", "d": "d", "c": "c", "b": "others", "a": "others",
    }  # fmt: skip
    del totals["a"]
    assert list(charts.grouped(totals, "others").values()) == list("gfedcb")


def test_columns_are_drawn_from_the_bottom_up():
    days = [date(2026, 11, 26), date(2026, 11, 27)]
    values = {(days[1], "a"): Decimal(1), (days[1], "b"): Decimal(3), (days[0], "c"): Decimal(9)}
    chart = charts.stacked(values, days=days, names={"a": "0", "b": "1"}, is_whole=True)
    assert (chart.width, chart.top, chart.marks) == (20, 4, ["4", "2", "0"])
    assert chart.columns == [
        charts.Column(days[0], 0, []),
        charts.Column(
            days[1], 10, [charts.Part("0", "a: 1", 0, 25), charts.Part("1", "b: 3", 25, 75)]
        ),
    ]
    assert [part.y for part in chart.columns[1].parts] == [75, 0]


def test_nothing_at_all_is_a_chart_too():
    chart = charts.stacked({}, days=[date(2026, 11, 27)], names={})
    assert (chart.marks, chart.columns[0].parts) == (["1", "0.5", "0"], [])
