"""Prints how long `mpmt track history` takes over many records, and the memory it needs, for the documentation.

    python3 tests/python/measure_history.py [--records 1000] [--cases 100] [--trials 10] [--plain] [--folder DIR]

Cold: nothing is remembered. Warm: all is. One more record: the same, but for one record that is new, so that
one file is read and every series it is in is searched again. Peak: the largest process, and the sum of the largest parent and
its largest child times the number of CPUs, which is an upper bound for all of them together. With --folder, what
make_history.py wrote there is used (and made if missing); else a temporary folder, removed at the end. """

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUNNER = """
import argparse, json, resource, sys
sys.path.insert(0, sys.argv.pop(1))
from mpmt.commands import history
parser = argparse.ArgumentParser()
history.add_arguments(parser)
history.run(parser.parse_args(sys.argv[1:]))
peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps(peaks), file=sys.stderr)
"""


def measure(folder: Path, cache: Path) -> tuple[float, int, int]:
    """(seconds, peak KiB of the parent, of its largest child) of one call."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", RUNNER, str(HERE.parents[1] / "scripts"), "--results",
                           str(folder / "results"), "--repo", str(folder / "repository")], env=environment, check=True,
                          capture_output=True, text=True)
    seconds = time.monotonic() - began
    parent, child = (int(word.strip("[],")) for word in done.stderr.splitlines()[-1].split())
    return seconds, parent, child


def add_record(folder: Path) -> Path:
    """A second record of the newest commit, started a second after its first."""
    newest = max((folder / "results").rglob("*.json"), key=lambda path: path.name.partition("-")[2])
    record = json.loads(newest.read_text("utf-8"))
    started = record["context"]["started_utc"]
    record["context"]["started_utc"] = f"{started[:17]}59Z"
    added = newest.with_name(f"{newest.stem[:-3]}59Z.json")
    added.write_text(json.dumps(record), "utf-8")
    return added


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--plain", action="store_true", help="entries without histograms")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary) / "history"
        if not (folder / "results").is_dir():
            subprocess.run([sys.executable, str(HERE / "make_history.py"), str(folder), "--commits",
                            str(options.records), "--cases", str(options.cases), "--trials", str(options.trials),
                            *(["--plain"] if options.plain else [])], check=True)
        size = sum(path.stat().st_size for path in (folder / "results").rglob("*.json"))
        cpus = len(os.sched_getaffinity(0))
        print(f"{size / 1e6:.0f} MB of records, {cpus} CPUs")
        for name in ("cold", "warm", "one more record"):
            added = add_record(folder) if name == "one more record" else None
            try:
                seconds, parent, child = measure(folder, Path(temporary) / "cache")
            finally:
                if added:
                    added.unlink()
            print(f"{name}: {seconds:.1f} s, peak {parent / 1024:.0f} MiB, with children at most "
                  f"{(parent + cpus * child) / 1024:.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
