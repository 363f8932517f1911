"""The documentation says what is so: quoted code is in its file, links lead somewhere, options exist."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from bench import BINARY, ROOT

PAGES = [page for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "results" / "README.md",
                           ROOT / "benchmarks" / "micro" / "README.md",
                           *sorted((ROOT / "docs").glob("*.md"))] if page.exists()]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARKER = re.compile(r"(?://|#) ([\w./-]+\.\w+)\n")
LEFT_OUT = re.compile(r"^(?://|#) \.\.\.\n", re.MULTILINE)
needs_binary = pytest.mark.usefixtures("binary")


def shown(page: Path) -> str:
    return str(page.relative_to(ROOT))


def text_of(page: Path) -> str:
    return page.read_text("utf-8")


def fences(page: Path) -> Iterator[tuple[str, str]]:
    """Language and contents of each fenced block."""
    for match in FENCE.finditer(text_of(page)):
        yield match[1], match[2]


# ---- quoted code ---------------------------------------------------------------------------------------------


def quotations() -> list[tuple[Path, str, str]]:
    """Page, file and text of every block whose first line names a file; parts left out are marked `// ...`."""
    found = []
    for page in PAGES:
        for _, contents in fences(page):
            if marker := MARKER.match(contents):
                found += [(page, marker[1], part) for part in LEFT_OUT.split(contents[marker.end():])]
    return found


@pytest.mark.parametrize(("page", "file", "part"), quotations(), ids=lambda value: str(value)[:40])
def test_quoted_code_is_in_its_file(page: Path, file: str, part: str) -> None:
    assert part.strip(), f"{shown(page)}: an empty quotation of {file}"
    assert part in text_of(ROOT / file), f"{shown(page)} quotes what is not in {file}:\n{part}"


def test_every_example_is_quoted() -> None:
    quoted = {file for _, file, _ in quotations()}
    assert {str(file.relative_to(ROOT)) for file in (ROOT / "docs" / "examples").iterdir() if file.is_file()} <= quoted


# ---- links ---------------------------------------------------------------------------------------------------


def links(page: Path) -> list[str]:
    prose = FENCE.sub("", text_of(page))
    targets = re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", prose) + re.findall(r'(?:src|href)="([^"]+)"', prose)
    return [target for target in targets if not re.match(r"[a-z]+:|#", target)]


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_links_lead_somewhere(page: Path) -> None:
    broken = [target for target in links(page) if not (page.parent / target.split("#")[0]).exists()]
    assert not broken, f"{shown(page)}: {broken}"


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_files_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"`((?:base|workloads|ipc|executors|benchmarks|scripts|tests|cmake)/[\w./-]+\.\w+)`", text_of(page))
    missing = {name for name in named if not (ROOT / name).exists()} - {"workloads/table_walk.cpp"}
    assert not missing, f"{shown(page)}: {missing}"


# ---- the command line ----------------------------------------------------------------------------------------


def commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Command ("" for mpmt alone) and options of each mention of mpmt, in code spans and code lines."""
    text = text_of(page)
    code = [line for _, block in fences(page) for line in block.splitlines()]
    code += re.findall(r"`([^`\n]+)`", FENCE.sub("", text)) + re.findall(r"^ {4}(.+)$", text, re.MULTILINE)
    for line in code:
        command = re.search(r"(?:^|[\s/])mpmt (run|list|machine|verdict|judge|plot|trial|ask)\b(.*)", line)
        if tracking := re.search(r"(?:track\.py|mpmt track) ([a-z]+)\b(.*)", line):
            ours, _, theirs = tracking[2].partition(" -- ")
            yield f"track {tracking[1]}", options_in(ours)
            yield "run", options_in(theirs)
        elif not command and (script := re.search(r"scripts/run\.sh\b(.*)", line)):
            yield "run", options_in(script[1])
        elif command:
            yield command[1], options_in(command[2])
        elif line.startswith("--"):
            yield "", options_in(line)


def options_in(line: str) -> list[str]:
    """Not those in quotes, which are of commands that mpmt is given."""
    line = re.sub(r"'[^']*'|\"[^\"]*\"", "", line)
    return re.findall(r"(?<![\w-])--[a-z][\w-]*", re.split(r"\s#\s|\s{3,}", line)[0])


@lru_cache
def help_of(command: str) -> str:
    return subprocess.run([BINARY, *command.split(), "--help"], capture_output=True, text=True, timeout=60).stdout


def accepted(command: str, option: str) -> bool:
    return re.search(rf"(?<![\w-]){option}(?![\w-])", help_of(command)) is not None


# Refused with a reason or for tests, hence not in --help; and options of tools that are named beside mpmt.
ELSEWHERE = {"--benchmark_perf_counters", "--preset", "--build", "--install", "--prefix", "--test-dir",
             "--output-on-failure", "--target", "--commands", "--twins"}


TRACKING = [f"track {name}" for name in ("compare", "gate", "bisect", "aa", "record", "history", "diff", "ack")]


@needs_binary
@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_options_exist(page: Path) -> None:
    unknown = set()
    for command, options in commands(page):
        every = TRACKING if page.name == "tracking.md" else ["run", "list", "verdict", "judge", "plot", "report", "ask",
                                                             "trial", "machine"]
        tried = [command] if command else every
        unknown |= {f"{command} {option}" for option in options
                    if option not in ELSEWHERE and not any(accepted(name, option) for name in tried)}
    assert not unknown, f"{shown(page)}: {unknown}"


def test_the_readmes_commands_are_found() -> None:
    assert any(options for command, options in commands(ROOT / "README.md") if command == "run")


@needs_binary
@pytest.mark.parametrize("what", ["workloads", "channels", "executors"])
def test_the_readme_lists_every_part(what: str) -> None:
    listed = json.loads(subprocess.run([BINARY, "list", what, "--json"], capture_output=True, text=True,
                                       timeout=60, check=True).stdout)
    missing = [part["name"] for part in listed[what] if f"`{part['name']}`" not in text_of(ROOT / "README.md")]
    assert not missing


# ---- the protocol's examples -----------------------------------------------------------------------------------


def messages_with(first: str) -> list[dict[str, Any]]:
    """Those of the JSON block of trial-protocol.md that begins with a message of this type."""
    decoder = json.JSONDecoder()
    for language, contents in fences(ROOT / "docs" / "trial-protocol.md"):
        messages, rest = [], contents.strip() if language == "json" else ""
        while rest:
            message, end = decoder.raw_decode(rest)
            messages.append(message)
            rest = rest[end:].strip()
        if messages and messages[0].get("type") == first:
            return messages
    raise AssertionError(f"no JSON block begins with a message of type {first}")


def conversation() -> list[dict[str, Any]]:
    return messages_with("case")


def described_by(*command: object) -> dict[str, Any]:
    question = json.dumps({"type": "describe", "protocol": 2}) + "\n"
    done = subprocess.run(list(map(str, command)), input=question, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def test_the_example_describes_itself_as_it_is_shown() -> None:
    shown_there = messages_with("describe")[1]
    assert {**described_by(sys.executable, ROOT / "docs" / "examples" / "program.py"),
            "versions": shown_there["versions"], "families": shown_there["families"]} == shown_there


@needs_binary
def test_every_field_of_a_description_is_explained() -> None:
    description = described_by(BINARY, "trial")
    fields = {*description, *(field for part in ("workloads", "executors", "channels")
                              for entry in description[part] for field in entry)} - {"type"}
    rows = "\n".join(re.findall(r"^\| (`[^|]*) \|", text_of(ROOT / "docs" / "trial-protocol.md"), re.MULTILINE))
    assert not [field for field in fields if f"`{field}`" not in rows]


@needs_binary
def test_the_conversation_can_be_had() -> None:
    messages = conversation()
    from_run = [message for message in messages if message["type"] in ("case", "run", "end")]
    expected = [message for message in messages if message["type"] not in ("case", "run", "end")]
    lines = "".join(json.dumps(message) + "\n" for message in from_run)
    done = subprocess.run([BINARY, "trial"], input=lines, capture_output=True, text=True, timeout=60)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [answer["type"] for answer in answers] == [message["type"] for message in expected]
    for answer, message in zip(answers, expected):
        assert set(answer) == set(message)
        assert answer.get("checksum") == message.get("checksum")
