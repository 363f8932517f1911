"""Files are written whole or not at all, to regular files only, and read without waiting for anybody."""

from __future__ import annotations

import errno
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mpmt.base import files
from mpmt.base.files import append, open_private, output_place, read_whole, whole_file, write_whole

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="makes something of another user's")


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def special(folder: Path, kind: str) -> Path:
    path = folder / "target"
    if kind == "a FIFO":
        os.mkfifo(path)
    elif kind == "a socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    elif kind == "a folder":
        path.mkdir()
    elif kind == "a character device":
        try:
            os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))  # like /dev/null, but the test's own
        except PermissionError:
            pytest.skip("no device can be made here")
    return path


KINDS = ["a FIFO", "a socket", "a folder", "a character device"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("linked", [False, True])
def test_what_is_no_regular_file_is_neither_replaced_nor_opened(tmp_path: Path, kind: str, linked: bool) -> None:
    target = made = special(tmp_path, kind)
    if linked:
        target = tmp_path / "link"
        target.symlink_to(made.name)
    before = sorted(path.name for path in tmp_path.iterdir()), os.lstat(made)
    for use in (lambda: write_whole(target, "x"), lambda: append(target, "x"), lambda: read_whole(target, 10)):
        with pytest.raises(OSError, match=f"{kind}, not a regular file"):
            use()
    assert (sorted(path.name for path in tmp_path.iterdir()), os.lstat(made)) == before


def test_what_becomes_special_while_it_is_written_stays(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="a FIFO"), whole_file(tmp_path / "target") as file:
        file.write(b"x")
        os.mkfifo(tmp_path / "target")
    assert [path.name for path in tmp_path.iterdir()] == ["target"] and (tmp_path / "target").is_fifo()


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("old")
    (tmp_path / "second").symlink_to("folder/file")
    (tmp_path / "first").symlink_to("second")
    write_whole(tmp_path / "first", "new")
    append(tmp_path / "first", "er")
    assert (tmp_path / "folder" / "file").read_text() == "newer"
    assert os.readlink(tmp_path / "first") == "second" and os.readlink(tmp_path / "second") == "folder/file"
    assert sorted(path.name for path in (tmp_path / "folder").iterdir()) == ["file"]


def test_a_link_to_nothing_and_one_to_itself_are_refused(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    for use in (write_whole, append):
        with pytest.raises(OSError, match="a symbolic link to nothing"):
            use(tmp_path / "dangling", "x")
        with pytest.raises(OSError) as caught:
            use(tmp_path / "loop", "x")
        assert caught.value.errno == errno.ELOOP
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dangling", "loop"]


@ROOT_ONLY
def test_in_a_folder_for_all_only_ones_own_links_are_followed(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    (tmp_path / "victim").write_text("precious")
    (shared / "theirs").symlink_to(tmp_path / "victim")
    (shared / "ours").symlink_to(tmp_path / "victim")
    os.chown(shared / "theirs", 12345, 12345, follow_symlinks=False)
    with pytest.raises(OSError, match="a symbolic link of uid 12345 in a folder for all"):
        write_whole(shared / "theirs", "x")
    assert (tmp_path / "victim").read_text() == "precious"
    write_whole(shared / "ours", "x")
    assert (tmp_path / "victim").read_text() == "x"


def test_names_of_temporaries_are_not_foreseen_and_nobody_elses_file_is_touched(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = []
    for _ in range(2):
        with whole_file(tmp_path / "target"):
            names += [path.name for path in tmp_path.iterdir() if path.name != "target"]
    assert len(set(names)) == 2 and all(name.startswith(".mpmt-") for name in names)
    monkeypatch.setattr(files.secrets, "token_hex", lambda _: "drawn")
    (tmp_path / "precious").write_text("precious")
    for planted in ("file", "link"):
        taken = tmp_path / ".mpmt-drawn.tmp"
        taken.write_text("a user's own") if planted == "file" else taken.symlink_to("precious")
        with pytest.raises(FileExistsError):
            write_whole(tmp_path / "target", "x")
        assert os.path.lexists(taken) and (tmp_path / "precious").read_text() == "precious"
        taken.unlink()


def test_a_long_name_has_a_temporary_as_well(tmp_path: Path) -> None:
    write_whole(tmp_path / ("ü" * 127), "x")
    assert (tmp_path / ("ü" * 127)).read_text() == "x"


@pytest.mark.parametrize("mask", [0, 0o022, 0o077, 0o777])
def test_modes_follow_the_umask_and_temporaries_are_private(tmp_path: Path, umask: None, mask: int) -> None:
    os.umask(mask)
    with whole_file(tmp_path / "target"):
        temporary, = tmp_path.iterdir()
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o600 & ~mask
    assert stat.S_IMODE((tmp_path / "target").stat().st_mode) == 0o666 & ~mask
    with whole_file(tmp_path / "private", mode=0o600):
        pass
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600 & ~mask


def test_the_umask_is_left_alone(tmp_path: Path, umask: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changed for a moment, it would be for every thread."""
    monkeypatch.setattr(os, "umask", lambda _: pytest.fail("set"))
    done = threading.Thread(target=write_whole, args=(tmp_path / "target", "x"))
    done.start()
    done.join()
    assert stat.S_IMODE((tmp_path / "target").stat().st_mode) == 0o644


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, OSError, GeneratorExit])
def test_whatever_ends_the_writing_the_temporary_goes_and_the_old_file_stays(tmp_path: Path,
                                                                             error: type[BaseException]) -> None:
    (tmp_path / "target").write_text("old")
    with pytest.raises(error), whole_file(tmp_path / "target") as file:
        file.write(b"new")
        raise error
    assert [path.name for path in tmp_path.iterdir()] == ["target"] and (tmp_path / "target").read_text() == "old"


def test_places_are_looked_at_without_making_anything(tmp_path: Path) -> None:
    assert output_place(tmp_path / "new" / "file") == tmp_path / "new" / "file"
    (tmp_path / "file").write_text("")
    assert output_place(tmp_path / "file") == tmp_path / "file"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    with pytest.raises(NotADirectoryError):
        output_place(tmp_path / "file" / "below")


def test_a_file_of_more_than_is_wanted_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes((1 << 20) + 1))
    assert len(read_whole(tmp_path / "file", (1 << 20) + 1)) == (1 << 20) + 1
    with pytest.raises(OSError, match="more than 1 MiB"):
        read_whole(tmp_path / "file", 1 << 20)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o777])
def test_a_private_file_is_for_its_user_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        os.close(open_private(tmp_path / "lock"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: (path.write_text(""), path.chmod(0o666)),
                                  lambda path: (path.write_text(""), path.with_name("other").hardlink_to(path))],
                         ids=["FIFO", "others may write", "two names"])
def test_what_others_have_a_hand_in_is_no_private_file(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "lock")
    with pytest.raises(PermissionError, match="this user alone"):
        open_private(tmp_path / "lock")
