"""The timeline: which periods it shows, and that every bar leads to what it says."""

from datetime import UTC, datetime, timedelta

import pytest
from django.http import QueryDict

from gallery.index import building
from gallery.views.timeline import axis_of, timeline

GALLERY = "/admin/gallery/"
PERIODS = "/admin/gallery/live/periods/"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

FILTERS = (
    "?search=cat",
    "?model=a",
    "?aspect_ratio=1:1&favorite=true",
    "?tags=night",
    "?tags=night&tags_match=none",
    "?search=after:2026-10-01",
    "?search=cat&start_date=2026-11-01&end_date=2026-11-30",
    "?model=b&start_date=2026-09-20",
)


@pytest.fixture
def library(add_image):
    """Sixty pictures over 150 days, of two models, some of cats, some favourites, some at night."""
    for number in range(60):
        add_image(
            prompt="a cat" if number % 3 else "a dog",
            model="a" if number % 4 else "b",
            tags=["night"] if number % 5 == 0 else [],
            favorite=number % 2 == 0,
            created_at=NOON - timedelta(days=number * number // 24),
        )


def counted(bars) -> dict[str, int]:
    return {bar.query: bar.count for bar in bars if bar.count}


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize("query", FILTERS)
def test_every_bar_leads_to_as_many_pictures_as_it_says(staff, library, query, indexed):
    if indexed:
        building.rebuild(lambda *_: None, building.segment_numbers())
    listed = staff.get(GALLERY + query).context["timeline"]
    assert (listed.is_counted, counted(listed.bars)) == (False, {})
    late = staff.get(PERIODS + query).context["timeline"]
    assert [bar.first for bar in late.bars] == [bar.first for bar in listed.bars]
    wanted = counted(late.bars)
    assert wanted
    assert {
        address: staff.get(GALLERY + address).context["page"].count for address in wanted
    } == wanted


@pytest.mark.parametrize(
    ("query", "elsewhere"),
    [
        ("?search=nothing", False),
        ("?search=nothing&start_date=2026-11-01&end_date=2026-11-30", False),
        ("?start_date=2026-01-01&end_date=2026-01-31", False),
        ("?search=cat&start_date=2026-11-21&end_date=2026-11-22", True),
    ],
)
def test_no_empty_timeline_stands_over_nothing_found(staff, library, query, elsewhere):
    listed = staff.get(GALLERY + query, headers={"accept-language": "en"}).content.decode()
    assert "Nothing found" in listed
    late = staff.get(PERIODS + query).content.decode()
    if elsewhere:  # days beside those asked for, which have some, stay in sight
        assert '<nav class="timeline"' in listed
        assert "<rect" in late
    else:
        assert ('<nav class="timeline"' in listed) == ("nothing&start" in query)
        assert late.strip() == ""


def test_without_other_filters_than_dates_the_list_has_its_counts_at_once(staff, library):
    for query in ("", "?start_date=2026-11-01&end_date=2026-11-30", "?view=list&page=2"):
        bars = staff.get(GALLERY + query).context["timeline"]
        assert bars.is_counted
        assert counted(bars.bars) == counted(staff.get(PERIODS + query).context["timeline"].bars)


@pytest.mark.parametrize("pictures", [1, 4])
def test_periods_ask_a_constant_number_of_queries(
    staff, add_image, django_assert_num_queries, pictures
):
    for number in range(pictures):
        add_image(prompt="a cat", created_at=NOON - timedelta(days=number))
    building.rebuild(lambda *_: None, building.segment_numbers())
    # Session, user; counters; the name of a tag; the index's state, of the changes what is not
    # merged, sets of the word, sets of the days.
    with django_assert_num_queries(8):
        bars = staff.get(f"{PERIODS}?search=cat").context["timeline"]
    assert sum(bar.count for bar in bars.bars) == pictures


def test_periods_of_filters_that_make_no_sense_are_none(staff, library):
    assert staff.get(f"{PERIODS}?start_date=never").status_code == 204


def test_empty_library_has_no_timeline(staff):
    assert "timeline" not in staff.get(f"{GALLERY}?search=cat").context
    assert staff.get(f"{PERIODS}?search=cat").status_code == 204


@pytest.mark.parametrize(
    ("days", "unit", "periods"),
    [
        ({"2026-11-20"}, "day", 1),
        ({"2026-11-20", "2026-10-01"}, "day", 51),
        ({"2026-11-20", "2026-01-01"}, "month", 11),
        ({"2026-11-20", "2001-01-01"}, "year", 26),
    ],
)
def test_periods_are_days_months_or_years(days, unit, periods):
    axis = axis_of(days, (None, None))
    assert (axis.unit, len(axis.periods)) == (unit, periods)
    bars = timeline(axis, dict.fromkeys(axis.dates, 1), QueryDict("page=2"), (None, None))
    assert sum(bar.count for bar in bars.bars) == len(days)
