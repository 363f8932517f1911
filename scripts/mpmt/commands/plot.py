"""Draws mpmt's records: of pools speed-up, processes against threads, latency, CPU time and context switches; of bare
channels latency and bandwidth against size, processes against threads, one CPU against two. Nothing else has figures."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpmt.base.command_line import FORMATS, Parser, Problem, command_line, formats
from mpmt.base.files import folder_named
from mpmt.base.shown import shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EXIT_OK, EXIT_NOTHING = 0, 5

EPILOG = """\
figures (as PNG and SVG; long ones are dealt to several pages, NAME-1, NAME-2, ...):
  speedup                          speed-up over serial by workers, with 95 % bands, the ideal and the measured capacity;
                                   time per task where no serial case was measured
  processes_vs_threads-controlled  processes ÷ threads where only the address space differs, with verdicts
  processes_vs_threads-deployed    the best process case against the best thread case of each workload
  latency                          percentiles of a message's latency
  costs                            CPU time and context switches per task
of bare channels:
  channel_latency-WAIT             round trip against the size of the message, with the floors
  channel_open_loop-RATE-WAIT      latency at a given rate against size
  channel_bandwidth-WAIT           bytes per second of a stream against size
  channel_sides-PATTERN            processes ÷ threads over the same channel against size
  channel_cpus-BYTES               one CPU against two
  core_to_core                     a cache line's round trip between every two CPUs

Only `ok` trials are drawn; unstable cases are drawn and marked. What is left out is named on standard
output and in the figures. Several records must come from the same machine; each gets a folder of its own,
named after its file.

exit codes:
  0 figures written · 2 wrong usage, unreadable or foreign record, unwritable folder or output · 5 nothing to draw
  69 a Python package is missing · 130 interrupted
"""


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = Parser(
        prog="mpmt plot", description=__doc__, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", metavar="RESULT.json", help="record written by `mpmt run`")
    parser.add_argument("-o", "--out", default="plots", metavar="DIR", type=folder_named,
                        help="folder for the figures, made if missing (default: plots)")
    parser.add_argument("--format", default=list(FORMATS), type=formats, metavar="LIST",
                        help="comma-separated: png, svg (default: png,svg)")
    parser.add_argument("--dpi", default=160, type=_dpi,
                        help="dots per inch of a PNG, 50 to 600 (default: 160)")
    return parser.parse_args(arguments)


def _dpi(text: str) -> int:
    if not text.isdecimal() or not 50 <= int(text[:9]) <= 600:
        raise argparse.ArgumentTypeError(f"'{shown(text, 40)}' is not a number from 50 to 600")
    return int(text)


def main(arguments: list[str] | None = None) -> int:
    return command_line("mpmt plot", lambda: run(parse_arguments(arguments)))


def run(options: argparse.Namespace) -> int:
    records = load_records(options.results)
    from mpmt.figures.style import use_style  # loads matplotlib: not before the input is known to be good
    use_style()
    written: list[Path] = []
    for name, folder in zip(options.results, folders(options.results, options.out)):
        written += draw_record(name, records[name], folder, options)
    if not written:
        print("no figure written: nothing to draw")
        return EXIT_NOTHING
    print("\n".join(["written:", *(f"  {shown(path)}" for path in written)]))
    return EXIT_OK


def load_records(paths: list[str]) -> dict[str, dict[str, Any]]:
    """All records by path. Raises Problem when one cannot be used or comes from another machine than the
    first."""
    from mpmt.records import record_file
    try:
        records = {path: record_file.load(path) for path in paths}
    except record_file.BadRecord as error:
        raise Problem(error) from None
    first = paths[0]
    for path in paths[1:]:
        keys = [records[p]["context"]["machine"]["key"] for p in (first, path)]
        if keys[0] != keys[1]:
            raise Problem(f"{shown(path, 300)}: context.machine.key is {keys[1]}, but {keys[0]} "
                          f"in {shown(first, 300)}: records of different machines are not drawn "
                          "together")
    return records


def folders(paths: list[str], out: Path) -> list[Path]:
    """Where each record's figures go: `out` itself for a single one, else a folder named after the file."""
    if len(paths) == 1:
        return [out]
    taken: dict[Path, int] = {}
    chosen = []
    for path in paths:
        folder = out / Path(path).stem
        taken[folder] = taken.get(folder, 0) + 1
        chosen.append(folder if taken[folder] == 1 else folder.with_name(f"{folder.name}~{taken[folder]}"))
    return chosen


def draw_record(name: str, record: dict[str, Any], folder: Path, options: argparse.Namespace) -> list[Path]:
    """Draws every figure that the record has data for; says what is missing and why. Returns the files."""
    from mpmt.figures.channel_subject import ChannelSubject
    from mpmt.figures.subject import NothingToDraw, Subject
    from mpmt.records.families import CHANNEL, POOL, PROGRAMS, comparisons_of, families_in
    written: list[Path] = []
    for family in families_in(record):
        if family not in (POOL, CHANNEL):
            print(f"of {shown(name, 300)}: the family {family} has no figures; `mpmt verdict` prints its tables")
            continue
        subject: Any = Subject(record) if family == POOL else ChannelSubject(record)
        print(f"of {shown(name, 300)}: {len(subject.all_cases)} cases, {len(subject.cases)} of them with ok trials")
        for line in subject.left_out:
            print(f"  left out: {line}")
        if rows := sum(row["table"] == PROGRAMS for row in comparisons_of(record, family)):
            print(f"  not drawn: {rows} comparisons of programs: `mpmt verdict` prints them")
        for case in subject.unstable():
            print(f"  unstable, drawn and marked: {shown(case, 200)}")
        for kind, figures in kinds_of_figure(family).items():
            try:
                for stem, figure in figures(subject):
                    written += [save(figure, folder, stem, form, options.dpi) for form in options.format]
            except NothingToDraw as reason:
                print(f"  not drawn: {kind}: {reason}")
    return written


def kinds_of_figure(family: str) -> dict[str, Callable[[Any], Iterator[tuple[str, Figure]]]]:
    if family == "pool":
        from mpmt.figures import costs, latency, ratios, speedup
        return {"speedup": speedup.figures, "processes_vs_threads": ratios.figures, "latency": latency.figures,
                "costs": costs.figures}
    from mpmt.figures import by_size, core_matrix, cpus, sides
    return {"channel_latency": by_size.latency, "channel_open_loop": by_size.open_loop,
            "channel_bandwidth": by_size.bandwidth, "channel_sides": sides.figures, "channel_cpus": cpus.figures,
            "core_to_core": core_matrix.figures}


def save(figure: Figure, folder: Path, stem: str, form: str, dpi: int) -> Path:
    from mpmt.figures import page
    target = folder / f"{stem}.{form}"
    try:
        return page.save(figure, target, form, dpi)
    except OSError as error:
        raise Problem(f"--out: {shown(target, 300)} cannot be written: {error.strerror or error}") from None

