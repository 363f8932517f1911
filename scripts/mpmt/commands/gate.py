"""mpmt track gate: this commit against the merge base with the branch it is for. For CI: both are built and measured on
the same machine in the same job, so that no stored baseline has to be believed."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path

from mpmt.base import outputs
from mpmt.base.files import is_standard_output
from mpmt.base.problem import NotComparable, Problem
from mpmt.base.shown import shown
from mpmt.builds import commits
from mpmt.builds.builds import add_build_arguments, builds_of
from mpmt.commands import ack
from mpmt.commands.compare import add_output_arguments, check_output, report
from mpmt.measuring.comparison import ACKNOWLEDGED, SLOWER, Comparison, Row
from mpmt.measuring.comparison_table import markdown
from mpmt.measuring.options import add_measuring_arguments, say_as
from mpmt.measuring.sides import Sides


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--base", default="origin/main", metavar="REV",
                        help="the branch that the change is for (default: origin/main)")
    parser.add_argument("--head", default="HEAD", metavar="REV", help="the change (default: HEAD)")
    parser.add_argument("--results", type=Path, metavar="DIR",
                        help="folder of ack.json (default: results/ of the repository)")
    parser.add_argument("--summary", type=Path, metavar="FILE", default=_step_summary(),
                        help="append the table as Markdown (default: $GITHUB_STEP_SUMMARY, if set); - is standard output")
    add_output_arguments(parser)
    add_build_arguments(parser)
    add_measuring_arguments(parser)


def _step_summary() -> Path | None:
    said = os.environ.get("GITHUB_STEP_SUMMARY")
    return Path(said) if said else None


def run(options: argparse.Namespace) -> int:
    check_output(options)
    summary_named = "--summary" if options.summary != _step_summary() else "$GITHUB_STEP_SUMMARY"
    outputs.check(options.summary, summary_named)
    if options.json and options.summary and is_standard_output(options.summary):
        raise Problem(f"{summary_named}: standard output is JSON already: name a file")
    with builds_of(options, say := say_as("gate")) as builds:
        head = commits.resolve(builds.repo, options.head)
        base = commits.merge_base(builds.repo, _branch(builds.repo, options.base), head)
        if base == head:
            raise NotComparable(f"--base: {shown(options.base, 60)} contains {commits.short(head)} already: there is no "
                                "change to judge")
        acknowledged = ack.load(_ack_file(options, builds.repo))
        sides = Sides(options, say, builds)
        sides.build((base, head))
        found = sides.compare(sides.of_commit(base), sides.of_commit(head))
        apply_acks(found, acknowledged, set(commits.introduced(builds.repo, base, head)), datetime.now(timezone.utc).date())
    try:
        return report(found, options)
    finally:
        if options.summary:
            outputs.add(options.summary, markdown(found, "Benchmarks against the merge base"), summary_named)


def _branch(repo: Path, text: str) -> str:
    try:
        return commits.resolve(repo, text)
    except Problem as error:
        raise Problem(f"--base: {error}; fetch it, or name another branch") from None


def _ack_file(options: argparse.Namespace, repo: Path) -> Path:
    return (options.results or repo / "results") / ack.FILE_NAME


def apply_acks(found: Comparison, acks: list[ack.Ack], in_range: set[str], today: date) -> None:
    """Turns slower rows that are acknowledged into ones that fail no gate; says where an acknowledgement has
    expired or is not enough."""
    for index, row in enumerate(found.rows):
        if row.verdict != SLOWER or row.low is None:
            continue
        covered, why_not = ack.covering(acks, row.name, row.low, in_range, today)
        if covered:
            words = f"{row.effect:+.1%}, until {covered.expires}: {shown(covered.reason, 200)}"
            found.rows[index] = replace(row, verdict=ACKNOWLEDGED, note=words)
        elif why_not:
            found.rows[index] = _noted(row, why_not)


def _noted(row: Row, words: str) -> Row:
    return replace(row, note=f"{row.note}; {words}" if row.note else words)
