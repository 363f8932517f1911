"""deny.py ERRNO NAMES command: execs the command, for which these system calls (comma-separated) fail with ERRNO, as a
container's filter has them do. Numbers are of seccomp(2), bpf(2)."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

_X86, _ARM = {"sched_setaffinity": 203, "sched_setscheduler": 144}, {"sched_setaffinity": 122, "sched_setscheduler": 119}
NUMBERS = {"x86_64": _X86, "aarch64": _ARM}.get(platform.machine(), {})

_LOAD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def deny(errno_value: int, names: list[str]) -> None:
    """For this process, for good."""
    code = struct.pack("HBBI", _LOAD, 0, 0, 0)  # the call's number comes first in seccomp_data
    for name in names:
        code += struct.pack("HBBI", _JUMP_EQUAL, 0, 1, NUMBERS[name]) + struct.pack("HBBI", _RETURN, 0, 0, _ERRNO | errno_value)
    code += struct.pack("HBBI", _RETURN, 0, 0, _ALLOW)
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or library.prctl(_SECCOMP, _FILTER,
                                                                     ctypes.byref(_Program(len(code) // 8, code))):
        raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    deny(int(sys.argv[1]), sys.argv[2].split(","))
    os.execvp(sys.argv[3], sys.argv[3:])
