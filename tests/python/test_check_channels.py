"""check_channels.py: each row of its table judges the right cases, by the right limit."""

from __future__ import annotations

import copy
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bench import BINARY
from make_channel_record import make_record
from tracker import run_script

Json = dict[str, Any]
CHANNELS = ("shm_ring", "shm_arena", "pipe", "unix_seqpacket", "boost_condition", "boost_queue")


def check(*arguments: object) -> subprocess.CompletedProcess[str]:
    return run_script("check_channels.py", "--mpmt", BINARY, *arguments)


# What makes a record of channels that are all as fast as they should be.
FAST = (({"channel": "boost_queue"}, 0.45), ({"channel": "boost_condition"}, 0.85), ({"channel": "pipe"}, 0.98),
        ({"channel": "unix_seqpacket"}, 0.98), ({"channel": "shm_ring", "wait": "block", "placement": "same"}, 0.93))


def made(*factors: tuple[Mapping[str, Any], float], **changes: Any) -> Json:
    choice = {"channels": CHANNELS, "sizes": (64, 1 << 20), "factors": (*FAST, *factors), "bimodal": (), "disturbed": (),
              "rounds": 14, **changes}
    return make_record(**choice)


@pytest.fixture(scope="module")
def good() -> Json:
    return made()


def row(output: str, begin: str) -> str:
    found = [line for line in output.splitlines() if line.startswith(begin)]
    assert len(found) == 1, found
    return found[0]


def test_all_that_has_data_holds(good: Json, write: Callable[..., Path]) -> None:
    done = check(write(good))
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 miss" in done.stdout and "fewer than 5" not in done.stdout
    assert row(done.stdout, "shm_ring 64 B round trip, yield, spread, processes").endswith("holds")
    assert row(done.stdout, "process_pool over shm_ring, empty, batch 1, 1 worker, yield, same").endswith("no data")
    assert row(done.stdout, "shm_arena 1 MiB, its touching alone, yield, same, threads").endswith("stated")


PING = {"pattern": "ping_pong"}


@pytest.mark.parametrize(("slower", "factor", "begin"), [
    ({**PING, "channel": "shm_ring", "wait": "yield", "placement": "spread"}, 1.3,
     "shm_ring 64 B round trip, yield, spread, threads"),
    ({**PING, "channel": "shm_ring", "wait": "block", "placement": "same"}, 1.15,
     "shm_ring 64 B round trip, block, same, processes"),
    ({**PING, "channel": "pipe", "placement": "spread", "sides": "threads"}, 1.2,
     "pipe 64 B round trip, block, spread, threads"),
    ({**PING, "channel": "unix_seqpacket", "placement": "same"}, 1.2, "unix_seqpacket 64 B round trip, block, same, processes"),
    ({**PING, "channel": "boost_condition"}, 1.3, "boost_condition 64 B round trip, block, same, processes"),
    ({**PING, "channel": "boost_queue"}, 1.2, "boost_queue 64 B round trip, block, same, threads"),
    ({**PING, "channel": "shm_ring", "message_bytes": 1 << 20, "sides": "processes"}, 1.4,
     "shm_ring 1 MiB round trip, yield, same, processes"),
    ({**PING, "channel": "shm_arena", "message_bytes": 1 << 20, "touched": False}, 1.4,
     "shm_arena 1 MiB untouched, yield, spread, threads"),
    ({"channel": "shm_ring", "pattern": "stream", "wait": "yield", "placement": "spread"}, 6.0,
     "shm_ring stream of 64 B, yield, spread, processes"),
    ({"channel": "shm_ring", "sides": "processes", "pattern": "stream", "wait": "block", "placement": "same"}, 1.2,
     "shm_ring stream, block, same: processes ÷ threads"),
])
def test_what_is_too_slow_misses(slower: Json, factor: float, begin: str, write: Callable[..., Path]) -> None:
    channels = (slower["channel"],) if slower["pattern"] == "ping_pong" else ("shm_ring",)
    done = check(write(made((slower, factor), channels=channels)))
    assert done.returncode == 1 and row(done.stdout, begin).endswith("misses")


def test_rounds_are_paired(write: Callable[..., Path]) -> None:
    """What slows one round down slows both sides; one that does not count takes its round from both."""
    record = made(channels=("pipe",), sizes=(64,), disturbed=({"channel": "pipe", "round": 1},))
    for entry in record["benchmarks"]:
        if entry["run_type"] == "iteration" and entry["round"] >= 2:
            entry["ns_per_operation"] *= 10
    line = row(check(write(record)).stdout, "pipe 64 B round trip, block, same, processes")
    assert line.endswith("13      holds")


def pool_record(golden: Json, times: Mapping[tuple[str, str, str], float]) -> Json:
    """Trials of process_pool over `empty` at ns per task, by (channel, placement, wait)."""
    first = next(e for e in golden["benchmarks"] if e["workload"] == "empty" and e["executor"] == "process_pool"
                 and e["run_type"] == "iteration" and e["workers"] == 1 and e["status"] == "ok")
    entries = []
    for (channel, placement, wait), ns in times.items():
        for round_ in range(5):
            name = f"empty/{channel}/{placement}/{wait}"
            entries.append({**first, "name": name, "run_name": name, "channel": channel, "placement": placement, "wait": wait,
                            "round": round_, "repetition_index": round_, "ns_per_task": ns})
    return {**golden, "benchmarks": entries, "comparisons": []}


def test_pools_are_judged_too(golden: Json, good: Json, write: Callable[..., Path]) -> None:
    pools = write(pool_record(golden, {("shm_ring", "same", "yield"): 90.0, ("shm_ring", "spread", "yield"): 50.0,
                                       ("boost_queue", "spread", "yield"): 100.0, ("boost_queue", "same", "block"): 1.0}),
                  "pools.json")
    done = check(pools, write(good))
    assert done.returncode == 1
    assert row(done.stdout, "process_pool over shm_ring, empty, batch 1, 1 worker, yield, same").endswith("holds")
    line = row(done.stdout, "process_pool over shm_ring, empty, batch 1, 1 worker, yield, spread")
    assert "0.500 ×" in line and line.endswith("misses")
    assert row(done.stdout, "process_pool over boost_queue, empty, batch 1, window 64, 1 worker, block, same").endswith("holds")


def test_a_ratio_has_an_interval_and_is_open_where_that_holds_what_is_allowed(good: Json, write: Callable[..., Path]) -> None:
    pipe = {**PING, "channel": "pipe", "placement": "same", "sides": "processes"}
    for factor, verdict in ((1.0, "holds"), (1.035, "open"), (1.1, "misses")):
        done = check(write(made((pipe, factor), channels=("pipe",))))
        line = row(done.stdout, "pipe 64 B round trip, block, same, processes")
        found = re.search(r"(\d\.\d{3}) × \[(\d\.\d{3}) - (\d\.\d{3})\]", line)
        assert found and line.endswith(verdict), line
        ratio, low, high = map(float, found.groups())
        assert low <= ratio <= high < 1.03 * ratio
        assert done.returncode == (0 if verdict == "holds" else 1)


def test_a_program_that_does_not_judge_is_named(good: Json, write: Callable[..., Path]) -> None:
    for program, said in (("/none/mpmt", "No such file"), ("/bin/false", "does not judge: exit code 1"),
                          ("/bin/true", "does not judge as this version does")):
        done = check("--mpmt", program, write(good))
        assert done.returncode == 2 and done.stderr.startswith(f"check_channels.py: --mpmt: {program}") and said in done.stderr


def test_unpinned_cases_have_no_winner(write: Callable[..., Path]) -> None:
    record = made(channels=("shm_ring",), sizes=(64,), placements=("free",), patterns=("ping_pong",), rounds=10,
                  bimodal=({"placement": "free"},))
    done = check(write(record))
    assert done.returncode == 0
    assert row(done.stdout, "unpinned round trips: bimodal").endswith("holds")
    winner = copy.deepcopy(record)
    winner["comparisons"][0]["verdict"] = "threads"
    assert row(check(write(winner)).stdout, "unpinned round trips: winners").endswith("misses")
    for entry in record["benchmarks"]:
        if entry["run_type"] == "aggregate":
            entry["modes"] = None
    assert row(check(write(record)).stdout, "unpinned round trips: bimodal").endswith("misses")


def test_several_records_are_named(good: Json, write: Callable[..., Path]) -> None:
    done = check(write(good, "one.json"), write(good, "two.json"))
    assert "[one]" in done.stdout and "[two]" in done.stdout


def test_unusable_input_is_refused(good: Json, golden: Json, write: Callable[..., Path], tmp_path: Path) -> None:
    other = copy.deepcopy(good)
    other["context"]["machine"]["key"] = "f" * 12
    for arguments, said in (((tmp_path / "none.json",), "No such file"), ((write("{}", "no.json"),), "not an mpmt record"),
                            ((write(good, "a.json"), write(other, "b.json")), "machine.key is ffffffffffff"),
                            ((write(golden, "pools.json"),), "no row has data"), ((), "name a record")):
        done = check(*arguments)
        assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr


def test_the_commands_name_every_channel_of_the_table() -> None:
    done = check("--commands")
    assert done.returncode == 0 and all(line.startswith("mpmt run --family ") for line in done.stdout.splitlines())
    assert all(channel in done.stdout for channel in CHANNELS) and "--family pool" in done.stdout
