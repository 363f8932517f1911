"""Two measurements on one machine would measure each other: the lock that `mpmt run` takes, too, in its two parts. A file
that only its user can open settles who is next between runs of one user. By a socket bound to a name, runs of all users see
each other; but any process can keep that name, so another user's is waited for with growing pauses, and not for ever."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mpmt.base import places
from mpmt.base.files import open_private
from mpmt.base.problem import Problem
from mpmt.base.shown import shown
from mpmt.builds.worktrees import try_lock

NAME = "\0mpmt-measuring"  # an abstract socket: held by binding it, gone with its holder however that ends
FILE = "measuring.lock"  # in the state folder
FOR_STRANGERS_S = 600.0

# Between a try and the next, twice as long each time, unless the holder has lasted for so long.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _LASTING_S = 0.02, 1.0, 1.0
_SLICE_S = 0.25  # a sleep takes no more than this off the patience with strangers, however long we stood still in it
_SILENCES_OF_AN_INSTANT = 3  # as many refusals may be due to a holder that has just gone, or does not listen yet
_PEER = struct.Struct("iII")  # ucred


@dataclass(frozen=True)
class _Holder:
    """`who`: in words; empty as long as its silence may be that of an instant. `connection` ends with it."""

    who: str = ""
    own: bool = True  # a run of this user: it ends
    connection: socket.socket | None = None


@contextlib.contextmanager
def measuring_lock(say: Callable[[str], None], for_strangers_s: float = FOR_STRANGERS_S) -> Iterator[str]:
    """Held while the block lasts. Waits for a holder to end, and says whom it waits for: for one of another user, or one
    that does not answer, no longer than `for_strangers_s` in all. Yields what is to be told beside the figures then: others
    may measure as well; else "". Raises Problem when the file cannot be believed."""
    with contextlib.ExitStack() as held:
        lock = _Lock(held, for_strangers_s)
        said = ""
        while not lock.try_take():
            who = lock.look()
            if who not in ("", said):
                said = who
                limit = "" if lock.holder.own else f", for no longer than {for_strangers_s:g} s"
                say(f"another measurement ({who}) is running on this machine; waiting for it to end{limit}")
            lock.wait()
        if lock.warning:
            say(lock.warning)
        yield lock.warning


class _Lock:
    """What was taken is given back when `held` ends."""

    def __init__(self, held: contextlib.ExitStack, for_strangers_s: float) -> None:
        self._held, self._for_strangers_s, self._patience_s = held, for_strangers_s, for_strangers_s
        self._file, self._has_file = _own_file(held), False
        self._silences, self._pause_s = 0, _FIRST_PAUSE_S
        self.holder = _Holder()
        self.warning = ""

    def try_take(self) -> bool:
        if not self._take_file():
            return False
        if self._take_name():
            return True
        if self.holder.own or self._patience_s > 0:
            return False
        self.warning = (f"another measurement ({self.holder.who or 'of whoever'}) kept the lock on measuring for "
                        f"{self._for_strangers_s:g} s, and this one did not wait for longer: both may have measured at once")
        return True

    def _take_file(self) -> bool:
        """Kept from then on, while the name is waited for."""
        if self._file is not None and not self._has_file:
            try:
                self._has_file = try_lock(self._file, fcntl.LOCK_EX)
            except OSError:  # some network file systems have no locks: then the name has to do
                self._file = None
        return self._file is None or self._has_file

    def _take_name(self) -> bool:
        taken = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            taken.bind(NAME)
            taken.listen(socket.SOMAXCONN)
        except OSError as error:
            taken.close()
            if error.errno == errno.EADDRINUSE:
                return False
            raise
        self._held.enter_context(taken)
        return True

    def look(self) -> str:
        """After try_take() in vain: who it is. Never blocks."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            connection.connect(NAME)  # a holder of ours never accepts
        except OSError:  # nobody listens, or the queue is full
            connection.close()
            self._silences += 1
            silent = "it does not say whose" if self._silences > _SILENCES_OF_AN_INSTANT else ""
            self.holder = self._by_file() or _Holder(silent, False)
            return self.holder.who
        self._silences = 0
        pid, uid, _ = _PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
        where, own = f"pid {pid}" if pid else "in another container", uid == os.geteuid()
        by_file = None if own else self._by_file()
        if by_file:
            connection.close()
        self.holder = by_file or _Holder(where if own else f"{where}{'' if pid else ','} of uid {uid}", own, connection)
        return self.holder.who

    def _by_file(self) -> _Holder | None:
        """A run of this user, where another's process has the name."""
        return _Holder("of this user") if self._file is not None and not self._has_file else None

    def wait(self) -> None:
        """After look(): until it may have ended, or the patience with strangers is at its end."""
        began, connection, own = time.monotonic(), self.holder.connection, self.holder.own
        if connection:
            with connection:
                if own:
                    select.select([connection], [], [])
                while not own and self._patience_s > 0 and not self._sleep([connection], _SLICE_S):
                    pass
        if time.monotonic() - began >= _LASTING_S:
            self._pause_s = _FIRST_PAUSE_S  # it may well have ended
            return
        if own:
            time.sleep(self._pause_s)
        elif self._patience_s > 0:
            self._sleep([], self._pause_s)
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S if own else _SLICE_S)

    def _sleep(self, watched: list[socket.socket], seconds: float) -> bool:
        """For no longer than is left. Whether there is news."""
        began = time.monotonic()
        news = select.select(watched, [], [], min(seconds, max(0.0, self._patience_s)))[0]
        self._patience_s -= min(time.monotonic() - began, _SLICE_S)
        return bool(news)


def _own_file(held: contextlib.ExitStack) -> int | None:
    """None where there is no state folder: then the name has to do alone."""
    try:
        path = places.state_folder() / FILE
    except places.NoPlace:
        return None
    try:
        file = open_private(path)
    except OSError as error:
        raise Problem(f"{shown(path, 300)}: {error.strerror}") from None
    held.callback(os.close, file)
    return file
