"""What lies in a results folder and is no record: it is refused by name, and leads nobody astray."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

import pytest

import make_history as made
from mpmt.base.problem import Problem
from store_bench import COMMITS, cache, look, results, summaries  # noqa: F401

def test_a_missing_folder_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="--results: .*No such file"):
        look(tmp_path / "none")


@pytest.mark.parametrize(("folder", "name", "words"), [
    ("0A1B2C3D4E5F", None, "no machine key"), ("notes", None, "no machine key"),
    (made.KEY, "latest.json", "no record's"), (made.KEY, "0123456789ab.json", "no record's"),
    (made.KEY, "../x-20240101T000000Z.json", None),
    (made.KEY, "ffffffffffff-20240101T000000Z.json", "context.commit.id"),
    ("ffffffffffff", "{commit}-20240101T000000Z.json", "context.machine.key"),
])
def test_what_does_not_belong_is_refused_by_name(folder: str, name: str | None, words: str | None, results: Path) -> None:
    good = next((results / made.KEY).iterdir()).read_text()
    target = results / folder / (name or "x.json").format(commit=COMMITS[0][:12])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(good)
    commits, refused = look(results)
    assert len(commits) == 3
    assert [words in line for line in refused] == ([True] if words else [])


def test_names_that_are_no_text_are_refused(results: Path) -> None:
    good = next((results / made.KEY).iterdir()).read_bytes()
    os.mkdir(os.fsencode(results) + b"/m\xfcll")
    for folder in (b"/m\xfcll/", os.fsencode(f"/{made.KEY}/")):
        with open(os.fsencode(results) + folder + b"\xff-20240101T000000Z.json", "wb") as file:
            file.write(good)
    commits, refused = look(results)
    assert len(commits) == 3
    assert [line.split(": ")[0] for line in refused] == [f"{made.KEY}/\\xff-20240101T000000Z.json", "m\\xfcll"]


def test_what_record_has_not_filed_yet_is_told_as_such(results: Path) -> None:
    first = next((results / made.KEY).iterdir())
    first.rename(first.with_name(f"{first.name[:12]}-unfiled-{'a' * 16}.json"))
    commits, (refused,) = look(results)
    assert len(commits) == 2 and "the next one files it" in refused


def test_other_files_are_no_ones_business(results: Path) -> None:
    (results / "README.md").write_text("x")
    (results / "schema.json").write_text("{}")
    (results / ".hidden").mkdir()
    (results / made.KEY / "x.json.partial").write_text("{")
    assert look(results)[1] == []


def test_links_that_lead_out_are_not_followed(results: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    made.write_history(outside, COMMITS[5:6], {"a": [1.0]})
    (results / "aaaaaaaaaaaa").symlink_to(outside / made.KEY)
    (results / made.KEY / f"{COMMITS[5][:12]}-20240101T000000Z.json").symlink_to(next((outside / made.KEY).iterdir()))
    (results / made.KEY / f"{COMMITS[6][:12]}-20240101T000000Z.json").symlink_to("nowhere")
    commits, refused = look(results)
    assert COMMITS[5] not in commits
    assert sum("leads out" in line for line in refused) == 2 and sum("No such file" in line for line in refused) == 1


HOSTILE = {
    "truncated": lambda text: text[: len(text) // 2], "empty": lambda _: "", "foreign": lambda _: '{"context": {}}',
    "NaN": lambda text: text.replace('"tasks": 80', '"tasks": NaN', 1),
    "newer": lambda text: text.replace('"schema_version": 3', '"schema_version": 4'),
    "deep": lambda _: "[" * 100_000, "huge": lambda text: text.replace("golden", "x" * 10_000_000, 1),
    "commit": lambda text: text.replace(f'"{COMMITS[9]}"', '"../../../../etc/passwd"'),
    "key": lambda text: text.replace(f'"{made.KEY}"', '"../../../x"'),
    "absurd": lambda text: text.replace('"ns_per_task": 1.0', '"ns_per_task": 1e300', 1),
    "version": lambda text: text.replace('"bench_version": 1,', f'"bench_version": {2**64 - 1},'),
    "types": lambda text: text.replace('"round": 0', '"round": {"a": [1]}'),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_records_are_refused_in_one_line(kind: str, results: Path, tmp_path: Path) -> None:
    path, = made.write_history(tmp_path / "other", COMMITS[9:10], {"a": [1.0]})
    target = results / made.KEY / path.name
    target.write_text(HOSTILE[kind](path.read_text()))
    before = set(tmp_path.rglob("*"))
    commits, refused = look(results)
    assert len(commits) == 3
    line, = refused
    assert line.startswith(f"{made.KEY}/{path.name}: ") and line.isprintable() and len(line) < 800
    written = set(tmp_path.rglob("*")) - before
    assert all("cache" in path.relative_to(tmp_path).parts for path in written)


def test_names_are_data(results: Path) -> None:
    names = ["a\nb", "'); DROP TABLE files; --", "</script><script>alert(1)</script>", "\u202eabc", "x" * 900, "=1+1"]
    made.write_history(results, COMMITS[9:10], {name: [100.0] for name in names})
    for _ in range(2):  # read, and remembered
        records, _ = summaries(results)
        assert len(records) == 4 and set(names) <= {point.name for record in records for point in record.points}


def test_what_is_no_file_is_refused_and_not_waited_for(results: Path) -> None:
    good, refused = look(results)
    folder = results / made.KEY
    names = [f"{COMMITS[7][:12]}-2020010{day}T000000Z.json" for day in range(1, 6)]
    fifo, bound, dangling, loop, inner = (folder / name for name in names)
    os.mkfifo(fifo)
    with socket.socket(socket.AF_UNIX) as made_socket, contextlib.chdir(folder):
        made_socket.bind(bound.name)  # the whole path may be too long for a socket's name
    dangling.symlink_to("nowhere")
    loop.symlink_to(loop.name)
    inner.mkdir()
    again, said = look(results)
    assert again == good and refused == []
    for name, why in zip(names, ("a FIFO, not a regular file", "a socket, not a regular file", "No such file",
                                 "symbolic link", "a folder, not a regular file")):
        assert any(line.startswith(f"{made.KEY}/{name}: ") and why in line for line in said), (name, said)
