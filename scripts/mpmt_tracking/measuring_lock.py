"""Two measurements on one machine would measure each other: the lock that `mpmt run` takes, too."""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
from collections.abc import Callable, Iterator

NAME = "\0mpmt-measuring"  # an abstract socket: held by binding it, gone with its holder however that ends


@contextlib.contextmanager
def measuring_lock(say: Callable[[str], None]) -> Iterator[None]:
    """Held while the block lasts. Waits for a holder to end, and says whom it waits for."""
    while (held := _try_take()) is None:
        _wait_for_holder(say)
    with held:
        yield


def _try_take() -> socket.socket | None:
    taken = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        taken.bind(NAME)
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise
    taken.listen(128)
    return taken


def _wait_for_holder(say: Callable[[str], None]) -> None:
    """The holder never accepts, but a connection to it ends with it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(NAME)
        except OSError:
            return
        size = struct.calcsize("3i")
        pid, _, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
        say(f"another measurement (pid {pid}) is running on this machine; waiting for it to end")
        with contextlib.suppress(OSError):
            connection.recv(1)
