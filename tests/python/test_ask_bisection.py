"""Where along a scale the next run measures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional

import pytest

from mpmt.asking.bisection import Scale, next_values

GRAINS = Scale(1, 100_000, 8, 3)
BYTES = Scale(0, 1 << 20, 64, 3, 64)


def searched(verdict: Callable[[int], Optional[str]], start: int, scale: Scale) -> dict[int, Optional[str]]:
    """All that is measured until there is nothing more."""
    found = {start: verdict(start)}
    for _ in range(30):
        values = next_values(found, start, scale)
        if not values:
            return found
        assert not set(values) & set(found) and all(scale.least <= value <= scale.most for value in values)
        found.update((value, verdict(value)) for value in values)
    raise AssertionError("it does not end")


@pytest.mark.parametrize("place", [3, 40, 90, 110, 700, 5000, 6000])
def test_a_cross_over_ends_in_a_bracket_of_that_factor(place: int) -> None:
    found = searched(lambda grain: "a" if grain < place else "same", 100, GRAINS)
    low, high = max(at for at in found if at < place), min(at for at in found if at >= place)
    assert high <= 3 * low or high == low + 1
    assert len(found) <= 8


def test_where_nothing_changes_two_steps_on_either_side_are_enough() -> None:
    assert sorted(searched(lambda _: "same", 1000, GRAINS)) == [16, 125, 1000, 8000, 64000]


def test_what_ends_a_scale_ends_the_search() -> None:
    assert sorted(searched(lambda _: "a", 1, Scale(1, 4, 8, 3))) == [1, 4]
    assert next_values({1: "a"}, 1, Scale(1, 1, 8, 3)) == []


def test_an_open_value_inside_a_bracket_ends_that() -> None:
    assert next_values({100: "a", 283: None, 800: "same"}, 100, GRAINS) == []


def test_an_open_start_is_passed_over() -> None:
    found = searched(lambda grain: None if grain == 100 else "a" if grain < 100 else "same", 100, GRAINS)
    assert None in found.values() and {"a", "same"} <= set(found.values())


def test_the_nearest_of_several_brackets_is_halved_first() -> None:
    assert next_values({1: "b", 10: "a", 100: "a", 800: "same"}, 100, GRAINS) == [283]


def test_sizes_are_none_or_powers_of_two() -> None:
    found = searched(lambda count: "a" if count >= 5000 else "same", 0, BYTES)
    assert all(count == 0 or count & (count - 1) == 0 for count in found)
    assert 4096 in found and 8192 in found


def test_a_size_that_is_no_power_of_two_has_neighbours_that_are() -> None:
    assert next_values({3000: "a"}, 3000, BYTES) == [0, 131072 * 2]
