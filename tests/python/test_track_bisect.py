"""mpmt track bisect, end to end: the commit that brought a change."""

from __future__ import annotations

import signal

import pytest

from bench import BINARY, PATIENCE_S, until
from desk import BUILD, BUILDS, QUICK, Desk, Line, bench_text, needs, verdicts
from fakes import hang
from tracker import Done


def bisect(desk: Desk, line: Line, good: str, bad: str, case: str, *options: object) -> Done:
    needs(BINARY)
    return desk.run("bisect", good, bad, case, "--repo", line.repository.path, *BUILD, *QUICK, *options)


@pytest.fixture
def dozen(desk: Desk) -> tuple[Line, list[str]]:
    """14 commits; the ninth (index 8) makes it 10 % slower; 3, 6 and 12 do not build."""
    line = Line(desk.folder / "repo")
    return line, [line.commit(1.1 if at >= 8 else 1.0, builds=at not in (3, 6, 12)) for at in range(14)]


def test_the_commit_is_found_and_proved(desk: Desk, dozen: tuple[Line, list[str]]) -> None:
    line, ids = dozen
    done = bisect(desk, line, ids[0], ids[13], "BM_x", "--json")
    document = done.json
    assert (document["format"], document["format_version"]) == ("mpmt-bisection", 2)
    assert done.code == document["exit_code"] == 1 and document["proved"]
    assert document["candidates"] == [ids[8]]
    assert (document["last_good"], document["first_bad"]) == (ids[7], ids[8])
    assert verdicts(document["ends"]) == verdicts(document["proof"]) == {"BM_x": "slower"}
    assert len(document["answers"]) <= 6
    assert all(answer["answer"] == "skipped" and "does not build" in answer["why"]
               for answer in document["answers"] if answer["commit"] in (ids[3], ids[6], ids[12]))
    # Where nothing differs there is nothing to look for; all of it is built by now.
    none = bisect(desk, line, ids[0], ids[7], "BM_x")
    assert none.code == 0 and "there is nothing to look for" in none.out
    # As text, with a pattern for the case.
    text = bisect(desk, line, ids[7], ids[9], "x$")
    assert text.code == 1 and f'the change came with {ids[8][:12]} "Commit 9"' in text.out


def test_where_neighbours_do_not_build_a_range_is_the_answer(desk: Desk) -> None:
    line = Line(desk.folder / "repo")
    ids = [line.commit(1.2 if at >= 6 else 1.0, builds=at not in (5, 6, 7)) for at in range(12)]
    done = bisect(desk, line, ids[0], ids[11], "BM_x", "--json")
    assert done.code == 1 and done.json["candidates"] == ids[5:9]
    assert (done.json["last_good"], done.json["first_bad"]) == (ids[4], ids[8])


@pytest.mark.parametrize(("case", "code", "said"), [
    ("BM_", 4, "CASE: 'BM_' is in the names of 2 benchmarks: BM_x, BM_y"), ("z", 4, "in the names of 0 benchmarks"),
    ("(", 2, "regular expression"),
])
def test_a_case_must_be_one(desk: Desk, case: str, code: int, said: str) -> None:
    line = Line(desk.folder / "repo")
    ids = [line.commit() for _ in range(3)]
    done = bisect(desk, line, ids[0], ids[2], case)
    assert done.code == code and said in done.err
    if code == 2:
        swapped, same = bisect(desk, line, ids[2], ids[0], "BM_x"), bisect(desk, line, ids[2], ids[2], "BM_x")
        assert swapped.code == 2 and "are the two swapped?" in swapped.err
        assert same.code == 2 and "are the same commit" in same.err


def test_interrupted_it_says_how_far_it_came(desk: Desk) -> None:
    line = Line(desk.folder / "repo")
    reached, ids = desk.folder / "reached", []
    for at in range(9):
        text = bench_text(1.2 if at >= 6 else 1.0, at)
        if at == 6:  # asked for second, after the one in the middle
            text = text.replace("exec ", f'case "$*" in *_list_tests=true*) ;; *)\n{hang(reached)}\n;; esac\nexec ')
        ids.append(line.repository.commit({"bench": text, "build.sh": BUILDS}, f"Commit {at}"))
    started = desk.start("bisect", ids[0], ids[8], "BM_x", "--repo", line.repository.path, *BUILD, *QUICK, "--json")
    until(reached.exists, "a process that hangs", 2 * PATIENCE_S)
    started.kill(signal.SIGINT)
    done = started.wait()
    assert done.code == 130 and done.json["interrupted"] and not done.json["proved"]
    assert done.json["last_good"] == ids[4] and ids[6] in done.json["candidates"]
