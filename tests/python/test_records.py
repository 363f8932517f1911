"""The loader takes good records and refuses every other file in one line that names file and field."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

import oracle
from mpmt.records import json_text, record_file as records
from left_out import LEFT_OUT
from mpmt.records.families import outcome

Json = dict[str, Any]
Write = Callable[..., Path]


def refusal(path: Path | str) -> str:
    """The refusal's message, checked to be one shown line that starts with the file."""
    with pytest.raises(records.BadRecord) as caught:
        records.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert message.isprintable() and len(message) < 800
    return message


def at(record: Json, *path: str | int) -> Any:
    for part in path:
        record = record[part]
    return record


# ---- good ones -------------------------------------------------------------------------------------------


def test_the_golden_record_is_read(golden_once: Json, write: Write) -> None:
    assert records.load(write(golden_once)) == golden_once


def test_the_golden_record_follows_the_whole_schema(golden_once: Json) -> None:
    assert [e.message for e in oracle.validator().iter_errors(golden_once)] == []


def test_every_field_of_the_golden_record_is_described(golden_once: Json) -> None:
    described = records.schema()["$defs"]
    for entry in golden_once["benchmarks"]:
        assert set(entry) <= set(described["entry"]["properties"])
    assert set(golden_once["context"]) <= set(described["context"]["properties"])


def test_the_golden_record_is_what_its_generator_makes(golden_once: Json) -> None:
    import make_golden_record
    assert json.loads(make_golden_record.as_text(make_golden_record.make_record())) == golden_once


def test_google_benchmarks_own_keys_are_allowed(small: Json, write: Write) -> None:
    small["context"]["json_schema_version"] = 1
    small["benchmarks"][0]["some_counter"] = 1.5
    records.load(write(small))


def test_a_record_without_trials_is_a_record(small: Json, write: Write) -> None:
    small["benchmarks"], small["comparisons"] = [], []
    assert records.trials(records.load(write(small))).empty


def test_endless_integers_are_refused_unread(golden_text: str, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older Python would read them, for minutes."""
    monkeypatch.setattr(json_text, "int", lambda text: int(text) if len(text) < 25 else pytest.fail("read"), raising=False)
    text = golden_text.replace('"seed":', '"seed":' + "1" * 1_000_000, 1)
    assert text != golden_text and "digits; 64 bits have at most 20" in refusal(write(text))


def test_a_number_out_of_range_in_a_good_record_is_shown_as_it_stands(golden_text: str, write: Write) -> None:
    text = re.sub(r'"ns_per_task": *[0-9.e+]+', '"ns_per_task": 12e345', golden_text, count=1)
    assert text != golden_text and "a number out of range: 12e345" in refusal(write(text))


def test_a_byte_order_mark_is_no_part_of_a_record(golden_text: str, write: Write) -> None:
    assert records.load(write(b"\xef\xbb\xbf" + golden_text.encode())) == records.load(write(golden_text))


@pytest.mark.parametrize("reading", [True, False])
def test_a_record_too_large_for_the_memory_is_refused_with_its_size(reading: bool, golden_text: str, write: Write,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> NoReturn:
        raise MemoryError
    monkeypatch.setattr(records, "tolerated" if reading else "decoded", full)
    path = write(golden_text)
    with pytest.raises(records.Unreadable, match=r"record.json: [0-9.]+ MB: too large for the memory"):
        records.read_json(path) if reading else records.load(path)


# ---- what is no JSON -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("content", "words"), [
    (b"", "empty file"), (b" \n\t ", "empty file"), (b"hello", "not JSON"), (b"\xff{}", "not UTF-8"),
    ("{}".encode("utf-16"), "UTF-16 text"), ("{}".encode("utf-16-be"), "UTF-16 text"), ("{}".encode("utf-32"), "UTF-32 text"),
    (b"\xef\xbb\xbf", "not JSON"), (b"\xef\xbb\xbf{}\xff", "byte 5 is not UTF-8"), (b"\xef\xbb\xbf{}", "no object `context`"),
    (b"\x00" * 100, "not JSON"), (b"{'a': 1}", "not JSON"), (b"{} {}", "not JSON"), (b"[1, 2", "not JSON"),
    (b"{\"a\": NaN}", "NaN"), (b"{\"a\": Infinity}", "Infinity"), (b"{\"a\": -Infinity}", "-Infinity"),
    (b"{\"a\": 1e999}", "a number out of range: 1e999"), (b"{\"a\": " + b"9" * 5000 + b"}", "5000 digits"),
    (b"[" * 100_000, "nested too deeply"), (b"{\"a\":" * 50_000 + b"1" + b"}" * 50_000, "nested too deeply"),
    (b"{\"a\": \"\\ud800\"}", "surrogate"), (b"{\"a\": \"\\ud83d\\ude00\"}", "no object `context`"),
    (b"[]", "not an mpmt record"), (b"3", "not an mpmt record"), (b"null", "not an mpmt record"),
    (b"{}", "no object `context`"), (b"{\"context\": []}", "no object `context`"),
    (b"{\"context\": {}}", "context.suite"),
    (b"{\"context\": {\"date\": \"x\"}, \"benchmarks\": []}", "Google Benchmark"),
    (b"{\"context\": {\"suite\": \"mpmt\"}}", "context.schema_version is not a positive integer"),
    (b"{\"context\": {\"suite\": \"mpmt\", \"schema_version\": true}}", "context.schema_version"),
    (b"{\"context\": {\"suite\": \"mpmt\", \"schema_version\": 4}}", "use a newer mpmt"),
    (b"{\"context\": {\"suite\": \"mpmt\", \"schema_version\": 0}}", "context.schema_version"),
    (b"{\"context\": {\"suite\": \"mpmt\", \"schema_version\": 1}}", "which is required"),
])
def test_what_is_no_record_is_refused(content: bytes, words: str, write: Write) -> None:
    assert words in refusal(write(content))


def test_a_record_cut_anywhere_is_called_truncated(golden_text: str, write: Write) -> None:
    whole = golden_text.rstrip().encode()
    random_ = random.Random(5)
    places = [1, 2, 10, 100, len(whole) - 1, len(whole) - 2, *(random_.randrange(3, len(whole))
                                                               for _ in range(20))]
    for place in places:
        assert "truncated" in refusal(write(whole[:place])), place


def test_files_that_are_no_files_are_refused(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "missing.json")
    assert "regular file" in refusal(tmp_path) or "directory" in refusal(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "regular file" in refusal(tmp_path / "pipe")
    assert "regular file" in refusal("/dev/null")
    with pytest.raises(records.BadRecord):
        records.load("a\0b")


def test_an_absurdly_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with open(path, "wb") as file:
        file.truncate(records.MAX_BYTES + 1)
    assert "at most 512 MiB" in refusal(path)


def test_a_long_string_is_refused_in_a_short_line(small: Json, write: Write) -> None:
    small["benchmarks"][0]["workload"] = "x" * 2_000_000
    assert "benchmarks[0].workload" in refusal(write(small))


def test_nesting_in_a_field_is_refused(small: Json, write: Write) -> None:
    text = json.dumps(small).replace('"profile": "quick"', '"profile": ' + "[" * 900 + "]" * 900, 1)
    message = refusal(write(text))
    assert "context.profile" in message or "nested too deeply" in message


# ---- what breaks the schema ------------------------------------------------------------------------------

TRIAL = ("benchmarks", 0)
OK = ("benchmarks", 20)  # a pooled ok trial
MUTATIONS: list[tuple[tuple[str | int, ...], Any]] = [
    (("context",), LEFT_OUT), (("benchmarks",), LEFT_OUT), (("comparisons",), LEFT_OUT), (("benchmarks",), {}),
    (("comparisons",), None), (("extra",), 1),
    (("context", "seed"), -1), (("context", "seed"), "1"), (("context", "seed"), 2**64),
    (("context", "seed"), 1.5),
    (("context", "rounds"), 0), (("context", "rounds"), LEFT_OUT), (("context", "command_line"), "mpmt run"),
    (("context", "laps"), 0), (("context", "laps"), LEFT_OUT), (("context", "iterations"), [3]), (("context", "budget_s"), -1),
    (("context", "rules"), None), (("context", "rules", "margin"), 0), (("context", "rules", "confidence"), 1),
    (("context", "group_rounds", "busy"), LEFT_OUT), (("context", "trials", "planned"), 5),
    (("context", "core_to_core"), LEFT_OUT), (("context", "started_utc"), "yesterday"), (("context", "interrupted"), 0),
    (("context", "warnings"), [1]),
    (("context", "commit", "id"), "0123"), (("context", "commit", "dirty"), None),
    (("context", "commit", "surprise"), 1), (("context", "build", "binary_sha256"), "xyz"),
    (("context", "machine", "key"), "0A1B2C3D4E5F"), (("context", "machine", "identity"), []),
    (("context", "machine", "state", "x"), [1]), (("context", "capacity", "before", 0, "capacity"), 0),
    (("context", "capacity", "after"), 1), (("context", "trials", "done"), -1),
    (("context", "odd"), {"a": 1}),
    ((*TRIAL, "run_type"), "trial"), ((*TRIAL, "name"), ""), ((*TRIAL, "name"), LEFT_OUT),
    ((*TRIAL, "time_unit"), "min"), ((*TRIAL, "real_time"), None), ((*TRIAL, "real_time"), -1),
    ((*TRIAL, "workers"), 0), ((*TRIAL, "workers"), True), ((*TRIAL, "grain"), 0),
    ((*TRIAL, "batch"), "split"),
    ((*TRIAL, "status"), "fine"), ((*TRIAL, "status"), None), ((*TRIAL, "status"), "disturbed"),
    ((*TRIAL, "status"), "unstable"), ((*TRIAL, "together"), LEFT_OUT), ((*TRIAL, "disturbed_by"), LEFT_OUT),
    ((*TRIAL, "disturbed_by"), True), ((*TRIAL, "placement"), "near"),
    ((*TRIAL, "wait"), "sleep"), ((*TRIAL, "group"), None), ((*TRIAL, "error"), 5), ((*TRIAL, "round"), -1),
    ((*TRIAL, "nested"), {"a": 1}), ((*TRIAL, "submitter_helps"), LEFT_OUT),
    ((*OK, "laps_ns"), None), ((*OK, "laps_ns"), []), ((*OK, "laps_ns", 1), -5), ((*OK, "laps_ns", 1), "5"),
    ((*OK, "laps_ns", 0), True), ((*OK, "laps_ns", 0), 0), ((*OK, "wall_ns"), None), ((*OK, "wall_ns"), [5]),
    ((*OK, "settle_tasks"), None), ((*OK, "dropped_laps"), -1), ((*OK, "ns_per_task"), None), ((*OK, "ns_per_task"), 0),
    ((*OK, "tasks"), None),
    ((*OK, "checksum"), "0x12"), ((*OK, "checksum"), None), ((*OK, "error"), "but it is ok"),
    ((*OK, "cpu_ns"), None), ((*OK, "cpu_ns", "workers"), -1), ((*OK, "cpu_ns", "children"), 1),
    ((*OK, "context_switches", "voluntary"), LEFT_OUT), ((*OK, "latency_ns", "p50"), "1"),
    ((*OK, "latency_ns", "count"), -1), ((*OK, "latency_ns", "histogram"), [[1]]),
    ((*OK, "latency_ns", "histogram"), [[1, 0]]), ((*OK, "latency_ns", "histogram", 2), [1.5, 1]),
    ((*OK, "latency_ns", "histogram", 2), [1, 2, 3]), ((*OK, "latency_ns", "histogram", 1), 7),
    ((*OK, "latency_ns", "histogram", 1), [1 << 42, 1]), ((*OK, "cpus_seen"), [-1]),
    ((*OK, "surroundings"), {"file_system": 1}), ((*OK, "load", "steal_ns"), -1), ((*OK, "iterations"), 0),
    (("comparisons", 0, "table"), "best"), (("comparisons", 0, "verdict"), "maybe"),
    (("comparisons", 0, "ratio"), 0), (("comparisons", 0, "ratio"), "1"),
    (("comparisons", 0, "p_value"), 0.5), (("comparisons", 0, "rounds_looked_at"), LEFT_OUT),
    (("comparisons", 0, "low"), -1), (("comparisons", 0, "threads_case"), None),
    (("comparisons", 0, "reason"), LEFT_OUT), (("comparisons", 0, "winner"), "threads"),
]


@pytest.mark.parametrize(("path", "value"), MUTATIONS, ids=lambda v: str(v)[:40])
def test_one_wrong_field_is_refused_and_named(path: tuple[str | int, ...], value: Any, small: Json,
                                              write: Write) -> None:
    holder = at(small, *path[:-1])
    if value is LEFT_OUT:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    message = refusal(write(small))
    assert any(str(part) in message for part in path[-2:])
    assert next(oracle.validator().iter_errors(small), None), "the schema alone must refuse it, too"


def test_any_missing_required_key_of_a_trial_is_refused(small: Json) -> None:
    entry = small["benchmarks"][10]
    optional = {"batch_split", "error_occurred", "error_message"}
    small["comparisons"] = []
    for key in set(entry) - optional:
        small["benchmarks"] = [{k: v for k, v in entry.items() if k != key}]
        assert key in (records.first_problem(small) or ""), key


def test_an_aggregate_needs_its_name(small: Json) -> None:
    index = next(i for i, e in enumerate(small["benchmarks"]) if e["run_type"] == "aggregate")
    del small["benchmarks"][index]["aggregate_name"]
    assert "aggregate_name" in (records.first_problem(small) or "")


def test_a_failed_trial_may_have_measured_nothing(golden_once: Json) -> None:
    failed = [e for e in golden_once["benchmarks"] if e["status"] == "unsupported"
              and e["run_type"] == "iteration"]
    assert failed and all(e["wall_ns"] is e["laps_ns"] is None for e in failed)


# ---- tables ----------------------------------------------------------------------------------------------


def test_the_tables_hold_every_trial_and_every_case(golden_once: Json) -> None:
    trials, cases = records.trials(golden_once), records.cases(golden_once)
    assert len(trials) == sum(e["run_type"] == "iteration" for e in golden_once["benchmarks"]) == 980
    assert len(cases) == 70 and cases["name"].is_unique
    assert cases["trials"].sum() == 980 and cases["ok"].sum() == (trials["status"] == "ok").sum()
    assert set(cases["status"]) == {"ok", "unstable", "unsupported"}


def test_only_rounds_that_count_are_counted(golden_once: Json) -> None:
    trials = records.trials(golden_once)
    bad = trials[trials["status"] == "disturbed"].iloc[0]
    values = records.by_round(trials, bad["name"])
    assert len(values) == 13 and (bad["together"], bad["round"]) not in values
    entry = next(e for e in golden_once["benchmarks"] if (e["name"], e.get("round")) == (bad["name"], bad["round"]))
    assert entry["status"] == "ok" and outcome(entry) == "disturbed" and bad["value_ns"] == entry["ns_per_task"]


def test_what_a_round_was_disturbed_by_is_said(golden_once: Json) -> None:
    [line] = [line for line in records.left_out(golden_once) if "disturbed" in line]
    assert line.endswith(": the trial was stopped and continued)")


def test_what_others_used_of_the_cpus_excludes_nothing(golden: Json) -> None:
    before = records.cases(golden)["ok"].sum()
    for entry in golden["benchmarks"]:
        if entry["run_type"] == "iteration":
            entry["load"] = {"steal_ns": 10**9, "foreign_cpu_ns": 10**9, "foreign_share": 0.9}
    assert records.cases(golden)["ok"].sum() == before


def test_a_case_of_several_groups_has_a_round_in_each(small: Json) -> None:
    """What all contenders are compared with is in every part of a large group."""
    entry = small["benchmarks"][0]
    small["benchmarks"] = [entry, {**entry, "together": entry["together"] + " 2"}]
    assert len(records.by_round(records.trials(small), entry["name"])) == 2


# ---- older versions --------------------------------------------------------------------------------------


def test_older_records_are_read(older_once: Json, write: Write) -> None:
    assert records.load(write(older_once)) == older_once
    assert [e.message for e in oracle.validator(older_once["context"]["schema_version"]).iter_errors(older_once)] == []


def test_older_records_say_which_rounds_count_by_their_status(older_once: Json) -> None:
    family = older_once["context"]["family"]
    trials = records.trials(older_once, family)
    bad = trials[trials["status"] == "disturbed"].iloc[0]
    assert (None, bad["round"]) not in records.by_round(trials, bad["name"])
    assert "unstable" in set(records.cases(older_once, family)["status"])
    assert any("disturbed (" in line for line in records.left_out(older_once))
    assert records.rules(older_once) == records.Rules(0.03, 0.95)


def test_a_record_is_held_to_the_schema_of_its_version(older_once: Json, small: Json) -> None:
    context = older_once["context"]
    small["context"]["schema_version"] = context["schema_version"]
    assert records.first_problem(small)
    assert records.first_problem({**older_once, "context": {**context, "schema_version": 3}})


def test_load_that_was_not_seen_is_a_missing_value(golden: Json) -> None:
    for entry in golden["benchmarks"]:
        if entry["run_type"] == "iteration":
            entry["load"] = {"steal_ns": None, "foreign_cpu_ns": None, "foreign_share": None}
    golden["context"]["capacity"] = {"before": None, "after": None}
    assert records.first_problem(golden) is None
    assert records.trials(golden)["foreign_share"].isna().all()
    assert records.capacity(golden) == {}


def test_what_is_left_out_is_counted(golden_once: Json) -> None:
    lines = records.left_out(golden_once)
    assert [line.split(" (")[0] for line in lines] == [
        "sort_block: worker died", "hash_chain: disturbed", "file_sync: unsupported here"]
    assert "98 trials of 7 cases" in lines[2] and "1 trial of 1 case:" in lines[0]


def test_machine_facts(golden: Json) -> None:
    assert records.usable_cpus(golden) == 2
    assert records.capacity(golden) == {1: 1.0, 2: pytest.approx(1.96)}
    golden["context"]["machine"]["identity"]["usable_cpus"] = "many"
    golden["context"]["num_cpus"] = 7
    golden["context"]["capacity"]["after"] = None
    assert records.usable_cpus(golden) == 7
    assert records.capacity(golden) == {1: 1.0, 2: pytest.approx(1.97)}
