"""The page's sentence is that of mpmt.answers, letter by letter, whatever is selected."""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bench import ROOT
from browser import Browser
from invented_report import report, rows
from mpmt.answers import words
from mpmt.answers.rows import BEST, Row, channel_of, plain
from mpmt.answers.verdict import Selection, answer
from mpmt.records.record_file import load
from mpmt.views.view import Report, Subject
from mpmt.answers.rows import rows_of
from mpmt.writers.page import PARTS, html

SELECTIONS = 200
RECORD = ROOT / "results" / "f77e69e50e78" / "0bacc37652c4-20261127T170510Z.json"


def many_rows() -> tuple[Row, ...]:
    """Two records, two pairs of sides, workloads, channels, and every verdict there is."""
    chosen = random.Random(7)
    made: list[Row] = []
    for base in (*rows("hash_chain"), *rows("payload_copy")):
        for channel, table, a, b in (("shm_ring", "controlled", "threads", "processes"),
                                     ("pipe", "controlled", "threads", "processes"),
                                     (None, "deployed", "threads", "processes"), ("pipe", "programs", "old", "new")):
            for subject in (0, 1):
                if chosen.random() < 0.1:
                    continue  # a place that was not measured
                verdict = chosen.choice((base.verdict, base.verdict, base.verdict, "b", "undecided", "unstable"))
                row = dataclasses.replace(base, subject=subject, channel=channel, table=table, a=a, b=b, verdict=verdict)
                if chosen.random() < 0.05:
                    row = dataclasses.replace(row, ratio=None, low=None, high=None, detectable=None)
                if chosen.random() < 0.3:
                    row = dataclasses.replace(row, detectable=None)
                made.append(row)
    return tuple(made)


def of_rows(found: Sequence[Row]) -> Report:
    return dataclasses.replace(report(), subjects=(Subject("first", "m"), Subject("second", "n")), rows=tuple(found))


# ---- a reader who types ------------------------------------------------------------------------------------------

UNITS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9, "": 1.0, "Ki": 1024.0, "Mi": 1024.0 ** 2}


def typed(chosen: random.Random, name: str, values: Sequence[float]) -> tuple[str, float]:
    """What is typed, and what it means: a measured value, or a number between, or beyond all."""
    if chosen.random() < 0.5:
        value = chosen.choice(values)
        text = {"task": words.duration(value), "payload": words.size(value)}.get(name, words.significant(value))
        return text.replace("µs", "us"), value
    if name == "workers":
        number = chosen.randint(1, 6)
        return meant(str(number), float(number), values, words.significant)
    unit = chosen.choice(("ns", "us", "us", "ms") if name == "task" else ("", "Ki", "Ki"))
    number_text = words.fixed(chosen.uniform(1, 999), chosen.choice((0, 1, 2)))
    return meant(number_text + unit, float(number_text) * UNITS[unit], values, words.duration if name == "task" else words.size)


def meant(text: str, value: float, values: Sequence[float], said: Any) -> tuple[str, float]:
    """A measured value is meant by what reads like it."""
    if value in values:
        return text, value
    return text, next((one for one in values if said(one) == said(value)), value)


def selection(chosen: random.Random, found: Sequence[Row]) -> tuple[dict[str, str], str]:
    """The address's values, and the sentence for them."""
    subject = chosen.choice(sorted({row.subject for row in found}))
    mine = [row for row in found if row.subject == subject]
    sides = chosen.choice(sorted({(row.table == "programs", row.a, row.b) for row in mine}))
    mine = [row for row in mine if (row.table == "programs", row.a, row.b) == sides]
    workload = chosen.choice(sorted({row.workload for row in mine}))
    of_it = [row for row in mine if row.workload == workload]
    placement = chosen.choice(sorted({row.placement for row in of_it if row.placement is not None}))
    channel = chosen.choice(sorted({channel_of(row) for row in of_it}))

    def values(field: str) -> list[float]:
        return sorted({value for row in of_it if (value := getattr(row, field)) is not None})

    task, payload, workers = (typed(chosen, name, values(field)) for name, field in
                              (("task", "task_ns"), ("payload", "payload_bytes"), ("workers", "workers")))
    said = {"record": str(subject), "sides":
            f"{'programs: ' if sides[0] else ''}{sides[1]} or {sides[2]}", "workload": workload,
            "task": task[0], "payload": payload[0], "workers": workers[0], "placement": placement, "channel": channel}
    return said, answer(mine, Selection(workload, task[1], payload[1], workers[1], placement, channel)).sentence


def of_addresses(browser: Browser, addresses: Sequence[dict[str, str]]) -> list[str]:
    """The page's sentence at each."""
    return list(browser.evaluate("""(async () => {
      const said = [];
      for (const [at, values] of %s.entries()) {
        const changed = new Promise((resolve) => addEventListener('hashchange', resolve, { once: true }));
        location.hash = '#verdict?' + new URLSearchParams({ ...values, at }).toString();
        await changed;
        said.push(document.getElementById('case.sentence').textContent);
      }
      return said;
    })()""" % json.dumps(addresses)))  # noqa: UP031


@pytest.mark.parametrize("found", ["invented", "measured"])
def test_whatever_is_selected_the_page_says_what_python_says(browser: Browser, found: str) -> None:
    held = many_rows() if found == "invented" else tuple(rows_of(load(RECORD)))
    browser.open(html(of_rows(held)))
    chosen = random.Random(20)
    cases = [selection(chosen, plain(held)) for _ in range(SELECTIONS)]
    said = of_addresses(browser, [case for case, _ in cases])
    for (case, expected), sentence in zip(cases, said):
        assert sentence == expected, case
    if found == "invented":  # the test is one of all kinds of answers
        for kind in ("Not measured:", "beyond all", "do not agree", "between", "faster",
                     "The same", "Undecided", "Unstable", "Too few"):
            assert any(kind in sentence for sentence in said), kind
    browser.expect_quiet()


def test_every_selector_changes_the_sentence(browser: Browser) -> None:
    held = [dataclasses.replace(row, subject=subject, channel=channel, table=table, a=a, placement=placement, workload=workload,
                                ratio=row.ratio * (1 + 0.1 * at), low=row.low * (1 + 0.1 * at),
                                high=row.high * (1 + 0.1 * at), verdict="a")
            for at, (subject, channel, table, a, placement, workload) in enumerate((
                (0, "shm_ring", "controlled", "threads", "spread", "hash_chain"),
                (0, "pipe", "controlled", "threads", "spread", "hash_chain"),
                (0, None, "deployed", "threads", "spread", "hash_chain"),
                (0, "shm_ring", "controlled", "threads", "same", "hash_chain"),
                (0, "shm_ring", "controlled", "threads", "spread", "sort_block"),
                (0, "shm_ring", "programs", "old", "spread", "hash_chain"),
                (1, "shm_ring", "controlled", "threads", "spread", "hash_chain"))) for row in rows()]
    browser.open(html(of_rows(held)))
    start = {"record": "0", "sides": "threads or processes", "workload": "hash_chain",
             "placement": "spread", "channel": "shm_ring",
             "task": "50us", "payload": "1Ki", "workers": "2"}
    for name, other in {"record": "1", "sides": "programs: old or processes", "workload": "sort_block",
                        "placement": "same", "channel": BEST,
                        "task": "1us", "payload": "64Ki", "workers": "4"}.items():
        before = browser.case(start)
        assert browser.case({name: other}) != before, name
    browser.expect_quiet()


@pytest.mark.parametrize(("name", "text"), [("task", "50"), ("task", "-1us"), ("task", "0us"),
                                            ("task", "soon"), ("payload", "-1"),
                                            ("payload", "2Qi"), ("workers", "0"), ("workers", "1.5"), ("workers", ""),
                                            ("workers", "9" * 400)])
def test_what_is_no_number_of_its_kind_is_refused_beside_its_field(browser: Browser, name: str, text: str) -> None:
    browser.open(html(report()))
    assert browser.case({name: text}).startswith(f"{name}: ") and "needed" in browser.text_of("output")
    assert browser.evaluate(f"document.getElementById('case.{name}').getAttribute('aria-invalid')") == "true"


def test_a_link_shows_the_same_case_again(browser: Browser) -> None:
    text = html(of_rows(many_rows()))
    browser.open(text)
    wanted = {"record": "1", "workload": "payload_copy", "channel": "pipe", "task": "7.5us", "payload": "2Ki", "workers": "3"}
    before = browser.case(wanted)
    address = browser.evaluate("location.hash")
    browser.open(text, address)
    assert browser.text_of("output") == before
    assert {name: browser.evaluate(f"document.getElementById('case.{name}').value") for name in wanted} == wanted


def test_other_records_say_what_they_have_of_the_case_each_for_itself(browser: Browser) -> None:
    told = "[...document.querySelectorAll('.others li')].map((one) => one.textContent)"
    browser.open(html(of_rows(many_rows())))
    assert browser.evaluate(told) == ["1 other record has not measured it."]
    browser.open(html(of_rows((*rows(), *(dataclasses.replace(row, subject=1) for row in rows())))))
    [line] = browser.evaluate(told)
    assert line == f"second: {browser.text_of('output')}"


# ---- the twins, function by function -----------------------------------------------------------------------------


def numbers() -> list[float]:
    chosen = random.Random(3)
    edges = [0.99, 0.9901, 0.999, 0.99999, 0.0005, 0.125, 0.5, 0.995, 1.0, 1.005, 9.995, 9.9949, 10.0, 99.95,
             100.0, 999.5, 1000.0, 1023.9, 1024.0, 2.5, 0.045, 1e-9, 1e12, 1e21, 1e300]
    return [*edges, *(10.0 ** chosen.uniform(-6, 12) for _ in range(1000)), *(10.0 ** power for power in range(-9, 15)),
            *(float(chosen.randint(1, 2000)) / 8 for _ in range(200))]


@pytest.mark.parametrize("name", ["significant", "factor", "ratio", "percent", "duration", "size"])
def test_numbers_in_words_are_the_same_in_both(browser: Browser, name: str) -> None:
    values = numbers()
    browser.open(html(report()))
    made = browser.evaluate(f"(() => {{ {script('words')}; return {json.dumps(values)}.map((value) => {name}(value)); }})()")
    assert made == [getattr(words, name)(value) for value in values]


@pytest.mark.parametrize("unit", ["ns", "bytes", "bytes/s", "ratio", "share", "count", ""])
def test_values_of_every_unit_are_the_same_in_both(browser: Browser, unit: str) -> None:
    values: list[float | None] = [None, *numbers()]
    browser.open(html(report()))
    words_of = f"{json.dumps(values)}.map((value) => inUnit(value, {unit!r}))"
    made = browser.evaluate(f"(() => {{ {script('words')}; return {words_of}; }})()")
    assert made == [words.in_unit(value, unit) for value in values]


def script(name: str) -> str:
    return Path(PARTS / f"{name}.js").read_text("utf-8")
