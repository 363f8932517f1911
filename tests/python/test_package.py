"""What is said more than once of the Python package is the same everywhere: its version, and the packages that it needs."""

from __future__ import annotations

import ast
import re

from bench import ROOT
from mpmt import entrance

PROJECT = (ROOT / "scripts" / "pyproject.toml").read_text("utf-8")  # a TOML parser is in Python since 3.11 only


def stated(key: str) -> str:
    return re.search(rf"^{key} = (.*?)(?:  #.*)?$", PROJECT, re.MULTILINE)[1]


def test_the_packages_version_is_that_of_the_program() -> None:
    said = re.search(r"^project\(mpmt VERSION (\S+) ", (ROOT / "CMakeLists.txt").read_text("utf-8"), re.MULTILINE)
    assert ast.literal_eval(stated("version")) == said[1]


def test_its_dependencies_are_what_debian_installs_and_what_a_python_is_asked_for() -> None:
    listed = re.findall(r"^python +python3-(\S+)", (ROOT / "scripts" / "packages.txt").read_text("utf-8"), re.MULTILINE)
    dependencies = ast.literal_eval(stated("dependencies"))
    assert sorted(dependencies) == dependencies == sorted(listed)
    assert sorted(entrance.GROUPS["python"]) == dependencies


def test_it_runs_on_the_least_python_that_is_asked_for() -> None:
    least = ".".join(map(str, entrance.LEAST_VERSION))
    assert ast.literal_eval(stated("requires-python")) == f">={least}"
    assert ast.literal_eval(stated("python_version")) == least
    assert ast.literal_eval(stated("target-version")) == "py" + least.replace(".", "")
