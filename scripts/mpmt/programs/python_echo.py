"""The client and the server of loopback_echo, which talk as workloads/echo_protocol.hpp has it.

The server is a process of its own, forked before there are workers or threads. Whoever shows it the trial's secret
becomes a peer; each request of a peer is replied to after its delay.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable

from python_workloads import LONGEST_WAIT_US, MASK, Fixture, Papers, mix

MESSAGE = struct.Struct("=8Q")  # delay in us, number, six words that come back complemented
WELCOME = b"\x2a"
SECRET_BYTES = 32
PATIENCE_S = 5  # how much later than its delay a reply may come
ENTRANCE_PATIENCE_S = 10
MOST_STRANGERS = 64  # connections that have not shown the secret
MOST_PEERS = 4096
TIME_TO_SHOW_S = 2.0
PAUSE_S = 0.05  # how long nobody is accepted when the system cannot have another connection

OF_A_FLOOD = (errno.EAGAIN, errno.EINPROGRESS, errno.ETIMEDOUT, errno.EADDRNOTAVAIL, errno.ECONNRESET, errno.EPIPE)


def words_of(variant: int) -> list[int]:
    return [mix(variant * 6 + i + 1) for i in range(6)]


def result_of(words: list[int]) -> int:
    result = 0
    for word in words:
        result = mix(result + word)
    return result


def result_of_variant(_: Papers, variant: int) -> int:
    return result_of([~word & MASK for word in words_of(variant)])


def client(papers: Papers) -> Callable[[int], int]:
    delay, server = papers["grain"], f"echo server at 127.0.0.1:{papers['port']}"
    connection = enter(papers["port"], papers["secret"])
    connection.settimeout(delay / 1e6 + PATIENCE_S)
    sent = 0

    def exchange(request: bytes) -> bytes:
        connection.sendall(request)
        reply = b""
        while len(reply) < MESSAGE.size:
            part = connection.recv(MESSAGE.size - len(reply))
            if not part:
                raise OSError(errno.ECONNRESET, "it has closed the connection")
            reply += part
        return reply

    def run(variant: int) -> int:
        nonlocal sent
        sent += 1
        words = words_of(variant)
        try:
            came = MESSAGE.unpack(exchange(MESSAGE.pack(delay, sent, *words)))
        except socket.timeout:
            raise TimeoutError(f"{server} has not replied {PATIENCE_S} s after its delay") from None
        except OSError as failure:
            raise ConnectionError(f"{server}: {failure.strerror}") from None
        if came != (delay, sent, *(~word & MASK for word in words)):
            raise ValueError(f"{server} gave a wrong reply")
        return result_of(list(came[2:]))
    return run


def enter(port: int, secret: bytes) -> socket.socket:
    """A connection that has been let in. Where strangers flood the server one can be lost: then the next is tried."""
    deadline = time.monotonic() + ENTRANCE_PATIENCE_S
    pause = 0.001
    while True:
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.connect(("127.0.0.1", port))
            connection.sendall(secret)
            if connection.recv(1) == WELCOME:
                return connection
            reason = errno.ECONNRESET
        except OSError as failure:
            reason = failure.errno or errno.ETIMEDOUT
        connection.close()
        if reason not in OF_A_FLOOD or time.monotonic() + pause >= deadline:
            raise ConnectionError(reason, f"connect: echo server at 127.0.0.1:{port}: {os.strerror(reason)}")
        time.sleep(pause)
        pause = min(2 * pause, 0.05)


class Server(Fixture):
    """The server's process. It dies with the program (the hook of python_pools) and at close()."""

    def __init__(self, _: Papers) -> None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setblocking(False)
        listener.bind(("127.0.0.1", 0))
        listener.listen(socket.SOMAXCONN)
        secret = os.urandom(SECRET_BYTES)
        self.papers = {"port": listener.getsockname()[1], "secret": secret}
        self.surroundings = {"echo_server": "a process of this Python"}
        self.process = os.fork()
        if self.process == 0:
            try:
                serve(listener, secret)
            finally:
                os._exit(1)
        listener.close()  # it is the child's alone: when it dies, connecting is refused and does not hang

    def close(self) -> None:
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)


class Connection:
    def __init__(self, accepted: socket.socket) -> None:
        self.socket = accepted
        self.admitted = False
        self.expires = time.monotonic() + TIME_TO_SHOW_S
        self.received = b""
        self.reply = b""  # while it is due


def serve(listener: socket.socket, secret: bytes) -> None:
    from python_system import wake_on_time

    wake_on_time()
    service = Service(listener, secret)
    while True:
        service.turn()


class Service:
    """One thread, which waits in the kernel whenever nothing is to be done."""

    def __init__(self, listener: socket.socket, secret: bytes) -> None:
        from hmac import compare_digest

        self._listener, self._secret, self._is_same = listener, secret, compare_digest
        self._epoll = select.epoll()
        self._epoll.register(listener.fileno(), select.EPOLLIN)
        self._listens_again: float | None = None
        self._strangers: dict[int, Connection] = {}  # the oldest first
        self._peers: dict[int, Connection] = {}
        self._due: list[tuple[float, int, Connection]] = []

    def turn(self) -> None:
        # epoll counts in ms, select in us.
        select.select([self._epoll.fileno()], [], [], self._time_left())
        knocked = False
        for number, _ in self._epoll.poll(0):
            if number == self._listener.fileno():
                knocked = True
            elif connection := self._strangers.get(number) or self._peers.get(number):
                self._hear(number, connection)
        self._reply()
        if knocked:  # last, so that no number of this turn is used again
            self._accept()
        self._drop_late_strangers()

    def _time_left(self) -> float | None:
        times = [self._due[0][0]] if self._due else []
        times += [connection.expires for connection in list(self._strangers.values())[:1]]
        times += [] if self._listens_again is None else [self._listens_again]
        return max(0.0, min(times) - time.monotonic()) if times else None

    def _accept(self) -> None:
        for _ in range(32):  # in one turn, so that peers are served in between
            try:
                accepted, _ = self._listener.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue
            except OSError:  # no descriptor or memory for another one
                return self._make_room()
            accepted.setblocking(False)
            if len(self._strangers) == MOST_STRANGERS:
                self._drop(next(iter(self._strangers)))
            self._strangers[accepted.fileno()] = Connection(accepted)
            self._epoll.register(accepted.fileno(), select.EPOLLIN)

    def _make_room(self) -> None:
        if self._strangers:
            return self._drop(next(iter(self._strangers)))
        self._epoll.modify(self._listener.fileno(), 0)
        self._listens_again = time.monotonic() + PAUSE_S

    def _hear(self, number: int, connection: Connection) -> None:
        wanted = MESSAGE.size if connection.admitted else SECRET_BYTES
        try:
            # One byte more than a request has: what must not come yet shows by the same call.
            part = connection.socket.recv(wanted + connection.admitted - len(connection.received))
        except BlockingIOError:
            return
        except OSError:
            part = b""
        connection.received += part
        if not part or connection.reply or len(connection.received) > wanted:
            self._drop(number)
        elif len(connection.received) == wanted:
            request, connection.received = connection.received, b""
            (self._take if connection.admitted else self._admit)(number, connection, request)

    def _admit(self, number: int, connection: Connection, shown: bytes) -> None:
        if not self._is_same(shown, self._secret) or len(self._peers) == MOST_PEERS:
            return self._drop(number)
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.admitted = True
        self._peers[number] = self._strangers.pop(number)
        self._send(number, connection, WELCOME)

    def _take(self, number: int, connection: Connection, request: bytes) -> None:
        from heapq import heappush

        delay_us, count, *words = MESSAGE.unpack(request)
        if delay_us > LONGEST_WAIT_US:
            return self._drop(number)
        connection.reply = MESSAGE.pack(delay_us, count, *(~word & MASK for word in words))
        heappush(self._due, (time.monotonic() + delay_us / 1e6, number, connection))

    def _reply(self) -> None:
        from heapq import heappop

        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            _, number, connection = heappop(self._due)
            reply, connection.reply = connection.reply, b""
            if self._peers.get(number) is connection:  # else it was dropped meanwhile
                self._send(number, connection, reply)

    def _send(self, number: int, connection: Connection, message: bytes) -> None:
        """One reply at a time always fits into the socket's buffer, unless its former ones are not taken."""
        try:
            sent = connection.socket.send(message)
        except OSError:
            sent = 0
        if sent != len(message):
            self._drop(number)

    def _drop_late_strangers(self) -> None:
        now = time.monotonic()
        while self._strangers and next(iter(self._strangers.values())).expires <= now:
            self._drop(next(iter(self._strangers)))
        if self._listens_again is not None and self._listens_again <= now:
            self._listens_again = None
            self._epoll.modify(self._listener.fileno(), select.EPOLLIN)

    def _drop(self, number: int) -> None:
        """At once: nothing of it stays in the kernel."""
        connection = self._strangers.pop(number, None) or self._peers.pop(number)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.socket.close()
