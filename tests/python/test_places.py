"""Where mpmt track keeps things: only where nobody else can write, and never without saying why not."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from mpmt.base import places


@pytest.fixture(autouse=True)
def no_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in ("XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "home").mkdir()
    mask = os.umask(0o022)
    yield
    os.umask(mask)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0, 0o022, 0o777])
def test_what_is_made_is_this_users_alone_whatever_the_umask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                             mask: int) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    os.umask(mask)
    found = places.cache_folder()
    assert found == tmp_path / ".cache/mpmt"
    assert {mode(path) for path in (found, found.parent)} == {0o700}


def test_a_named_folder_goes_before_that_of_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "named"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert places.cache_folder() == tmp_path / "named" / "mpmt"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    assert places.cache_folder() == tmp_path / "home" / ".cache/mpmt"


def unsafe(folder: Path, how: str) -> None:
    if how == "a file":
        return folder.write_text("")
    if how == "a link":
        (folder.parent / "elsewhere").mkdir(0o700)
        return folder.symlink_to("elsewhere")
    if how == "a dangling link":
        return folder.symlink_to("nowhere")
    folder.mkdir()
    folder.chmod({"for the group": 0o770, "for all": 0o707, "sticky for all": 0o1777}.get(how, 0o700))


KINDS = {"a file": "not a folder", "a link": "symbolic link", "a dangling link": "symbolic link",
         "for the group": "0770", "for all": "0707", "sticky for all": "1777"}


@pytest.mark.parametrize("how", KINDS)
def test_an_unsafe_folder_is_refused_by_its_name_and_that_of_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                          how: str) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    unsafe(tmp_path / "mpmt", how)
    with pytest.raises(places.NoPlace, match="XDG_CACHE_HOME") as refused:
        places.cache_folder()
    assert KINDS[how] in str(refused.value) and str(tmp_path / "mpmt") in str(refused.value)
    assert list((tmp_path / "home").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder to another user")
def test_folders_of_others_are_neither_used_nor_written_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs, planted = tmp_path / "theirs", tmp_path / "planted"
    theirs.mkdir()
    (planted / "mpmt").mkdir(parents=True)
    for folder in (theirs, planted / "mpmt"):
        os.chown(folder, 12345, 12345)
    monkeypatch.setenv("HOME", str(theirs))  # as with `sudo`, which may keep HOME
    for cache, named in (("", theirs), (str(planted), planted)):
        monkeypatch.setenv("XDG_CACHE_HOME", cache)
        with pytest.raises(places.NoPlace, match="belongs to uid 12345") as refused:
            places.cache_folder()
        assert str(named) in str(refused.value)
    assert list(theirs.iterdir()) == [] == list((planted / "mpmt").iterdir())


def test_a_home_that_is_not_there_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    with pytest.raises(places.NoPlace, match=f"{tmp_path}/nobody is no folder"):
        places.cache_folder()
    assert not (tmp_path / "nobody").exists()


def test_without_any_variable_there_is_a_refusal() -> None:
    with pytest.raises(places.NoPlace, match="XDG_CACHE_HOME.*HOME"):
        places.cache_folder()


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "mpmt").mkdir(0o755)
    assert mode(places.cache_folder()) == 0o755
