"""The echo server of python_pools serves those who know the trial's secret, and is bounded."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator

import pytest
from pools import PROGRAMS

sys.path.insert(0, str(PROGRAMS))

import python_echo
from python_echo import MESSAGE, MOST_STRANGERS, WELCOME, Service

SECRET = b"s" * python_echo.SECRET_BYTES


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as made:
        made.setblocking(False)
        yield made


@pytest.fixture
def service(listener: socket.socket) -> Service:
    return Service(listener, SECRET)


def knock(listener: socket.socket, shown: bytes) -> socket.socket:
    made = socket.create_connection(listener.getsockname(), timeout=10)
    made.sendall(shown)
    return made


def enter(listener: socket.socket, service: Service) -> socket.socket:
    made = knock(listener, SECRET)
    service.turn()
    service.turn()
    assert made.recv(1) == WELCOME
    return made


def is_shut(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_peer_has_its_words_back_complemented(listener: socket.socket, service: Service) -> None:
    peer = enter(listener, service)
    peer.sendall(MESSAGE.pack(1000, 7, *range(6)))
    service.turn()
    service.turn()
    assert MESSAGE.unpack(peer.recv(100)) == (1000, 7, *(2**64 - 1 - word for word in range(6)))


def test_delays_of_different_peers_overlap(listener: socket.socket, service: Service) -> None:
    late, soon = enter(listener, service), enter(listener, service)
    late.sendall(MESSAGE.pack(3_000_000_000, 1, *range(6)))
    service.turn()
    soon.sendall(MESSAGE.pack(0, 2, *range(6)))
    service.turn()
    assert MESSAGE.unpack(soon.recv(100))[1] == 2


def test_who_shows_another_secret_is_not_served(listener: socket.socket, service: Service) -> None:
    stranger = knock(listener, b"x" * len(SECRET))
    service.turn()
    service.turn()
    assert is_shut(stranger)


@pytest.mark.parametrize("message", [MESSAGE.pack(3_600_000_001, 1, *range(6)), MESSAGE.pack(1, 1, *range(6)) + b"x"])
def test_a_peer_that_asks_for_too_much_is_dropped(listener: socket.socket, service: Service, message: bytes) -> None:
    peer = enter(listener, service)
    peer.sendall(message)
    service.turn()
    assert is_shut(peer)


def test_strangers_that_say_nothing_drive_out_themselves(listener: socket.socket, service: Service) -> None:
    strangers = [knock(listener, b"") for _ in range(MOST_STRANGERS + 10)]
    for _ in range(4):
        service.turn()
    assert all(is_shut(stranger) for stranger in strangers[:10])
    enter(listener, service)


def test_strangers_have_their_time(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python_echo, "TIME_TO_SHOW_S", 0.05)
    service = Service(listener, SECRET)
    stranger = knock(listener, SECRET[:-1])
    for _ in range(3):
        service.turn()
    assert is_shut(stranger)
