"""Names of benchmarks in tables: without what all of them share, and never two alike."""

from __future__ import annotations

import pytest

from mpmt.base.row_names import common_parts, short_names


@pytest.mark.parametrize(("names", "short", "common"), [
    ([], [], ""),
    (["hash_chain/serial/grain:100/wait:block"], ["hash_chain/serial"], "grain:100/wait:block"),
    (["a/workers:1/wait:block", "a/workers:2/wait:block"], ["a/workers:1", "a/workers:2"], "wait:block"),
    (["a/x:1", "b/x:1"], ["a", "b"], "x:1"),
    (["a/x:1", "a/x:2"], ["a/x:1", "a/x:2"], ""),
    (["a/x:1", "b"], ["a/x:1", "b"], ""),
    (["BM_same/8", "BM_same/16"], ["BM_same/8", "BM_same/16"], ""),
    (["a/same/x:1", "b/same/x:1"], ["a/same", "b/same"], "x:1"),
    (["BM<std::map>/8/threads:2", "BM<std::map>/9/threads:2"], ["BM<std::map>/8", "BM<std::map>/9"], "threads:2"),
    (["std::sort/x:1", "std::sort/x:2"], ["std::sort/x:1", "std::sort/x:2"], ""),
    (["a/x:1/y:2", "a/y:2/x:1", "b/x:1/y:2"], ["a/x:1/y:2", "a/y:2/x:1", "b"], "x:1/y:2"),
    (["a/x:1", "a/x:1/x:1"], ["a/x:1", "a/x:1/x:1"], "x:1"),
    (["x:1", "a/x:1"], ["x:1", "a"], "x:1"),
    (["x:1"], ["x:1"], "x:1"),
    (["", "/", "a:"], ["", "/", "a:"], ""),
    (["a/x:1\n2", "b/x:1\n2"], ["a", "b"], "x:1\n2"),
    (["a/x:1", "a/x:1"], ["a"], "x:1"),
])
def test_what_all_share_is_left_out(names: list[str], short: list[str], common: str) -> None:
    made = short_names(names)
    assert list(made) == list(dict.fromkeys(names)) and list(made.values()) == short
    assert common_parts(names) == common


def test_no_two_short_names_are_equal() -> None:
    parts = ("a", "b", "x:1", "y:2", "x:1/y:2", "")
    names = [f"{first}/{second}/{third}" for first in parts for second in parts for third in parts]
    for count in (1, 2, 3, 7, len(names)):
        for start in range(0, len(names), 5):
            some = names[start:start + count]
            assert len(set(short_names(some).values())) == len(set(some)), some
