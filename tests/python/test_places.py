"""Where track.py keeps things: only where nobody else can write, and never without saying why not."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from mpmt.base import places


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(places, "_told", set())
    monkeypatch.setattr(places, "RUN", tmp_path / "run")
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "HOME"):
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
    for found, expected in ((places.state_folder(), ".local/state/mpmt"), (places.cache_folder(), ".cache/mpmt")):
        assert found == tmp_path / expected
        assert {mode(path) for path in (found, found.parent)} == {0o700}


def test_the_first_that_can_be_used_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                            capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "named"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "run" / str(os.geteuid())).mkdir(parents=True)
    assert places.state_folder() == tmp_path / "named" / "mpmt"
    monkeypatch.setenv("XDG_STATE_HOME", "relative/is/ignored")
    assert places.state_folder() == tmp_path / "home" / ".local/state/mpmt"
    monkeypatch.delenv("HOME")
    assert places.state_folder() == tmp_path / "run" / str(os.geteuid()) / "mpmt"
    assert capsys.readouterr().err == ""


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
def test_an_unsafe_folder_is_passed_over_and_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                       capsys: pytest.CaptureFixture[str], how: str) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    unsafe(tmp_path / "mpmt", how)
    for _ in range(2):
        assert places.state_folder() == tmp_path / "home" / ".local/state/mpmt"
        assert places.state_to_read() == tmp_path / "home" / ".local/state/mpmt"
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and said[0].startswith("warning: ") and str(tmp_path / "mpmt") in said[0] and KINDS[how] in said[0]


@pytest.mark.parametrize("how", KINDS)
def test_an_unsafe_cache_is_a_refusal_that_names_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                              capsys: pytest.CaptureFixture[str], how: str) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    unsafe(tmp_path / "mpmt", how)
    with pytest.raises(places.NoPlace, match="XDG_CACHE_HOME"):
        places.cache_folder()
    assert KINDS[how] in capsys.readouterr().err and list((tmp_path / "home").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder to another user")
def test_folders_of_others_are_neither_used_nor_written_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                             capsys: pytest.CaptureFixture[str]) -> None:
    theirs, planted = tmp_path / "theirs", tmp_path / "planted"
    theirs.mkdir()
    (planted / "mpmt").mkdir(parents=True)
    for folder in (theirs, planted / "mpmt"):
        os.chown(folder, 12345, 12345)
    monkeypatch.setenv("HOME", str(theirs))  # as with `sudo`, which may keep HOME
    monkeypatch.setenv("XDG_STATE_HOME", str(planted))
    with pytest.raises(places.NoPlace, match="XDG_STATE_HOME"):
        places.state_folder()
    said = capsys.readouterr().err
    assert "belongs to uid 12345" in said and str(planted) in said and str(theirs) in said
    assert list(theirs.iterdir()) == [] == list((planted / "mpmt").iterdir())
    assert places.state_to_read() is None


def test_a_home_that_is_not_there_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                              capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    with pytest.raises(places.NoPlace):
        places.state_folder()
    assert places.state_to_read() is None and not (tmp_path / "nobody").exists()
    assert f"{tmp_path}/nobody is no folder" in capsys.readouterr().err


def test_without_any_variable_there_is_a_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    for folder, variable in ((places.state_folder, "XDG_STATE_HOME"), (places.cache_folder, "XDG_CACHE_HOME")):
        with pytest.raises(places.NoPlace, match=f"{variable}.*HOME"):
            folder()
    assert places.state_to_read() is None


def test_reading_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "named"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home" / ".local/state/mpmt").mkdir(parents=True)
    assert places.state_to_read() is None, "what would be written goes to the first, so nothing else is read"
    assert not (tmp_path / "named").exists()


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "mpmt").mkdir(0o755)
    assert mode(places.cache_folder()) == 0o755
