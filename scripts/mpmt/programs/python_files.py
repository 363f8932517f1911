"""The tasks of file_cached and file_sync: blocks of files that no name leads to, so that nothing of them is left."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from itertools import accumulate
from typing import Any

from python_workloads import GOLDEN, MASK, Fixture, Papers, Unsupported, mix

FILE_BLOCKS = 64  # overwritten again and again, whatever the grain
BLOCK_BYTES = 4096
WORDS = BLOCK_BYTES // 8

# A block is filled by one multiplication of long integers: each word in 128 bits of its own, so that none carries into
# the next, of which the lower half is kept. A loop over the words would be most of a task, and hold the GIL.
_ONES = sum(1 << (128 * i) for i in range(WORDS))
_STEPS = sum((i * GOLDEN & MASK) << (128 * i) for i in range(WORDS))


def filled(stamp: int) -> bytes:
    """A block: word i is stamp + i x golden."""
    return memoryview((stamp * _ONES + _STEPS).to_bytes(2 * BLOCK_BYTES, "little")).cast("Q")[::2].tobytes()


def checksum(block: bytes) -> int:
    words = memoryview(block).cast("Q").tolist()
    return mix(sum(words) + mix(sum(accumulate(words)))) | 1


def stamp_of(variant: int, number: int) -> int:
    return (mix(variant + 1) + mix(~number)) & MASK


class UnnamedFile:
    """Allocated and written out. Errors name the folder."""

    def __init__(self, folder: str, blocks: int = FILE_BLOCKS) -> None:
        self._object = f"a file in {folder}; --data-dir chooses another directory"
        self._file = self._do("open", _open_unnamed, folder)
        for number in range(blocks):
            self.write(filled(0), number)

    def write(self, block: bytes, number: int) -> None:
        if self._do("pwrite", os.pwrite, self._file, block, number * BLOCK_BYTES) != BLOCK_BYTES:
            raise OSError(errno.ENOSPC, f"pwrite: {self._object}: {os.strerror(errno.ENOSPC)}")

    def read(self, number: int) -> bytes:
        block = self._do("pread", os.pread, self._file, BLOCK_BYTES, number * BLOCK_BYTES)
        if len(block) != BLOCK_BYTES:
            raise OSError(errno.EIO, f"pread: {self._object}: {os.strerror(errno.EIO)}")
        return block

    def sync(self) -> None:
        """Returns when the device has confirmed what was written."""
        self._do("fdatasync", os.fdatasync, self._file)

    def close(self) -> None:
        os.close(self._file)

    def _do(self, name: str, call: Callable, *arguments: object) -> Any:
        try:
            return call(*arguments)
        except OSError as failure:
            raise OSError(failure.errno, f"{name}: {self._object}: {failure.strerror}") from None


def _open_unnamed(folder: str) -> int:
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as failure:
        # EISDIR: a kernel or file system that takes it for an attempt to write to the directory.
        if failure.errno not in (errno.EOPNOTSUPP, errno.EISDIR):
            raise
    from tempfile import mkstemp

    file, name = mkstemp(prefix="mpmt-", dir=folder)
    os.unlink(name)
    return file


def cached(papers: Papers) -> Callable[[int], int]:
    blocks, file = papers["grain"], UnnamedFile(papers["data_dir"])

    def run(variant: int) -> int:
        total = 0
        for number in range(blocks):
            file.write(filled(stamp_of(variant, number)), number % FILE_BLOCKS)
            total += checksum(file.read(number % FILE_BLOCKS))
        return total & MASK
    return run


def cached_result(papers: Papers, variant: int) -> int:
    return sum(checksum(filled(stamp_of(variant, number))) for number in range(papers["grain"])) & MASK


def synced(papers: Papers) -> Callable[[int], int]:
    blocks, file = papers["grain"], UnnamedFile(papers["data_dir"])
    file.sync()

    def run(variant: int) -> int:
        total = 0
        for number in range(blocks):
            stamp = stamp_of(variant, number)
            file.write(filled(stamp), number % FILE_BLOCKS)
            file.sync()
            total += mix(stamp) | 1
        return total & MASK
    return run


def synced_result(papers: Papers, variant: int) -> int:
    return sum(mix(stamp_of(variant, number)) | 1 for number in range(papers["grain"])) & MASK


class CachedFiles(Fixture):
    """A folder that cannot be written to is refused before any worker exists."""

    def __init__(self, papers: Papers) -> None:
        UnnamedFile(papers["data_dir"], 1).close()
        self.kind, device, self.options = mount_of(papers["data_dir"])
        self.surroundings = {"file_system": self.kind, "device": device}


class SyncedFiles(CachedFiles):
    """Where fdatasync does nothing the workload would be file_cached under another name."""

    def __init__(self, papers: Papers) -> None:
        super().__init__(papers)
        ignored = self.kind == "overlay" and "volatile" in self.options.split(",")
        if ignored or self.kind in ("tmpfs", "ramfs", "hugetlbfs"):
            raise Unsupported(f"fdatasync does nothing on {self.kind}, where {papers['data_dir']} is: "
                              "choose a directory on a disk with --data-dir")


def mount_of(folder: str) -> tuple[str, str, str]:
    """Type, device and options of the file system, from the mount table: proc(5), mountinfo and fdinfo."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with open(f"/proc/self/fdinfo/{opened}", encoding="ascii") as facts:
            mount = next((line.split()[1] for line in facts if line.startswith("mnt_id:")), "")
    finally:
        os.close(opened)
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as table:
        for line in table:
            place, _, rest = line.partition(" - ")
            if rest and place.split()[0] == mount:
                kind, device, options = (*rest.split(), "", "")[:3]
                return kind, device, options
    return "unknown", "unknown", ""
