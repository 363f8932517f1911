"""Claims: confirmed, refuted or not shown by the figures of a record, and never without."""

from __future__ import annotations

import copy
import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bench import BINARY
from make_channel_record import make_record
from mpmt.base.places import ROOT
from mpmt.records import record_file
from mpmt.views import claims
from mpmt.views.facts import facts_of
from mpmt.views.hypotheses import CLAIMS
from mpmt.views.verdict_of_claim import CONFIRMED, NOT_SHOWN, REFUTED, Finding, Interval, above, below, of_most
from mpmt.views.view import Missing, View
from view_rules import cells, check, shown_of, table_of

Json = dict[str, Any]
KEPT = sorted((ROOT / "results").glob("*/*.json"))


def entries(workload: str, kind: str, executor: str, workers: int, ns: float, *, rounds: int = 6, noise: float = 0.002,
            template: Json, **changes: Any) -> list[Json]:
    """Rounds of one case, each a little off."""
    channel = changes.pop("channel", None if executor == "serial" else "boost_queue")
    group = f"{workload}/{changes.get('grain', 1)}/{changes.get('payload_bytes', 0)}"
    name = f"{group}/{executor}/{channel}/{workers}"
    return [{**copy.deepcopy(template), "name": name, "run_name": name, "workload": workload, "workload_kind": kind,
             "executor": executor,
             "channel": channel, "workers": workers, "workers_seen": workers, "group": group, "together": group, "round": at,
             "grain": 1, "payload_bytes": 0, "status": "ok", "error": None, "disturbed_by": None,
             "ns_per_task": ns * (1 + noise * (at % 3 - 1)), **changes} for at in range(rounds)]


@pytest.fixture
def made(golden: Json) -> Any:
    """A record of these cases: (workload, kind, executor, workers, ns, changes)."""
    template = next(entry for entry in golden["benchmarks"] if entry["run_type"] == "iteration" and entry["status"] == "ok")

    def make(*cases: tuple[Any, ...]) -> Json:
        found = [entry for *case, changes in cases for entry in entries(*case, template=template, **changes)]
        return {**golden, "benchmarks": found, "comparisons": []}
    return make


def found_of(record: Json, says: str, program: str = "") -> Finding | None:
    claim = next(claim for claim in CLAIMS if claim.says == says)
    return claim.decide(next(facts for facts in facts_of(record) if facts.program == program))


def verdict_of(record: Json, says: str, program: str = "") -> str | None:
    found = found_of(record, says, program)
    return found and found.verdict


# ---- intervals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("interval", "at_least", "at_most"), [
    (Interval(2, 1.9, 2.1), CONFIRMED, REFUTED), (Interval(1, 0.9, 1.1), REFUTED, CONFIRMED),
                                                               (Interval(1.5, 1.4, 1.6), NOT_SHOWN, NOT_SHOWN),
    (Interval(9, None, None), NOT_SHOWN, NOT_SHOWN)])
def test_an_interval_is_on_one_side_of_a_bound_or_shows_nothing(interval: Interval, at_least: str, at_most: str) -> None:
    assert (above(interval, 1.5), below(interval, 1.5)) == (at_least, at_most)


HIGH, LOW, OPEN = Interval(2, 1.9, 2.1), Interval(1, 0.9, 1.1), Interval(1.5, 1.4, 1.6)


@pytest.mark.parametrize(("intervals", "verdict"), [
    ([HIGH], CONFIRMED), ([HIGH, HIGH, OPEN], CONFIRMED), ([HIGH, OPEN], NOT_SHOWN), ([HIGH, HIGH, LOW], NOT_SHOWN),
                                                    ([LOW, OPEN], REFUTED),
    ([OPEN], NOT_SHOWN), ([], NOT_SHOWN)])
def test_most_have_to_confirm_and_none_to_speak_against(intervals: list[Interval], verdict: str) -> None:
    assert of_most(intervals, 1.5) == verdict


# ---- each claim, both ways ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("says", "cases", "verdict"), [
    ("Threads overlap waiting", [("sleep_wait", "io", "serial", 1, 1e6, {}), ("sleep_wait", "io", "thread_pool", 4, 2.6e5, {})],
     CONFIRMED),
    ("Threads overlap waiting", [("sleep_wait", "io", "serial", 1, 1e6, {}), ("sleep_wait", "io", "thread_pool", 4, 1e6, {})],
     REFUTED),
    ("Threads overlap waiting", [("sleep_wait", "io", "thread_pool", 4, 1e6, {})], None),
    ("Threads overlap calls over the network",
     [("loopback_echo", "io", "serial", 1, 1e6, {}), ("loopback_echo", "io", "thread_pool", 2, 9e5, {})], REFUTED),
    ("Three that wait take no longer than one",
     [("sleep_wait", "io", "serial", 1, 1e6, {}), ("sleep_wait", "io", "thread_pool", 3, 3.4e5, {})], CONFIRMED),
    ("Three that wait take no longer than one",
     [("sleep_wait", "io", "serial", 1, 1e6, {}), ("sleep_wait", "io", "thread_pool", 4, 2.6e5, {})], None),
    ("Threads gain nothing on computing",
     [("prime_count", "cpu", "serial", 1, 1e6, {}), ("prime_count", "cpu", "thread_pool", 2, 1e6, {})], CONFIRMED),
    ("Threads gain nothing on computing",
     [("prime_count", "cpu", "serial", 1, 1e6, {}), ("prime_count", "cpu", "thread_pool", 2, 5.1e5, {})], REFUTED),
    ("Threads gain nothing on computing",
     [("prime_count", "cpu", "serial", 1, 1e6, {}), ("prime_count", "cpu", "thread_pool", 4, 5.1e5, {})], None),
    ("Processes compute faster than threads",
     [("prime_count", "cpu", "thread_pool", 2, 1e6, {}), ("prime_count", "cpu", "process_pool", 2, 5e5, {})], CONFIRMED),
    ("Processes compute faster than threads",
     [("prime_count", "cpu", "thread_pool", 2, 5e5, {}), ("prime_count", "cpu", "process_pool", 2, 5e5, {})], REFUTED),
    ("Processes compute faster than threads",
     [("payload_copy", "cpu", "thread_pool", 2, 1e6, {}), ("payload_copy", "cpu", "process_pool", 2, 5e5, {})], None),
    ("Threads speed up files in the page cache",
     [("file_cached", "io", "serial", 1, 1e6, {}), ("file_cached", "io", "thread_pool", 2, 6e5, {})], CONFIRMED),
    ("Threads speed up commits to a disk",
     [("file_sync", "io", "serial", 1, 1e6, {}), ("file_sync", "io", "thread_pool", 2, 1e6, {})], REFUTED),
    ("More threads than CPUs slow computing down",
     [("prime_count", "cpu", "thread_pool", 2, 5e5, {}), ("prime_count", "cpu", "thread_pool", 8, 6e5, {})], CONFIRMED),
    ("More threads than CPUs slow computing down",
     [("prime_count", "cpu", "thread_pool", 2, 5e5, {}), ("prime_count", "cpu", "thread_pool", 8, 5e5, {})], REFUTED),
    ("A pool has as many workers as were asked for", [("empty", "harness", "thread_pool", 4, 500, {})], CONFIRMED),
    ("A pool has as many workers as were asked for", [("empty", "harness", "thread_pool", 4, 500, {"workers_seen": 3})],
     NOT_SHOWN),
    ("A pool has as many workers as were asked for", [("empty", "harness", "thread_pool", 4, 500, {"workers_seen": 5})],
     REFUTED),
    ("Processes use all CPUs", [("prime_count", "cpu", "process_pool", 2, 1e6,
                                 {"wall_ns": 1e9, "cpu_ns": {"submitter": 1e7, "workers": 1.98e9}})], CONFIRMED),
    ("Processes use all CPUs", [("prime_count", "cpu", "process_pool", 2, 1e6,
                                 {"wall_ns": 1e9, "cpu_ns": {"submitter": 1e7, "workers": 1e9}})], REFUTED),
    ("Processes use all CPUs", [("prime_count", "cpu", "process_pool", 1, 1e6, {})], None),
    ("Threads keep CPUs busy while others wait",
     [("mixed_wait", "io", "thread_pool", 1, 1e6, {"wall_ns": 1e9, "cpu_ns": {"submitter": 0, "workers": 3e8}}),
      ("mixed_wait", "io", "thread_pool", 4, 1e6, {"wall_ns": 1e9, "cpu_ns": {"submitter": 0, "workers": 1.2e9}})], CONFIRMED),
])
def test_figures_decide_a_claim(made: Any, says: str, cases: list[tuple[Any, ...]], verdict: str | None) -> None:
    assert verdict_of(made(*cases), says) == verdict


@pytest.mark.parametrize(("of_process", "verdict"), [(3e6, CONFIRMED), (1e6, REFUTED)])
def test_what_starts_more_easily_is_told_by_the_time_until_a_pool_is_ready(made: Any, of_process: float, verdict: str) -> None:
    record = made(("empty", "harness", "thread_pool", 2, 500, {"startup_ns": 1e6}),
                  ("empty", "harness", "process_pool", 2, 500, {"startup_ns": of_process}))
    assert verdict_of(record, "A thread starts more easily than a process") == verdict


@pytest.mark.parametrize(("latency", "verdict"), [(1.02e6, REFUTED), (5e5, CONFIRMED)])
def test_a_task_that_waits_is_not_done_sooner_though_all_of_them_are(made: Any, latency: float, verdict: str) -> None:
    record = made(("sleep_wait", "io", "serial", 1, 1e6, {}),
                  ("sleep_wait", "io", "thread_pool", 4, 2.6e5, {"latency_ns": {"count": 9, "p50": latency}}))
    assert verdict_of(record, "A task that waits is done sooner under threads") == verdict


@pytest.mark.parametrize(("by_address", "by_copy", "verdict"),
                         [(520, 9000, CONFIRMED), (2000, 9000, REFUTED), (520, 510, REFUTED)])
def test_passing_an_address_is_flat_where_copying_is_not(made: Any, by_address: float, by_copy: float, verdict: str) -> None:
    cases = [("empty", "harness", "thread_pool", 2, ns, {"channel": channel, "payload_bytes": size})
             for channel, small, large in (("by_reference", 500, by_address), ("boost_queue", 500, by_copy))
             for size, ns in ((64, small), (65536, large))]
    assert verdict_of(made(*cases), "Passing an address costs the same however large the data") == verdict


def test_what_nobody_touches_is_flat_over_a_bare_channel_as_well() -> None:
    record = make_record(channels=("shm_arena", "pipe"), floors=(), sizes=(64, 1 << 20), patterns=("ping_pong",), bimodal=())
    found = found_of(record, "Passing an address costs the same however large the data")
    assert found and found.verdict == CONFIRMED and "shm_arena" in found.figure


def test_channels_say_who_hands_over_faster_and_what_placement_does() -> None:
    record = make_record(channels=("shm_ring", "pipe"), floors=(), sizes=(64,), bimodal=())
    found = found_of(record, "Most hand-overs are faster between threads")
    assert found and "on one CPU or on two changes it " in found.figure
    for row in record["comparisons"]:
        row["verdict"] = "threads"
    assert verdict_of(record, "Most hand-overs are faster between threads") == CONFIRMED
    assert verdict_of(record, "Pipes and message queues are what processes should talk over") == REFUTED


def test_programs_are_decided_apart(made: Any) -> None:
    record = made(("prime_count", "cpu", "serial", 1, 1e6, {}), ("prime_count", "cpu", "thread_pool", 2, 5.1e5, {}))
    other = json.loads(json.dumps(record["benchmarks"]))
    for entry in other:
        baseline = entry["executor"] == "serial"
        entry.update(name=f"{entry['name']}/program:python", program="python", baseline=baseline, who="neither" if baseline
                     else "threads",
                     executor=f"python_{entry['executor']}", ns_per_task=1e6)
        entry["run_name"] = entry["name"]
    record["benchmarks"] += other
    says = "Threads gain nothing on computing"
    assert (verdict_of(record, says), verdict_of(record, says, "python")) == (REFUTED, CONFIRMED)
    view = claims.view(shown_of(record))
    assert isinstance(view, View)
    check(view)
    assert {(None, REFUTED), ("python", CONFIRMED)} <= set(cells(view.tables[0], "program", "verdict"))


# ---- the view ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_kept_records_decide_what_they_measured_and_name_what_would_measure_the_rest(path: Path) -> None:
    record = record_file.load(path)
    view = claims.view(shown_of(record))
    assert isinstance(view, View)
    check(view)
    decided = {claim for (claim,) in cells(view.tables[0], "claim")}
    left = {claim for (claim,) in cells(table_of(view, "Not measured here"), "claim")}
    assert decided and left and not decided & left and decided | left == {claim.says for claim in CLAIMS}
    measured = {entry.get("workload") for entry in record["benchmarks"]}
    assert {"Threads overlap waiting", "Processes use all CPUs"} <= decided or not {"sleep_wait", "prime_count"} <= measured


def test_a_record_that_decides_nothing_is_missing(golden: Json) -> None:
    view = claims.view(shown_of({**golden, "benchmarks": [], "comparisons": []}))
    assert isinstance(view, Missing) and view.command == "mpmt run"


def test_verdicts_stand_in_the_order_confirmed_refuted_not_shown(golden: Json) -> None:
    view = claims.view(shown_of(golden))
    assert isinstance(view, View)
    verdicts = [verdict for (verdict,) in cells(view.tables[0], "verdict")]
    assert verdicts == sorted(verdicts, key=(CONFIRMED, REFUTED, NOT_SHOWN).index)


def test_older_records_are_read(older_once: Json) -> None:
    view = claims.view(shown_of(older_once))
    assert isinstance(view, View)
    check(view)


def test_two_records_have_rows_of_their_own(golden: Json) -> None:
    other = copy.deepcopy(golden)
    other["context"]["commit"]["id"] = "f" * 40
    view = claims.view(shown_of(golden, other))
    assert isinstance(view, View)
    assert {record for (record,) in cells(view.tables[0], "record")} == {"0123456789ab", "f" * 12}


def test_records_that_differ_in_a_claim_are_named(made: Any) -> None:
    says = "Threads overlap waiting"
    waits = [("sleep_wait", "waits", "serial", 1, 1000.0, {}), ("sleep_wait", "waits", "thread_pool", 2, 500.0, {})]
    one = made(*waits)
    other = made(waits[0], (*waits[1][:4], 990.0, {}))
    other["context"] = {**other["context"], "commit": {**other["context"]["commit"], "id": "f" * 40}}
    view = claims.view(shown_of(one, other))
    assert isinstance(view, View)
    assert f"Confirmed: {says} (0123456789ab)" in " ".join(view.sentences)
    assert f"Refuted: {says} (ffffffffffff)" in " ".join(view.sentences)


def without_times(words: list[str]) -> list[str]:
    """Grains that are times would be measured even by a dry run: 1 in their place."""
    at = words.index("--grain") + 1 if "--grain" in words else 0
    assert not at or all(re.fullmatch(r"[0-9]+(us|ms)", grain) for grain in words[at].split(","))
    return [*words[:at], "1", *words[at + 1:]] if at else words


def known(words: list[str]) -> bool:
    """Whether the mpmt of this build has the workloads that the command names."""
    there = subprocess.run([BINARY, "list", "workloads"], capture_output=True, text=True, check=True, timeout=60).stdout.split()
    return "--workload" not in words or set(words[words.index("--workload") + 1].split(",")) <= set(there)


@pytest.mark.parametrize("command", sorted({claim.command for claim in CLAIMS}))
def test_commands_that_would_measure_a_claim_are_understood(command: str, tmp_path: Path) -> None:
    program, *words = shlex.split(command)
    assert program == "mpmt"
    if not known(words):
        pytest.skip("this build has no such workload")
    done = subprocess.run([BINARY, *without_times(words), "--dry-run"], cwd=tmp_path, capture_output=True, text=True,
                          timeout=60,
                          check=False)
    assert done.returncode == 0, done.stderr
