"""Builds that fail, and builds that do harm: each is named, and in nobody's way."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from bench import PATIENCE_S, Island
from build_site import BAD, DRIVER, GOOD, Site, gone, output_of
from repository import ENVIRONMENT

from mpmt.base.problem import Problem
from mpmt.builds.builds import BuildFailed, Recipe
from mpmt.builds.recipe import outcome

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
        assert not [path for path in island.path(str(disk)).rglob("*") if path.is_file()]
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
    DEEP, "cd .. && rm -rf tree && ln -s nowhere tree\n", "cd .. && rm -rf tmp && ln -s nowhere tmp\n",
    "ln -s nowhere ../new\n", "cd .. && rm -rf tree && touch tree\n",
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
        aside, = site.cache.glob("builds/*/*/left.*")
        assert any(line.startswith(f"{aside}: ") and "could not be removed" in line for line in site.said)
        assert output_of(builds.binary(site.commit(text="next"))) == "next"
    subprocess.run(["chattr", "-i", *site.cache.rglob("stays")], check=True, timeout=PATIENCE_S)
    site.builds()
    site.expect_clean()


@pytest.mark.parametrize("link", ['rmdir out; ln -s "$ELSE" out', 'rm -rf ../new; ln -s "$ELSE" ../new; ln -s "$ELSE" out',
                                  'mkdir out; cp "$ELSE/prog" "$ELSE/other"; ln -s "$ELSE/other" out/prog',
                                  'cd .. && mv tree moved && ln -s moved/.. tree; ln -s "$ELSE" out'])
def test_a_program_outside_its_checkout_is_not_taken(site: Site, link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two commits could have made it."""
    elsewhere = site.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "prog").write_text("#!/bin/sh\necho another\n")
    (elsewhere / "prog").chmod(0o755)
    monkeypatch.setenv("ELSE", str(elsewhere))
    commit = site.commit(f"{link} 2>/dev/null; true\n")
    fault = "out/prog is a symbolic link, or beyond one, that leads out"
    with site.builds() as builds, pytest.raises(BuildFailed, match=fault):
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
    assert not entry.is_symlink() and (site.folder / "moved" / "kept" / "prog").exists()


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
    ("fatal: no names found\na.cpp:3:1: error: no such thing\nb.cpp:1:1: error: also\nninja: build stopped",
     "a.cpp:3:1: error: no such thing"),
    ("CMake Error at CMakeLists.txt:3 (find_package):\n  By not providing Find\n-- Configuring incomplete, errors occurred!",
     "CMake Error at CMakeLists.txt:3 (find_package): By not providing Find"),
    ("-- Looking for x - not found\nall is lost", "-- Looking for x - not found"), ("all is lost", "all is lost"),
])
def test_the_first_complaint_is_the_reason_why_a_build_failed(log: str, reason: str) -> None:
    assert outcome(2, io.BytesIO(log.encode())) == f"the build failed (exit code 2): {reason}"
