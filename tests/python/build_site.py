"""A place where tests build commits: a repository, a cache, and processes that build."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import PATIENCE_S, ROOT, until
from repository import ENVIRONMENT, Repository

from mpmt.builds.builds import Builds, Recipe

# The "build" runs what the commit brings; $COUNT gets a line for each time.
RECIPE = Recipe('echo run >>"$COUNT" && sh ./build.sh', "out/prog")
GOOD = "mkdir -p out && cp prog.sh out/prog\n"
BAD = "echo 'prog.cpp:1: error: no such thing' >&2; echo make: stopped; exit 3\n"
TOOLS = {"c++ --version": "test"}
# Builds the commit sys.argv[3] of the repository sys.argv[1] into the cache sys.argv[2], and says what happens; with
# sys.argv[4], uses it until there is such a file.
DRIVER = f"""
import os, signal, sys, time
from pathlib import Path
sys.path.insert(0, {str(ROOT / "scripts")!r})
from mpmt.base.problem import Problem
from mpmt.builds import builds as builds_module
from mpmt.builds.builds import Builds, Recipe
builds_module.tools = lambda: {TOOLS!r}
def say(line): print(line, flush=True)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell ignores it
try:
    with Builds(Path(sys.argv[1]), Recipe({RECIPE.command!r}, {RECIPE.binary!r}), Path(sys.argv[2]), say) as builds:
        say(builds.binary(sys.argv[3]))
        if sys.argv[4:]:  # use it until this file is there
            say(builds.tree(sys.argv[3]))
            while not os.path.exists(sys.argv[4]): time.sleep(0.01)
except Problem as problem:
    say(f"{{type(problem).__name__}}: {{problem}}")
    sys.exit(problem.exit_code)
except KeyboardInterrupt:
    sys.exit(130)
"""
# A program that reads a file of its source tree, whose path was known when it was built.
READS = 'mkdir out; printf "#!/bin/sh\\ncat %s/data" "$PWD" >out/prog; chmod +x out/prog; echo made >made\n'


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

    def start(self, commit: str, *until: Path) -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, "-c", DRIVER, self.repository.path, self.cache, commit, *until],
                                   env={**ENVIRONMENT, "COUNT": str(self.count)}, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.started.append(process)
        return process

    def entries(self) -> list[Path]:
        """Folders of complete builds."""
        return sorted(path.parent.parent for path in self.cache.glob("builds/*/*-*/kept/manifest.json"))

    def is_clean(self) -> bool:
        """Whether nothing half-made is left, and no tree that nobody uses."""
        return (sorted(self.cache.glob("builds/*/*")) == self.entries()
                and {path.name for path in self.cache.glob("builds/*/*/*")} <= {"lock", "kept"})

    def expect_clean(self) -> None:
        assert self.is_clean(), list(self.cache.glob("builds/*/*/*"))


def output_of(program: Path) -> str:
    return subprocess.run([program], capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout.strip()


def stuck(site: Site) -> str:
    """A commit whose build says that it runs, and then waits for a file $COUNT.go; not for ever, whatever becomes of the
    test."""
    return site.commit('trap "" TERM; echo $$ >"$COUNT.pid.new"; mv "$COUNT.pid.new" "$COUNT.pid"\n'
                       f'tries=0; until [ -e "$COUNT.go" ] || [ $((tries += 1)) -gt {PATIENCE_S / 0.02:.0f} ]; do '
                       f"sleep 0.02; done\n{GOOD}")


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


def with_submodule(site: Site, build: str) -> str:
    part = Repository(site.folder / "part")
    part.commit({"data": "of a submodule\n"})
    site.repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(part.path), "part")
    return site.repository.commit({"build.sh": build})
