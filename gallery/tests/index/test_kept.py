"""Sets of the index that a process keeps."""

import pytest

from gallery.index import kept


def test_a_set_is_found_for_its_builds_alone():
    kept.keep(7, ((0, 1), (1, 1)), {0: 0b101})
    assert kept.find(7, ((0, 1), (1, 1))) == {0: 0b101}
    assert kept.find(7, ((0, 1), (1, 2))) is None
    assert kept.find(8, ((0, 1), (1, 1))) is None


@pytest.mark.parametrize("bits", [1 << 32_767, (1 << 32_768) - 1], ids=["one", "all"])
def test_what_was_not_asked_for_lately_gives_way(bits):
    builds = ((0, 1),)
    for code in range(kept.MAX_BYTES // 4096 + 100):
        kept.keep(code, builds, {0: bits})
        kept.find(0, builds)
    assert kept.find(0, builds) == {0: bits}
    assert kept.find(1, builds) is None
    assert kept._kept.currsize <= kept.MAX_BYTES


def test_a_set_larger_than_all_room_is_not_kept():
    kept.keep(1, (), dict.fromkeys(range(kept.MAX_BYTES // 4000), 1 << 32_767))
    assert kept.find(1, ()) is None


def test_rare_words_cost_what_they_are_counted_as():
    """Of every index that found them the builds would be kept, which nobody counts."""
    for code in range(2):
        kept.keep(code, tuple((number, 1) for number in range(31)), {})
    assert kept._kept[0][0] is kept._kept[1][0]
    assert kept._kept.currsize >= 2 * 500
