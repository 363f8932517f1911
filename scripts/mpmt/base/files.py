"""Files that appear whole or not at all, and files that are read without waiting for anybody. Nothing but regular files is
opened: what stands at a path is looked at before and after that, for a name says nothing."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

STANDARD_OUTPUT = ("-", "/dev/stdout")  # how an option names it where it takes the file for a text
_KINDS = {stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a character device",
          stat.S_IFBLK: "a block device", stat.S_IFDIR: "a folder"}
_MOST_LINKS = 40  # as the kernel has it
_PLAIN_FLAGS = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC  # should it be something else by now, opening it does not wait
_UNKNOWN_UMASK = 0o077

# ---- writing -----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def whole_file(target: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """A binary file to write to, which takes `target`'s place when the block ends without an exception.

    It is written under a temporary name in the same folder (made if missing), flushed to the device, given `mode` less
    the umask, and renamed. On any exception, a full disk and KeyboardInterrupt included, the temporary file is removed
    and whatever was at `target` stays. Where `target` is a link, that stays, and the file that it leads to is replaced.
    Raises OSError, also for what `output_place` refuses.
    """
    place = output_place(target)
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary, ours = place.parent / f".mpmt-{secrets.token_hex(8)}.tmp", True
    try:
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError:
            ours = False
            raise
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fchmod(handle, mode & ~_umask())
            os.fsync(handle)
        if os.path.lexists(place):  # it may have come meanwhile
            _refuse_special(os.lstat(place).st_mode, target)
        os.replace(temporary, place)
    except BaseException:
        if ours:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
        raise


def write_whole(target: Path, text: str, mode: int = 0o666) -> None:
    """`whole_file` for text, in UTF-8."""
    with whole_file(target, mode) as file:
        file.write(text.encode("utf-8"))


def append(target: Path, text: str) -> None:
    """Adds to the end of a file, made if missing, in UTF-8. Raises OSError, also for what `output_place` refuses."""
    place = output_place(target)
    handle = os.open(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | _PLAIN_FLAGS, 0o666)
    with os.fdopen(handle, "wb") as file:
        _refuse_special(os.fstat(handle).st_mode, target)
        file.write(text.encode("utf-8"))


def output_place(target: Path) -> Path:
    """Where a file that is to be written as `target` lies, or will lie: `target` itself, or what it is a link to.

    Raises OSError for what is not a regular file, for a link to nothing, and for a link that somebody else has put into
    a folder for all, such as /tmp. Nothing is opened or made.
    """
    with contextlib.suppress(FileNotFoundError):
        _refuse_special(os.stat(target).st_mode, target)
    place = Path(target)
    for followed in range(_MOST_LINKS):
        try:
            found = os.lstat(place)
        except FileNotFoundError:
            if followed:
                raise OSError(errno.EINVAL, "a symbolic link to nothing", str(target)) from None
            return place
        if not stat.S_ISLNK(found.st_mode):
            _refuse_special(found.st_mode, target)
            return place
        folder = os.stat(place.parent).st_mode
        if folder & stat.S_ISVTX and folder & stat.S_IWOTH and found.st_uid != os.geteuid():
            raise OSError(errno.EACCES, f"a symbolic link of uid {found.st_uid} in a folder for all", str(target))
        place = place.parent / os.readlink(place)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(target))


def is_standard_output(target: Path | str) -> bool:
    """Whether an option that takes a file for a text means standard output."""
    return str(target) in STANDARD_OUTPUT


def folder_named(text: str) -> Path:
    """An argument that names a folder for figures."""
    if is_standard_output(text):
        raise argparse.ArgumentTypeError("figures go to a folder, not to standard output")
    return Path(text)


def make_private(folder: Path) -> None:
    """Makes the folder, and those above it that are missing, each for this user only, whatever the umask. Raises OSError."""
    missing = []
    for path in (folder, *folder.parents):
        if os.path.lexists(path):
            break
        missing.append(path)
    for path in reversed(missing):
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:  # another process was faster
            continue
        made = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            found = os.fstat(made)
            if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) & 0o777 != 0o700:
                os.chmod(f"/proc/self/fd/{made}", 0o700)
        finally:
            os.close(made)


def open_private(path: Path) -> int:
    """A descriptor of a file that is this user's alone, made if missing, of mode 0600 whatever the umask; no child inherits it.
    Raises OSError, also for what is no such file."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, 0o600)
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink != 1 or found.st_mode & 0o022:
            raise PermissionError(errno.EPERM, "not a file that belongs to this user alone", str(path))
        if stat.S_IMODE(found.st_mode) != 0o600:
            os.fchmod(file, 0o600)
    except OSError:
        os.close(file)
        raise
    return file


def _umask() -> int:
    """Read, since setting it, as os.umask does, is for a moment felt by all threads."""
    try:
        with open("/proc/self/status", "rb") as file:
            return next(int(line.split()[1], 8) for line in file if line.startswith(b"Umask:"))
    except (OSError, StopIteration):
        return _UNKNOWN_UMASK


# ---- reading -----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def regular_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """The file, opened for reading. Raises OSError, for what is not a regular file too; ValueError for a name that no file
    can have."""
    _refuse_special(os.stat(path).st_mode, path)
    handle = os.open(path, os.O_RDONLY | _PLAIN_FLAGS)
    with os.fdopen(handle, "rb") as file:
        _refuse_special(os.fstat(handle).st_mode, path)
        yield file


def read_whole(path: str | os.PathLike[str], most: int) -> bytes:
    """What is in the file. Raises OSError as `regular_file` does, and when these are more than `most` bytes."""
    with regular_file(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"more than {most >> 20} MiB", str(path))
    return data


def _refuse_special(mode: int, path: str | os.PathLike[str]) -> None:
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, f"{_KINDS.get(stat.S_IFMT(mode), 'something else')}, not a regular file", str(path))
