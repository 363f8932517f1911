"""Small git repositories to test with."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

PATIENCE_S = 30.0
# Neither the user's settings nor a hook that runs these tests may change what they find.
ENVIRONMENT = {**{k: v for k, v in os.environ.items() if not k.startswith("GIT_")},
               "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
               "GIT_AUTHOR_NAME": "A. Tester", "GIT_AUTHOR_EMAIL": "tester@example.org",
               "GIT_COMMITTER_NAME": "A. Tester", "GIT_COMMITTER_EMAIL": "tester@example.org"}


class Repository:
    """A repository with a branch `main`; its first commit is made by the first call of `commit`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self._commits = 0
        if not (path / ".git").exists():
            self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        """Standard output of git in this repository, without the last newline; fails if git does."""
        # Every commit another second: times must not depend on how fast the test runs.
        date = f"2024-05-01T12:{self._commits // 60:02}:{self._commits % 60:02}+00:00"
        done = subprocess.run(["git", "-C", str(self.path), *arguments], capture_output=True, text=True,
                              timeout=PATIENCE_S, check=False,
                              env={**ENVIRONMENT, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date})
        assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
        return done.stdout.rstrip("\n")

    def write(self, files: dict[str, str | bytes]) -> None:
        """Into the work tree only. A file whose content begins with #! can be run."""
        for name, content in files.items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            data = content.encode() if isinstance(content, str) else content
            target.write_bytes(data)
            if data.startswith(b"#!"):
                target.chmod(0o755)

    def commit(self, files: dict[str, str | bytes] | None = None, message: str = "A change") -> str:
        """Commits these files on the current branch (an empty commit without any) and returns the commit's id."""
        self.write(files or {})
        if files:
            self.git("add", "--", *files)
        self._commits += 1
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.head()

    def merge(self, branch: str, message: str = "A merge") -> str:
        """Merges into the current branch, always with a merge commit, and returns its id."""
        self._commits += 1
        self.git("merge", "--quiet", "--no-ff", "--message", message, branch)
        return self.head()

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def clone(self, path: Path, *options: str) -> Repository:
        """A clone over the file protocol, so that --depth takes effect."""
        self.git("clone", "--quiet", *options, f"file://{self.path}", str(path))
        return Repository(path)
