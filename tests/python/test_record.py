"""Recording commits: each by its own build, under a name that overwrites nothing, and only what a history may hold."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bench import PATIENCE_S, ROOT, line_of, until
from repository import Repository

from mpmt.base.problem import Problem
from mpmt.builds.builds import BuildFailed, Builds
from mpmt.commands import record
from mpmt.records import record_file, storing

KEY = "0a1b2c3d4e5f"  # the golden record's
# A program that answers as mpmt does. FAKE in the commit's file `fake` (or the environment) says what goes wrong.
FAKE = f"""#!{sys.executable} -IS
import json, os, signal, sys
here = os.path.dirname(os.path.abspath(__file__))
said = json.load(open(here + "/mpmt.build.json"))
fake = os.environ.get("FAKE") or said["fake"]
if sys.argv[1:] == ["machine", "--json"]:
    print(json.dumps({{"key": "{KEY}"}}) if fake != "foreign" else "hello")
    sys.exit()
assert sys.argv[1:3] == ["run", "--out"], sys.argv
out, options = sys.argv[3], sys.argv[4:]
if fake == "nothing":
    sys.exit(5)
if fake == "usage":
    print("--workload: no such thing", file=sys.stderr)
    sys.exit(2)
record = json.load(open(os.environ["GOLDEN"]))
context = record["context"]
context["commit"].update(id=said["commit"], dirty=fake == "dirty")
context["command_line"] = ["mpmt", *sys.argv[1:]]
if fake == "wrong":
    context["commit"]["id"] = "0" * 40
if fake == "key":
    context["machine"]["key"] = "ffffffffffff"
if fake == "broken":
    del context["seed"]
if fake == "wait":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    print("measuring", flush=True)
    signal.sigwait([signal.SIGINT])
    context["interrupted"] = True
if fake == "meet":  # until both of two runs have come this far
    open(os.environ["MEET"] + "/" + str(os.getpid()), "w").close()
    while len(os.listdir(os.environ["MEET"])) < 2:
        pass
with open(out + ".partial", "w") as file:
    json.dump(record, file)
os.rename(out + ".partial", out)
print("a table")
print("::error::x\\x1b[31m", file=sys.stderr)
print(out if fake == "older" else "record: " + out)
sys.exit({{"case": 1, "wait": 130}}.get(fake, 0))
"""
BUILD = ("mkdir -p out && cp fake.py out/mpmt && "
         """printf '{"commit": "%s", "fake": "%s"}' "$(git rev-parse HEAD)" "$(cat fake)" >out/mpmt.build.json""")
BUILDING = ["--build", f"! grep -q broken-build fake && {BUILD}", "--binary", "out/mpmt"]
DRIVER = f"""
import signal, sys
sys.path.insert(0, {str(ROOT / "scripts")!r})
sys.path.insert(0, {str(ROOT / "tests" / "python")!r})
signal.signal(signal.SIGINT, signal.default_int_handler)
from test_record import options_of
from mpmt.base.problem import Problem
from mpmt.commands import record
try:
    sys.exit(record.run(options_of(sys.argv[1:])))
except Problem as problem:
    print(problem, file=sys.stderr)
    sys.exit(problem.exit_code)
except KeyboardInterrupt:
    sys.exit(130)
"""


def options_of(arguments: list[str]) -> argparse.Namespace:
    """As track.py reads them."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser()
    record.add_arguments(parser)
    options = parser.parse_args([*arguments[:end], *BUILDING])
    options.options = arguments[end + 1:]
    return options


class Site:
    def __init__(self, folder: Path) -> None:
        self.repository = Repository(folder / "repository")
        self.results = self.repository.path / "results"
        self.started: list[subprocess.Popen[bytes]] = []

    def commit(self, fake: str = "") -> str:
        return self.repository.commit({"fake.py": FAKE, "fake": fake})

    def record(self, *arguments: str) -> int:
        return record.run(options_of(list(arguments)))

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-c", DRIVER, *arguments], cwd=self.repository.path, bufsize=0,
                                   env={**os.environ, **environment}, stdin=subprocess.DEVNULL, start_new_session=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.started.append(process)
        return process

    def files(self) -> list[str]:
        """All that is below results/."""
        return sorted(str(path.relative_to(self.results)) for path in self.results.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def measured(golden_once: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the fake program measures: one workload of the golden record, quick to read."""
    parts = {part: [entry for entry in golden_once[part] if entry["workload"] == "empty"]
             for part in ("benchmarks", "comparisons")}
    file = tmp_path_factory.mktemp("golden") / "record.json"
    file.write_text(json.dumps({**golden_once, **parts}))
    return file


@pytest.fixture
def site(tmp_path: Path, measured: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    made = Site(tmp_path)
    monkeypatch.setenv("GOLDEN", str(measured))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(made.repository.path)
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=PATIENCE_S)


def named(commit: str, second: int = 0) -> str:
    return f"{KEY}/{commit[:12]}-20240501T1200{second:02}Z.json"


# ---- what is recorded --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fake", ["", "older"])
def test_head_is_recorded_under_its_name(site: Site, capfd: pytest.CaptureFixture[str], fake: str) -> None:
    commit = site.commit(fake)
    assert site.record("--", "--workload", "empty", "--data-dir", "data") == 0
    assert site.files() == [named(commit)]
    context = record_file.load(site.results / named(commit))["context"]
    assert context["commit"]["id"] == commit
    assert context["command_line"][4:] == ["--workload", "empty", "--data-dir", str(site.repository.path / "data")]
    assert str(site.results) not in " ".join(context["command_line"][:4])
    shown = capfd.readouterr()
    assert shown.out == "mpmt: a table\n"
    assert "mpmt: ::error::x\\x1b[31m" in shown.err.splitlines()
    assert f"recorded: results/{named(commit)}" in shown.err


def test_a_range_is_recorded_oldest_first(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    commits = [site.commit(str(n)) for n in range(4)]
    assert site.record(f"{commits[0]}..", "--step", "2", "--results", "elsewhere") == 0
    said = capfd.readouterr().err
    assert said.index(f"measuring {commits[1][:12]} (1 of 2)") < said.index(f"measuring {commits[3][:12]} (2 of 2)")
    assert said.rindex("built after") < said.index("measuring")
    assert sorted(path.name[:12] for path in Path("elsewhere", KEY).iterdir()) == sorted(c[:12] for c in commits[1::2])


def test_uncommitted_changes_are_not_recorded_as_head(site: Site) -> None:
    commit = site.commit()
    site.repository.write({"fake": "changed"})
    with pytest.raises(Problem, match="^fake: not committed: commit first.*record HEAD"):
        site.record()
    assert site.record("HEAD") == 0
    assert site.files() == [named(commit)]


def test_a_detached_head_in_a_shallow_clone_is_recorded(
        site: Site, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    site.commit("old")
    commit = site.commit()
    clone = site.repository.clone(tmp_path / "clone", "--depth=1")
    clone.git("switch", "--quiet", "--detach")
    monkeypatch.chdir(clone.path)
    assert site.record() == 0
    assert (clone.path / "results" / named(commit)).is_file()
    said = capfd.readouterr().err
    assert f"HEAD is detached, at {commit[:12]}" in said
    assert "git fetch --unshallow" in said


def test_only_gaps_are_filled(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    first, second, third = (site.commit(str(n)) for n in range(3))
    assert site.record("--missing", second) == 0
    interrupted = json.loads((site.results / named(second)).read_text())
    interrupted["context"].update(interrupted=True, commit={**interrupted["context"]["commit"], "id": third})
    (site.results / named(third)).write_text(json.dumps(interrupted))
    assert site.record("--missing", first, second, third) == 0
    assert site.files() == sorted([named(first), named(second), named(third), named(third, 1)])
    assert site.record("--missing", first, second, third) == 0
    assert "3 of 3 commits have a record already" in capfd.readouterr().err
    assert len(site.files()) == 4


def test_what_no_history_can_use_fills_no_gap(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    commit = site.commit()
    assert site.record() == 0
    good = json.loads((site.results / named(commit)).read_text())
    (site.results / named(commit)).unlink()
    other = json.loads(json.dumps(good))
    other["context"]["machine"]["key"] = "ffffffffffff"
    good["context"]["commit"]["dirty"] = True
    for name, record_ in ((named(commit, 1), good), (named(commit, 2), other), (f"{KEY}/{commit[:12]}-copy.json", good)):
        (site.results / name).write_text(json.dumps(record_))
    assert site.record("--missing", commit) == 0
    assert named(commit) in site.files()
    assert "context.machine.key: ffffffffffff" in capfd.readouterr().err


def test_a_long_range_is_built_and_measured_in_batches(
        site: Site, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    commits = [site.commit(str(n)) for n in range(5)]
    monkeypatch.setattr(record, "BATCH", 2)
    held: list[int] = []
    original = record._build_all

    def build_all(builds: Builds, *more: Any, **options: Any) -> dict[str, Path]:
        made = original(builds, *more, **options)
        held.append(len(builds._locks))
        return made
    monkeypatch.setattr(record, "_build_all", build_all)
    assert site.record(*commits) == 0
    assert held == [2, 2, 1]
    said = [line.split()[3] for line in capfd.readouterr().err.splitlines() if " built " in line or " measuring " in line]
    assert said == ["built"] * 2 + ["measuring"] * 2 + ["built"] * 2 + ["measuring"] * 2 + ["built", "measuring"]
    assert len(site.files()) == 5


# ---- what killed runs have left ----------------------------------------------------------------------------


def unfiled(commit: str, token: str = "0" * 16, more: str = "") -> str:
    return f"{KEY}/{commit[:12]}-unfiled-{token}{more}.json"


def test_what_killed_runs_have_left_is_filed_by_the_next(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    first, second = site.commit(), site.commit("1")
    assert site.record(first) == 0
    record_ = json.loads((site.results / named(first)).read_text())
    record_["context"].update(interrupted=True, recovered=True)
    for name in (unfiled(first), unfiled(first, "1" * 16, ".recovered-1")):
        (site.results / name).write_text(json.dumps(record_))
    (site.results / unfiled(first, "2" * 16)).write_text("")
    (site.results / unfiled(first, "3" * 16)).write_text("{")
    os.link(site.results / named(first), site.results / unfiled(first, "4" * 16))
    assert site.record(second) == 0
    assert site.files() == sorted([named(first), named(first, 1), named(first, 2), named(second),
                                   unfiled(first, "3" * 16)])
    said = capfd.readouterr().err
    assert said.count("recorded earlier: ") == 2
    assert said.count("left by an earlier run, kept, and of no use: ") == 1 and "3333.json: truncated" in said


def test_what_a_running_record_writes_is_not_taken_from_it(site: Site) -> None:
    commit = site.commit()
    assert site.record() == 0
    with storing.staging_place(site.results, KEY, commit) as staged:
        os.rename(site.results / named(commit), staged)
        storing.file_leftovers(site.results, lambda line: None)
        assert staged.exists()
    storing.file_leftovers(site.results, lambda line: None)
    assert site.files() == [named(commit)]


def test_a_folder_that_leads_elsewhere_is_not_written_to(site: Site, tmp_path: Path) -> None:
    commit = site.commit()
    (tmp_path / "elsewhere").mkdir()
    site.results.mkdir()
    (site.results / KEY).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Problem, match=f"--results: .*{KEY}: a symbolic link that leads out of the results folder"):
        site.record(commit)
    assert os.listdir(tmp_path / "elsewhere") == []


# ---- names -------------------------------------------------------------------------------------------------


def test_no_record_is_ever_overwritten(site: Site) -> None:
    commit = site.commit()
    assert [site.record() for _ in range(3)] == [0, 0, 0]
    assert site.files() == [named(commit, second) for second in range(3)]


def test_a_file_system_without_links_loses_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")
    monkeypatch.setattr(os, "link", refuse)
    commit = site.commit()
    assert [site.record() for _ in range(2)] == [0, 0]
    assert site.files() == [named(commit, second) for second in range(2)]
    for file in site.files():
        record_file.load(site.results / file)


def test_two_at_once_keep_both(site: Site, tmp_path: Path) -> None:
    commit = site.commit()
    (tmp_path / "meet").mkdir()
    runs = [site.start(FAKE="meet", MEET=str(tmp_path / "meet")) for _ in range(2)]
    for run in runs:
        _, said = run.communicate(timeout=PATIENCE_S)
        assert run.returncode == 0, said
    assert site.files() == [named(commit), named(commit, 1)]


# ---- what goes wrong ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fake", "told"), [("dirty", "context.commit.dirty is true"), ("key", "key is ffffffffffff"),
                                            ("wrong", "context.commit.id is 0000")])
def test_what_belongs_in_no_history_is_deleted(site: Site, fake: str, told: str) -> None:
    commit = site.commit(fake)
    with pytest.raises(Problem, match=f"{commit[:12]}: the record is refused and deleted: .*{told}"):
        site.record()
    assert site.files() == []


def test_what_cannot_be_read_is_kept(site: Site) -> None:
    commit = site.commit("broken")
    with pytest.raises(Problem, match=f"{commit[:12]}: the record is kept, but cannot be used: .*-unfiled-.*seed"):
        site.record()
    name, = site.files()
    assert name.startswith(f"{KEY}/{commit[:12]}-unfiled-")


def test_a_failed_case_is_kept_and_told(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    commit = site.commit("case")
    assert site.record() == 2
    assert site.files() == [named(commit)]
    assert f"{commit[:12]}: a case failed; the record is kept" in capfd.readouterr().err


def test_nothing_matched_is_nothing_measured(site: Site) -> None:
    site.commit("nothing")
    assert site.record() == 5
    assert site.files() == []


def test_commits_that_fail_do_not_stop_the_others(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    first = site.commit()
    broken, dirty, usage = site.commit("broken-build"), site.commit("dirty"), site.commit("usage")
    last = site.commit("last")
    assert site.record(first, f"{first}..{last}") == 2
    assert site.files() == sorted([named(first), named(last)])
    said = capfd.readouterr().err
    assert f"skipped: {broken[:12]}" in said
    assert f"{dirty[:12]}: the record is refused" in said
    assert f"{usage[:12]}: mpmt run exited with 2 and left no record" in said


def test_a_single_commit_that_does_not_build_is_a_problem(site: Site) -> None:
    site.commit("broken-build")
    with pytest.raises(BuildFailed):
        site.record()


def test_another_projects_program_is_refused(site: Site) -> None:
    site.commit("foreign")
    with pytest.raises(Problem, match="names no machine key: this is no mpmt"):
        site.record()


@pytest.mark.parametrize("options", [
    ["--out"], ["--out=x"], ["--dry-run"], ["--benchmark_dry_run"], ["--benchmark_out=x"],  # what record sets itself
    # another series each time
    ["--grain", "100us"], ["--grain=~100us"], ["--grain", "5000,2s"], ["--workload", "empty", "--grain=1ms"],
    # another thing than the commit
    ["--program", "a=./x"], ["--program=a=./x"], ["--with", "python"], ["--with=python"], ["--command", "a=true"],
    ["--serve=a=./x"], ["--twins"],
    ["--placement", "free"], ["--placement=free"], ["--placement", "free,free"],  # of no use
])
def test_what_no_history_can_use_is_refused_before_anything_is_built(site: Site, tmp_path: Path, options: list[str]) -> None:
    site.commit()
    name = next(option.partition("=")[0] for option in options if option not in ("--workload", "empty"))
    with pytest.raises(Problem, match=f"^{name}: "):
        site.record("--", *options)
    assert not (tmp_path / "cache").exists() and site.files() == []


@pytest.mark.parametrize("options", [["--grain", "100,5000"], ["--grain=~100"], ["--placement", "free,same"],
                                     ["--placement=spread"], ["--workload", "sleep_wait"], ["--family", "channel"]])
def test_other_options_choose_the_cases(options: list[str]) -> None:
    assert record.run_options(options) == options


def test_a_results_folder_that_cannot_be_made_is_named(site: Site) -> None:
    site.commit()
    with pytest.raises(Problem, match="--results: .*fake"):
        site.record("--results", "fake")


def test_ctrl_c_keeps_what_was_measured(site: Site) -> None:
    first, second = site.commit("wait"), site.commit("never measured")
    run = site.start(first, second)
    assert line_of(run.stdout, "the measurement") == "mpmt: measuring\n"
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 130, said
    assert site.files() == [named(first)]
    assert b"waiting for mpmt to store what it has measured" in said
    assert f"recorded: results/{named(first)}".encode() in said


def test_a_reader_that_goes_loses_no_record(site: Site) -> None:
    commit = site.commit("wait")
    run = site.start()
    assert line_of(run.stdout, "the measurement") == "mpmt: measuring\n"
    run.stdout.close()
    run.send_signal(signal.SIGINT)
    until(lambda: run.poll() is not None, "the run to end")
    assert site.files() == [named(commit)]
