"""What a killed run has measured becomes a record at the next start; full and tiny file systems."""

from __future__ import annotations

import fcntl
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mpmt.records import record_file
from bench import Bench, Island, entries_in, finish, kill_and_reap, until

CASE_FAILED = 1
NOTHING_TO_RECOVER = "mpmt: a run was killed before its first trial; nothing to recover"
USAGE = 2
SLEEPING = ("--workload", "sleep_wait", "--grain", "1000", "--executor", "serial", "--seed", "3")
LONG = (*SLEEPING, "--tasks", "20", "--laps", "1", "--rounds", "1000")
SHORT = (*SLEEPING, "--tasks", "4", "--laps", "1", "--rounds", "1")
MANY = (*SLEEPING, "--tasks", "4", "--laps", "1", "--rounds", "120")  # some 100 KiB


def killed_run(bench: Bench, out: Path, count: int = 3) -> list[dict[str, Any]]:
    """The journalled entries of a run that is killed after some trials."""
    run = bench.start("run", "--out", out, *LONG)
    bench.await_entries(count, run)
    kill_and_reap(run)
    bench.expect_no_process()
    assert not out.exists() and len(bench.journals()) == 1
    return bench.journalled()


def trials(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry for entry in record["benchmarks"] if entry["run_type"] == "iteration"]


def as_recorded(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Journalled entries of one case: how many rounds it has is known at the end only, and its histogram is not theirs."""
    return [{**entry, "repetitions": len(entries), "latency_ns": without_histogram(entry["latency_ns"])} for entry in entries]


def without_histogram(latency: dict[str, Any] | None) -> dict[str, Any] | None:
    return latency and {key: value for key, value in latency.items() if key != "histogram"}


def next_start(bench: Bench, *arguments: object) -> str:
    """What the next run says on standard error besides its warnings."""
    done = bench.run("run", *SHORT, *arguments)
    assert done.returncode == 0, done.stderr
    return "\n".join(line for line in done.stderr.splitlines() if not line.startswith("mpmt: warning: "))


def test_the_next_start_assembles_the_journal(bench: Bench) -> None:
    lost = bench.folder / "lost.json"
    entries = killed_run(bench, lost)
    said = next_start(bench, "--out", bench.out)
    assert said == f"mpmt: recovered {len(entries)} trials of a run that was killed: {lost}"
    record = record_file.load(lost)
    assert record["context"]["recovered"] and record["context"]["interrupted"]
    assert record["context"]["trials"] == {"done": len(entries)}
    assert trials(record) == as_recorded(entries)
    assert not record_file.load(bench.out)["context"]["recovered"]
    assert bench.journals() == []


def test_a_journal_in_a_folder_of_its_own_is_whoever_gave_it_to_remove(bench: Bench) -> None:
    folder = bench.folder / "journals"
    folder.mkdir(mode=0o700)
    run = bench.start("run", "--out", bench.out, "--journal-dir", folder, *LONG)
    until(lambda: any(path.stat().st_size for path in folder.glob("*.journal")), "a journal")
    kill_and_reap(run)
    bench.expect_no_process()
    assert len(list(folder.glob("*.journal"))) == 1 and bench.journals() == []
    assert next_start(bench, "--out", bench.out) == ""


def test_a_journal_in_a_folder_of_its_own_is_gone_when_the_record_is_there(bench: Bench) -> None:
    folder = bench.folder / "journals"
    folder.mkdir(mode=0o700)
    assert bench.measure("--journal-dir", folder, *SHORT).returncode == 0
    assert list(folder.iterdir()) == [] and trials(record_file.load(bench.out))


def test_a_place_that_is_taken_is_not_overwritten(bench: Bench) -> None:
    killed_run(bench, bench.out)
    next_start(bench, "--out", bench.out)  # the new run's own place
    assert not record_file.load(bench.out)["context"]["recovered"]
    assert record_file.load(bench.folder / "record.recovered-1.json")["context"]["recovered"]
    bench.out.unlink()
    killed_run(bench, bench.out)
    bench.out.write_text("somebody's")
    next_start(bench, "--out", bench.folder / "other.json")
    assert bench.out.read_text() == "somebody's"
    assert record_file.load(bench.folder / "record.recovered-2.json")["context"]["recovered"]


def test_a_line_that_is_cut_off_is_left_out(bench: Bench) -> None:
    lost = bench.folder / "lost.json"
    entries = killed_run(bench, lost)
    [journal] = bench.journals()
    with journal.open("a") as file:
        file.write('{"of_case": {"name": "prime_c')
    next_start(bench, "--out", bench.out)
    assert trials(record_file.load(lost)) == as_recorded(entries)


@pytest.mark.parametrize("content", ["", '{"record": "/tmp', "garbage\n", "\0" * 4096])
def test_a_journal_with_nothing_in_it_is_removed(bench: Bench, content: str) -> None:
    folder = bench.state / "mpmt"
    folder.mkdir()
    (folder / "1-20240101T000000Z.journal").write_text(content)
    assert next_start(bench, "--out", bench.out) == NOTHING_TO_RECOVER
    assert bench.journals() == []


def test_a_run_killed_before_its_first_trial_leaves_no_record(bench: Bench) -> None:
    run = bench.start("run", "--out", bench.folder / "lost.json", "--workload", "sleep_wait", "--grain", "1000000",
                      "--executor", "serial", "--tasks", "100", "--laps", "1", "--rounds", "1")
    until(bench.journals, "the journal")
    bench.trial_of(run)
    kill_and_reap(run)
    assert next_start(bench, "--out", bench.out) == NOTHING_TO_RECOVER
    assert not (bench.folder / "lost.json").exists()


def test_a_journal_whose_owner_lives_is_left_alone(bench: Bench) -> None:
    killed_run(bench, bench.folder / "lost.json")
    [journal] = bench.journals()
    before = journal.read_bytes()
    with journal.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert next_start(bench, "--out", bench.out) == ""
        assert journal.read_bytes() == before
    next_start(bench, "--out", bench.folder / "other.json")
    assert (bench.folder / "lost.json").exists()


def test_other_files_in_the_state_folder_are_left_alone(bench: Bench) -> None:
    other = bench.state / "mpmt" / "notes.txt"
    other.parent.mkdir()
    other.write_text("mine")
    assert next_start(bench, "--out", bench.out) == ""
    assert other.read_text() == "mine"
    other.unlink()


def test_a_record_whose_folder_has_gone_waits_for_it(bench: Bench) -> None:
    folder = bench.folder / "gone"
    folder.mkdir()
    killed_run(bench, folder / "lost.json")
    folder.rmdir()
    said = next_start(bench, "--out", bench.out)
    assert "left as it is" in said and f"{folder / 'lost.json'} has no folder" in said
    assert not folder.exists() and len(bench.journals()) == 1
    folder.mkdir()
    next_start(bench, "--out", bench.out)
    assert record_file.load(folder / "lost.json")["context"]["recovered"]


def test_the_default_folder_is_made_anew(bench: Bench) -> None:
    run = bench.start("run", *LONG)
    bench.await_entries(1, run)
    kill_and_reap(run)
    [place] = (bench.cwd / "results").iterdir()
    place.rmdir()
    next_start(bench, "--out", bench.out)
    [record] = place.iterdir()
    assert record_file.load(record)["context"]["recovered"]


# ---- full and tiny file systems ------------------------------------------------------------------------


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Island]:
    """/dev/shm has 1 MiB, and a folder "small" 64 KiB."""
    small = tmp_path / "small"
    small.mkdir()
    with Island((("/dev/shm", "1m"), (str(small), "64k"))) as made:
        if made.why_not:
            pytest.skip(f"mounting is not permitted here: {made.why_not}")
        yield made


@pytest.mark.parametrize("executor", ["thread_pool", "process_pool"])
def test_a_tiny_shared_memory_is_a_clear_error(bench: Bench, narrow: Island, executor: str) -> None:
    done = bench.measure("--workload", "payload_copy", "--payload", "1Mi", "--executor", executor, "--channel",
                         "boost_queue", "--workers", "1", "--tasks", "8", "--laps", "1", "--rounds", "1", island=narrow)
    assert done.returncode == CASE_FAILED, done.stderr
    [entry] = trials(record_file.load(bench.out))
    assert entry["status"] == "error"
    assert "/dev/shm" in entry["error"] and "No space left" in entry["error"]
    assert os.listdir(narrow.path("/dev/shm")) == []


def test_a_sync_that_does_nothing_is_unsupported(bench: Bench, narrow: Island) -> None:
    done = bench.measure("--workload", "file_sync", "--executor", "serial", "--tasks", "4", "--laps", "1", "--rounds", "1",
                         "--data-dir", "/dev/shm", island=narrow)
    assert done.returncode == 0, done.stderr
    [entry] = trials(record_file.load(bench.out))
    assert entry["status"] == "unsupported" and "tmpfs" in entry["error"]
    assert "unsupported 1/1" in done.stdout


def test_a_full_disk_keeps_the_journal_for_the_next_start(bench: Bench, narrow: Island) -> None:
    small = bench.folder / "small"
    place = narrow.path(str(small))
    arguments = ("run", "--out", small / "x.json", *MANY)
    done = bench.run(*arguments, island=narrow)
    assert done.returncode == USAGE, done.stdout
    assert str(small / "x.json") not in done.stdout
    *_, kept, why = done.stderr.splitlines()
    [journal] = bench.journals()
    assert str(journal) in kept and "kept" in kept
    assert why.startswith("mpmt: ") and str(small / "x.json") in why
    assert os.listdir(place) == []

    assert "left as it is" in finish(bench.start("run", "--out", bench.out, *SHORT, island=narrow)).stderr
    assert os.listdir(place) == [] and bench.journals() == [journal]
    lines = journal.read_text("utf-8").splitlines(True)
    next_start(bench, "--out", bench.out)  # outside, where "small" is a folder like any other
    record = record_file.load(small / "x.json")
    assert trials(record) == as_recorded(entries_in(lines))
    assert record["context"]["recovered"] and not record["context"]["interrupted"]


def test_a_journal_that_cannot_grow_is_kept_for_the_next_start(bench: Bench, narrow: Island) -> None:
    small = bench.folder / "small"
    full = {**bench.environment, "XDG_STATE_HOME": str(small)}
    done = bench.run("run", "--out", bench.folder / "lost.json", *MANY, env=full,
                     island=narrow)
    assert done.returncode == USAGE
    said = done.stderr.splitlines()[-1]
    assert said.startswith("mpmt: write(") and ".journal" in said and "No space left" in said
    [journal] = narrow.path(str(small)).rglob("*.journal")
    whole = [line for line in journal.read_text("utf-8").splitlines(True) if line.endswith("\n")]
    assert len(whole) > 10

    (bench.state / "mpmt").mkdir()
    (bench.state / "mpmt" / journal.name).write_bytes(journal.read_bytes())
    next_start(bench, "--out", bench.out)
    assert len(trials(record_file.load(bench.folder / "lost.json"))) == len(whole) - 1


def test_a_file_size_limit_is_an_error_with_a_name(bench: Bench) -> None:
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))  # noqa: E731
    done = bench.run("run", "--out", bench.folder / "lost.json", *MANY, preexec_fn=limit)
    assert done.returncode == USAGE, done
    assert "File too large" in done.stderr.splitlines()[-1]
    next_start(bench, "--out", bench.out)
    assert (bench.folder / "lost.json").exists()


def test_a_disk_that_is_full_from_the_start_is_refused_or_reported(bench: Bench, narrow: Island) -> None:
    small = bench.folder / "small"
    place = narrow.path(str(small))
    (place / "filler").write_bytes(b"x" * 65536)
    done = bench.run("run", "--out", small / "x.json", *SHORT, island=narrow)
    assert done.returncode == USAGE
    assert os.listdir(place) == ["filler"]
    (place / "filler").unlink()
    next_start(bench, "--out", bench.out)
