"""`mpmt track history` in this process, over a synthetic repository and records that a test makes up."""

from __future__ import annotations

import argparse
import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import make_history as made
from mpmt.commands import history
from mpmt.measuring import engine

COUNT = 40
OTHER = {**made.EPOCH, "governor": "power save"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also: the machine is the one that made the records."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(engine, "find", lambda: Path("mpmt"))
    monkeypatch.setattr(engine, "machine_key", lambda program: made.KEY)


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    folder = tmp_path_factory.mktemp("history") / "repository"
    return folder, made.make_repository(folder, COUNT)


class Bench:
    """A repository with a results folder, and `history` run on them."""

    def __init__(self, tmp_path: Path, repository: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]) -> None:
        (self.repo, self.commits), self.results, self.capsys = repository, tmp_path / "results", capsys

    def write(self, levels: dict[str, Sequence[float]], **more: Any) -> None:
        made.write_history(self.results, self.commits, levels, **more)

    def run(self, *arguments: str) -> tuple[str, str]:
        """(standard output, standard error) of a run that ends well."""
        assert run(self.results, self.repo, *arguments) == 0
        return self.capsys.readouterr()

    def json(self, *arguments: str) -> dict[str, Any]:
        return json.loads(self.run("--json", *arguments)[0])


def options_of(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    history.add_arguments(parser)
    return parser.parse_args(arguments)


def run(results: Path, repo: Path, *arguments: str) -> int:
    return history.run(options_of("--results", str(results), "--repo", str(repo), *arguments))


@pytest.fixture
def bench(tmp_path: Path, repository: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]) -> Bench:
    return Bench(tmp_path, repository, capsys)


def stepped(at: int, step: float, *, seed: int = 1, level: float = 1e5) -> list[float]:
    random_ = random.Random(seed)
    return [level * (1 + step * (i >= at)) * math.exp(random_.gauss(0, 0.006)) for i in range(COUNT)]
