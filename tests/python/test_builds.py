"""Binaries of commits: built once, at one path, kept while they are used, and nothing half-made after a failure."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bench import PATIENCE_S, ROOT, Island, until
from repository import ENVIRONMENT, Repository

from mpmt_tracking import builds as builds_module
from mpmt_tracking import worktrees
from mpmt_tracking.builds import BuildFailed, Builds, Recipe
from mpmt_tracking.problem import Problem
from mpmt_tracking.recipe import outcome

# The "build" runs what the commit brings; $COUNT gets a line for each time.
RECIPE = Recipe('echo run >>"$COUNT" && sh ./build.sh', "out/prog")
GOOD = "mkdir -p out && cp prog.sh out/prog\n"
BAD = "echo 'prog.cpp:1: error: no such thing' >&2; echo make: stopped; exit 3\n"
# Builds the commit sys.argv[3] of the repository sys.argv[1] into the cache sys.argv[2], and says what happens.
DRIVER = f"""
import signal, sys
from pathlib import Path
sys.path.insert(0, {str(ROOT / "scripts")!r})
from mpmt_tracking.builds import Builds, Recipe
from mpmt_tracking.problem import Problem
def say(line): print(line, flush=True)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell ignores it
try:
    with Builds(Path(sys.argv[1]), Recipe({RECIPE.command!r}, {RECIPE.binary!r}), Path(sys.argv[2]), say) as builds:
        say(builds.binary(sys.argv[3]))
except Problem as problem:
    say(f"{{type(problem).__name__}}: {{problem}}")
    sys.exit(problem.exit_code)
except KeyboardInterrupt:
    sys.exit(130)
"""


class Site:
    """A repository, a cache, and processes that build."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = Repository(folder / "repository")
        self.cache = folder / "cache"
        self.count = folder / "count"
        self.said: list[str] = []
        self.started: list[subprocess.Popen[str]] = []

    def commit(self, build: str = GOOD, text: str = "hello") -> str:
        return self.repository.commit({"build.sh": build, "prog.sh": f"#!/bin/sh\necho {text}\n"}, f"Says {text}")

    def builds(self, **options: Any) -> Builds:
        return Builds(self.repository.path, options.pop("recipe", RECIPE), options.pop("cache", self.cache),
                      self.said.append, **options)

    def times_built(self) -> int:
        return len(self.count.read_text().split()) if self.count.exists() else 0

    def start(self, commit: str, cache: Path | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, "-c", DRIVER, str(self.repository.path), str(cache or self.cache),
                                    commit], env={**ENVIRONMENT, "COUNT": str(self.count)}, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.started.append(process)
        return process

    def entries(self) -> list[Path]:
        """Complete builds."""
        return sorted(path.parent for path in self.cache.glob("builds/*/*-*/manifest.json"))

    def expect_clean(self) -> None:
        """Nothing half-made is left."""
        left = [path for path in self.cache.glob("builds/*/*") if path.name != "lock"]
        assert sorted(left) == self.entries()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    made = Site(tmp_path)
    monkeypatch.setenv("COUNT", str(made.count))
    monkeypatch.setattr(builds_module, "tools", lambda: {"c++ --version": "test"})
    yield made
    for process in made.started:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)  # killed, it would leave its build behind
        process.communicate(timeout=PATIENCE_S)


def output_of(program: Path) -> str:
    return subprocess.run([program], capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout.strip()


# ---- what is built -----------------------------------------------------------------------------------------


def test_each_commit_has_its_own_binary(site: Site) -> None:
    old, new = site.commit(text="old"), site.commit(text="new")
    site.repository.write({"prog.sh": "#!/bin/sh\necho not committed\n"})
    with site.builds() as builds:
        assert output_of(builds.binary(old)) == "old"
        assert output_of(builds.binary(new)) == "new"
        assert builds.binary(new).is_absolute()
    assert any("building" in line and old[:12] in line and "Says old" in line for line in site.said)
    site.expect_clean()


def test_a_commit_is_built_once(site: Site) -> None:
    commit = site.commit()
    for _ in range(2):
        with site.builds() as builds:
            assert builds.binary(commit) == builds.binary(commit)
    assert site.times_built() == 1
    with site.builds(rebuild=True) as builds:
        assert builds.binary(commit) == builds.binary(commit)
    assert site.times_built() == 2


def test_another_recipe_or_compiler_is_another_build(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = site.commit()
    found = set()
    for recipe, tool in [(RECIPE, "test"), (Recipe(f"{RECIPE.command} # other", RECIPE.binary), "test"),
                         (RECIPE, "newer")]:
        monkeypatch.setattr(builds_module, "tools", lambda tool=tool: {"c++ --version": tool})
        with site.builds(recipe=recipe) as builds:
            found.add(builds.binary(commit))
    assert len(found) == site.times_built() == 3


def test_all_builds_happen_at_one_path(site: Site) -> None:
    where = 'mkdir out && printf "#!/bin/sh\\necho %s" "$PWD $SOURCE_DATE_EPOCH" >out/prog && chmod +x out/prog\n'
    with site.builds() as builds:
        first, second = (builds.binary(site.commit(where, text)) for text in "ab")
        assert first.read_bytes() == second.read_bytes()
        assert first != second


def test_the_build_identity_and_a_manifest_are_kept(site: Site) -> None:
    commit = site.commit(GOOD + "echo '{}' >out/prog.build.json; touch out/prog.o\n")
    with site.builds() as builds:
        folder = builds.binary(commit).parent
    assert {path.name for path in folder.iterdir()} == {"prog", "prog.build.json", "build.log", "manifest.json", "lock"}
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["commit"], manifest["failed"]) == (commit, None)
    assert len(manifest["sha256"]) == 64


def test_submodules_are_there(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file")
    part = Repository(site.folder / "part")
    part.commit({"prog.sh": "#!/bin/sh\necho from a submodule\n"})
    site.repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(part.path), "part")
    commit = site.commit("mkdir out && cp part/prog.sh out/prog\n")
    with site.builds() as builds:
        assert output_of(builds.binary(commit)) == "from a submodule"
    site.expect_clean()


def test_a_shallow_clone_and_a_detached_head_can_be_built(site: Site) -> None:
    site.commit(text="old")
    commit = site.commit(text="new")
    clone = site.repository.clone(site.folder / "clone", "--depth=1")
    clone.git("switch", "--quiet", "--detach", commit)
    with Builds(clone.path, RECIPE, site.cache) as builds:
        assert output_of(builds.binary(commit)) == "new"


def test_a_hooks_repository_does_not_get_into_the_build(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = site.commit('mkdir out && printf "#!/bin/sh\\necho %s" $(git rev-parse HEAD) >out/prog && '
                         "chmod +x out/prog\n")
    site.commit()
    monkeypatch.setenv("GIT_DIR", str(site.repository.path / ".git"))
    with site.builds() as builds:
        assert output_of(builds.binary(commit)) == commit


# ---- what fails --------------------------------------------------------------------------------------------


def test_a_commit_that_does_not_build_is_named_and_remembered(site: Site) -> None:
    commit = site.commit(BAD)
    for _ in range(2):
        with site.builds() as builds, pytest.raises(BuildFailed) as caught:
            builds.binary(commit)
        assert caught.value.commit == commit
        assert "prog.cpp:1: error: no such thing" in str(caught.value)
        assert "exit code 3" in str(caught.value) and commit[:12] in str(caught.value)
        assert "make: stopped" in caught.value.log.read_text()
        assert "\n" not in str(caught.value)
    assert site.times_built() == 1
    with site.builds(rebuild=True) as builds, pytest.raises(BuildFailed):
        builds.binary(commit)
    assert site.times_built() == 2
    site.expect_clean()


@pytest.mark.parametrize(("build", "told"), [("true\n", "made no program out/prog"),
                                             ("mkdir -p out/prog\n", "made no program"),
                                             ("mkdir out; echo x >out/prog\n", "made no program")])
def test_a_build_that_makes_no_program_has_failed(site: Site, build: str, told: str) -> None:
    with site.builds() as builds, pytest.raises(BuildFailed, match=told):
        builds.binary(site.commit(build))


@pytest.mark.skipif(not (shutil.which("cc") and shutil.which("ldd")), reason="no compiler")
def test_a_program_that_needs_its_build_folder_is_refused(site: Site) -> None:
    commit = site.repository.commit({"build.sh": "mkdir out && cc -shared -o out/libpart.so part.c && cc -o out/prog "
                                     'main.c -Lout -lpart "-Wl,-rpath,$PWD/out"\n',
                                     "part.c": "int part(void) {return 0;}",
                                     "main.c": "int part(void); int main(void) {return part();}"})
    with site.builds() as builds, pytest.raises(BuildFailed, match="libpart.so.*link it statically"):
        builds.binary(commit)


@pytest.mark.parametrize("reason", ["echo 'fatal error: No space left on device'; exit 1",
                                    "kill -KILL $PPID; sleep 60"], ids=["full", "killed"])
def test_a_passing_failure_is_not_remembered(site: Site, reason: str) -> None:
    commit = site.commit(f'[ -e "$COUNT.again" ] || {{ touch "$COUNT.again"; {reason}; }}\n{GOOD}')
    with site.builds() as builds:
        with pytest.raises(Problem, match="try again") as caught:
            builds.binary(commit)
        assert not isinstance(caught.value, BuildFailed)
        site.expect_clean()
        assert output_of(builds.binary(commit)) == "hello"


@pytest.mark.parametrize("binary", ["/bin/sh", "../prog", "", "."])
def test_the_binary_lies_in_the_checkout(site: Site, binary: str) -> None:
    site.commit()
    with pytest.raises(Problem, match="--binary"):
        site.builds(recipe=Recipe("true", binary))


def test_a_cache_that_cannot_be_made_is_named(site: Site) -> None:
    commit = site.commit()
    (site.folder / "file").write_text("in the way")
    with site.builds(cache=site.folder / "file") as builds, pytest.raises(Problem, match="file.*XDG_CACHE_HOME"):
        builds.binary(commit)


@pytest.mark.parametrize("build", ["mkdir out; dd if=/dev/zero of=out/big bs=1M count=64\n",
                                   "mkdir out; head -c 5000000 /dev/zero >out/prog; chmod +x out/prog\n"],
                         ids=["while building", "while keeping"])
def test_a_full_disk_is_a_problem_and_leaves_nothing(site: Site, build: str) -> None:
    disk = site.folder / "disk"
    disk.mkdir()
    with Island([(str(disk), "8m")]) as island:
        if island.why_not:
            pytest.skip(f"no mount namespace: {island.why_not}")
        command = island.command(site.folder, [sys.executable, "-c", DRIVER, site.repository.path, disk / "cache",
                                               site.commit(build)])
        done = subprocess.run(command, env={**ENVIRONMENT, "COUNT": str(site.count)}, capture_output=True, text=True,
                              timeout=PATIENCE_S, check=False)
        assert done.returncode == 2, done
        assert done.stdout.splitlines()[-1].startswith("Problem: ")
        assert "space" in done.stdout
        left = island.path(str(disk)).rglob("*")
        assert [path.name for path in left if path.is_file()] == ["lock"]
    site.expect_clean()


# ---- what builds do to others -------------------------------------------------------------------------------


def test_a_daemon_of_a_build_ends_with_it(site: Site) -> None:
    """In a session of its own, with nothing in its environment that tells where it came from."""
    pid = site.folder / "daemon.pid"
    daemon = f"echo $$ >{pid}.new; mv {pid}.new {pid}; exec sleep 600"
    commit = site.commit(f"env -i PATH=$PATH setsid sh -c '{daemon}' >/dev/null 2>&1 &\n"
                         f"while [ ! -e {pid} ]; do sleep 0.02; done\n{GOOD}")
    with site.builds() as builds:
        assert output_of(builds.binary(commit)) == "hello"
        ended = gone(int(pid.read_text()))()
    if not ended:
        os.kill(int(pid.read_text()), signal.SIGKILL)
    assert ended


DEEP = f"{sys.executable} -c 'import os\nfor _ in range(3000): os.mkdir(\"deep\"); os.chdir(\"deep\")'\n"


@pytest.mark.parametrize("build", [
    DEEP, "cd .. && rm -rf worktree && ln -s nowhere worktree\n", "cd .. && rm -rf tmp && ln -s nowhere tmp\n",
    "ln -s nowhere ../new\n", "cd .. && rm -rf worktree && touch worktree\n",
    "mkdir a a/b && touch a/b/c && chmod 0 a/b && chmod 500 a\n"])
def test_whatever_a_build_leaves_is_in_nobodys_way(site: Site, build: str) -> None:
    with site.builds() as builds, contextlib.suppress(BuildFailed):
        builds.binary(site.commit(build + "exit 1\n"))
    site.expect_clean()
    with site.builds() as builds:
        assert output_of(builds.binary(site.commit())) == "hello"


@pytest.fixture
def mutable_again(site: Site) -> Iterator[None]:
    yield
    for path in site.cache.rglob("stays"):
        subprocess.run(["chattr", "-i", path], check=True, timeout=PATIENCE_S)


@pytest.mark.usefixtures("mutable_again")
def test_what_cannot_be_removed_is_set_aside_and_named(site: Site) -> None:
    commit = site.commit("touch stays && chattr +i stays || exit 7\n" + GOOD)
    with site.builds() as builds:
        try:
            builds.binary(commit)
        except BuildFailed:
            pytest.skip("no file can be made immutable here")
        aside, = site.cache.glob("builds/*/left.*")
        assert any(line.startswith(f"{aside}: ") and "could not be removed" in line for line in site.said)
        assert output_of(builds.binary(site.commit(text="next"))) == "next"
    subprocess.run(["chattr", "-i", *site.cache.rglob("stays")], check=True, timeout=PATIENCE_S)
    site.builds()
    site.expect_clean()


@pytest.mark.parametrize("link", ['rmdir out; ln -s "$ELSE" out', 'rm -rf ../new; ln -s "$ELSE" ../new; ln -s "$ELSE" out',
                                  'mkdir out; cp "$ELSE/prog" "$ELSE/other"; ln -s "$ELSE/other" out/prog',
                                  'cd .. && mv worktree moved && ln -s moved/.. worktree; ln -s "$ELSE" out'])
def test_a_program_outside_its_checkout_is_not_taken(site: Site, link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two commits could have made it."""
    elsewhere = site.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "prog").write_text("#!/bin/sh\necho another\n")
    (elsewhere / "prog").chmod(0o755)
    monkeypatch.setenv("ELSE", str(elsewhere))
    commit = site.commit(f"{link} 2>/dev/null; true\n")
    with site.builds() as builds, pytest.raises(BuildFailed, match="out/prog is a symbolic link, or beyond one, that leads out"):
        builds.binary(commit)
    assert (elsewhere / "prog").exists()
    site.expect_clean()


def test_what_is_published_lies_in_its_own_folder(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stood at the place to which finished builds are copied."""
    elsewhere = site.folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("ELSE", str(elsewhere))
    with site.builds() as builds:
        one, two = (builds.binary(site.commit(f'rm -rf ../new; ln -s "$ELSE" ../new\n{GOOD}', text)) for text in "ab")
        assert (output_of(one), output_of(two)) == ("a", "b")
    assert list(elsewhere.iterdir()) == []


def test_a_build_that_has_become_a_link_is_built_again(site: Site) -> None:
    commit = site.commit()
    with site.builds() as builds:
        builds.binary(commit)
    entry, = site.entries()
    entry.rename(site.folder / "moved")
    entry.symlink_to(site.folder / "moved")
    with site.builds() as builds:
        assert output_of(builds.binary(commit)) == "hello"
    assert not entry.is_symlink() and (site.folder / "moved" / "prog").exists()


def test_a_cache_that_is_mounted_noexec_is_said_and_not_the_commits_fault(site: Site) -> None:
    disk, commit = site.folder / "disk", site.commit()
    disk.mkdir()
    with Island([(str(disk), "8m,noexec")]) as island:
        if island.why_not:
            pytest.skip(f"no mount namespace: {island.why_not}")
        command = island.command(site.folder, [sys.executable, "-c", DRIVER, site.repository.path, disk / "cache", commit])
        done = subprocess.run(command, env={**ENVIRONMENT, "COUNT": str(site.count)}, capture_output=True, text=True,
                              timeout=PATIENCE_S, check=False)
        assert done.returncode == 2 and done.stdout.startswith(f"Problem: {disk}") and "mounted noexec" in done.stdout, done
        assert not list(island.path(str(disk)).rglob("manifest.json"))


@pytest.mark.parametrize(("log", "reason"), [
    ("sh: 1: git-lfs: not found\nmake: *** [all] Error 127", "sh: 1: git-lfs: not found"),
    ("fatal: no names found\na.cpp:3:1: error: no such thing\nb.cpp:1:1: error: also\nninja: build stopped", "a.cpp:3:1: error: no such thing"),
    ("CMake Error at CMakeLists.txt:3 (find_package):\n  By not providing Find\n-- Configuring incomplete, errors occurred!",
     "CMake Error at CMakeLists.txt:3 (find_package): By not providing Find"),
    ("-- Looking for x - not found\nall is lost", "-- Looking for x - not found"), ("all is lost", "all is lost"),
])
def test_the_first_complaint_is_the_reason_why_a_build_failed(log: str, reason: str) -> None:
    assert outcome(2, io.BytesIO(log.encode())) == f"the build failed (exit code 2): {reason}"


# ---- who interrupts ----------------------------------------------------------------------------------------


def stuck(site: Site) -> str:
    """A commit whose build says that it runs, and then waits for a file $COUNT.go."""
    return site.commit('trap "" TERM; echo $$ >"$COUNT.pid.new"; mv "$COUNT.pid.new" "$COUNT.pid"\n'
                       f'while [ ! -e "$COUNT.go" ]; do sleep 0.02; done\n{GOOD}')


def build_of(site: Site) -> int:
    """The process id of the stuck build, once it runs."""
    pid_file = site.folder / "count.pid"
    until(pid_file.exists, "the build to start")
    return int(pid_file.read_text())


def gone(pid: int) -> Callable[[], bool]:
    def is_gone() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
        except OSError:
            return True
    return is_gone


def test_ctrl_c_ends_the_build_and_clears_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = stuck(site)
    process = site.start(commit)
    build = build_of(site)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert gone(build)()
    site.expect_clean()
    assert site.entries() == []


def test_what_a_killed_run_left_is_swept(site: Site) -> None:
    commit = stuck(site)
    process = site.start(commit)
    build = build_of(site)
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    assert list(site.cache.glob("builds/*/worktree"))
    (site.folder / "count.pid").unlink()
    with site.builds() as builds:
        site.expect_clean()
        until(gone(build), "the orphaned build to end")
        (site.folder / "count.go").touch()
        assert output_of(builds.binary(commit)) == "hello"


def test_a_running_build_is_not_swept(site: Site) -> None:
    commit = stuck(site)
    process = site.start(commit)
    build = build_of(site)
    site.builds()
    assert not gone(build)()
    (site.folder / "count.go").touch()
    assert process.communicate(timeout=PATIENCE_S)[0].splitlines()[-1].endswith("/prog")


def test_two_at_once_build_once(site: Site) -> None:
    commit = stuck(site)
    first = site.start(commit)
    build_of(site)
    second = site.start(commit)
    assert second.stdout.readline() == f"waiting: process {first.pid} is building commits of this repository\n"
    (site.folder / "count.go").touch()
    results = [process.communicate(timeout=PATIENCE_S)[0].splitlines()[-1] for process in (first, second)]
    assert results[0] == results[1] and results[0].endswith("/prog")
    assert site.times_built() == 1


# ---- what is kept ------------------------------------------------------------------------------------------


def test_the_least_recently_used_builds_go_first(site: Site) -> None:
    commits = [site.commit(text=str(n)) for n in range(3)]
    with site.builds() as builds:
        for commit in commits[:2]:
            builds.binary(commit)
    for entry in site.entries():
        os.utime(entry / "manifest.json", (1, 1))
    with site.builds(limit_builds=2) as builds:
        builds.binary(commits[0])
    with site.builds(limit_builds=2) as builds:
        builds.binary(commits[2])
    assert {entry.name[:12] for entry in site.entries()} == {commits[0][:12], commits[2][:12]}


def test_a_build_in_use_is_never_evicted(site: Site) -> None:
    commits = [site.commit(text=str(n)) for n in range(3)]
    with site.builds(limit_builds=1) as builds:
        used = [builds.binary(commit) for commit in commits[:2]]
        with site.builds(limit_builds=1, limit_bytes=1) as other:
            used.append(other.binary(commits[2]))
        assert [output_of(program) for program in used] == ["0", "1", "2"]
    with site.builds(limit_bytes=1) as builds:
        builds.binary(site.commit(text="last"))
    assert len(site.entries()) == 1


def test_a_build_in_use_is_not_rebuilt_under_its_user(site: Site) -> None:
    commit = site.commit()
    with site.builds() as builds:
        program = builds.binary(commit)
        with site.builds(rebuild=True) as other, pytest.raises(Problem, match="--rebuild: another process is using"):
            other.binary(commit)
        assert output_of(program) == "hello"


def test_what_a_killed_removal_has_left_is_in_nobodys_way(site: Site) -> None:
    commit = site.commit()
    with site.builds() as builds:
        builds.binary(commit)
    entry, = site.entries()
    for name in ("lock", "manifest.json"):
        (entry / name).unlink()
    with site.builds() as builds:
        assert output_of(builds.binary(commit)) == "hello"
    (entry / "lock").unlink()  # of a whole build, too
    with site.builds() as builds:
        assert output_of(builds.binary(commit)) == "hello"
    assert site.times_built() == 3


def test_a_build_that_never_ends_has_failed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = stuck(site)
    monkeypatch.setattr(worktrees, "BUILD_S", 0.2)
    monkeypatch.setattr(worktrees, "GRACE_S", 0.1)
    with site.builds() as builds, pytest.raises(BuildFailed, match="the build did not end within"):
        builds.binary(commit)
    assert gone(build_of(site))()
    site.expect_clean()


def test_a_workshop_is_not_waited_for_without_end(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = stuck(site)
    process = site.start(commit)
    build_of(site)
    monkeypatch.setattr(worktrees, "HELD_S", 0.1)
    with site.builds() as builds, pytest.raises(Problem, match=f"process {process.pid} has kept its lock for"):
        builds.binary(site.commit(text="other"))
