"""The load generator, a process of its own: opens connections, keeps messages in flight, counts what comes back.

It reads one JSON command a line and answers each with one JSON line. Plain sockets and one epoll loop: what arrives at
a busy client is read in larger pieces, so that it costs less for each frame the more there is.
"""

from __future__ import annotations

import gc
import json
import select
import socket
import sys
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

from bench import frames
from bench.shapes import Seat

DRAIN_SECONDS_MAX = 60.0
HANDSHAKE_SECONDS_MAX = 20.0
HANDSHAKES = 16
KEY_DIGITS = 10
BODY = "The quick brown fox jumps over the lazy dog and says"
"""Followed by the message's number, so that no two messages are alike: a repeated one would earn nothing."""

_EVENT = b'42["room.event"'
_ACK = b"431["
_CLIENT_ID = b'"client_id":"'
_READ_BYTES = 256 * 1024


class LoadError(Exception):
    """The server refused something, or lost or repeated a message."""


@dataclass(slots=True)
class Client:
    """One connection of one person in one room. `received` counts the room's messages that reached it."""

    sock: socket.socket
    seat: Seat
    rest: bytes = b""
    received: int = 0
    flight: Flight | None = None


@dataclass(slots=True)
class Flight:
    """A message under way: to so many more receivers, and acknowledged or not. Times are seconds."""

    key: bytes
    sender: Client
    sent_at: float
    waiting: int
    acked_at: float = 0.0
    last_at: float = 0.0


@dataclass(slots=True)
class Counted:
    """What one run came to. `finished` counts messages that were acknowledged and everywhere within `seconds`."""

    seconds: float
    sent: int = 0
    finished: int = 0
    deliveries: int = 0
    other_frames: int = 0
    elapsed_s: float = 0.0
    client_cpu_s: float = 0.0
    ack_s: list[float] = field(default_factory=list)
    last_receiver_s: list[float] = field(default_factory=list)


class Load:
    """Connections to one server, and the messages they exchange."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._epoll = select.epoll()
        self._clients: dict[int, Client] = {}
        self._idle: deque[Client] = deque()
        self._flights: dict[bytes, Flight] = {}
        self._sent_to_room: dict[int, int] = {}
        self._number = 0
        self._deadline = 0.0
        self._counted = Counted(0)

    def connect(self, seats: Iterable[Seat]) -> None:
        """Connect everybody, a few at once, and let each open their room."""
        with ThreadPoolExecutor(HANDSHAKES) as pool:
            for client in pool.map(self._connected, seats):
                self._clients[client.sock.fileno()] = client
                self._epoll.register(client.sock, select.EPOLLIN)
                self._idle.append(client)
                # A heartbeat that is not answered while others still connect would end the connection.
                self._read_ready(0)

    def run(self, seconds: float, in_flight: int) -> Counted:
        """Keep messages in flight for so long, wait for those under way, and check that each reached everyone once."""
        self._counted = counted = Counted(seconds)
        started, cpu_started = time.perf_counter(), time.process_time()
        self._deadline = started + seconds
        for _ in range(min(in_flight, len(self._idle))):
            self._send_next()
        while self._flights:
            if time.perf_counter() > self._deadline + DRAIN_SECONDS_MAX:
                raise LoadError(f"{len(self._flights)} messages did not arrive in {DRAIN_SECONDS_MAX} s")
            self._read_ready(1.0)
        counted.elapsed_s = time.perf_counter() - started
        counted.client_cpu_s = time.process_time() - cpu_started
        self._check()
        return counted

    def close(self) -> None:
        """Leave without farewell, as a lost network does."""
        for client in self._clients.values():
            client.sock.close()
        self._epoll.close()

    def _connected(self, seat: Seat) -> Client:
        client = Client(socket.create_connection(("127.0.0.1", self._port), HANDSHAKE_SECONDS_MAX), seat)
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        shake_hands(client)
        client.sock.setblocking(False)
        return client

    def _send_next(self) -> None:
        client = self._idle.popleft()
        self._number += 1
        seat, key = client.seat, f"{self._number:0{KEY_DIGITS}d}"
        client.flight = flight = Flight(key.encode(), client, time.perf_counter(), seat.members)
        self._flights[flight.key] = flight
        self._sent_to_room[seat.room] = self._sent_to_room.get(seat.room, 0) + 1
        self._counted.sent += 1
        message = {"room_id": str(seat.room), "client_id": key, "body": f"{BODY} {key}"}
        _write(client, frames.command("message.send", message))

    def _read_ready(self, seconds: float) -> None:
        for number, _ in self._epoll.poll(seconds):
            self._read(self._clients[number])

    def _read(self, client: Client) -> None:
        data = client.sock.recv(_READ_BYTES)
        if not data:
            raise LoadError("The server closed a connection")
        payloads, pings, client.rest = frames.split(client.rest + data)
        now = time.perf_counter()
        for payload in payloads:
            if payload.startswith(_EVENT):
                self._received(client, payload, now)
            elif payload.startswith(_ACK):
                self._acknowledged(client, payload, now)
            elif payload == b"2":
                _write(client, frames.client_frame(b"3"))
            else:
                self._counted.other_frames += 1
        for ping in pings:
            _write(client, frames.pong(ping))

    def _received(self, client: Client, payload: bytes, now: float) -> None:
        start = payload.find(_CLIENT_ID) + len(_CLIENT_ID)
        flight = self._flights.get(payload[start : start + KEY_DIGITS])
        if flight is None:
            raise LoadError(f"Delivered more often than there are members: {payload[:300]!r}")
        client.received += 1
        self._counted.deliveries += 1
        flight.waiting -= 1
        if flight.waiting == 0:
            flight.last_at = now
            self._settle(flight)

    def _acknowledged(self, client: Client, payload: bytes, now: float) -> None:
        flight = client.flight
        if flight is None or b'"ok":true' not in payload:
            raise LoadError(f"Refused: {payload[:300]!r}")
        client.flight, flight.acked_at = None, now
        self._settle(flight)

    def _settle(self, flight: Flight) -> None:
        if flight.waiting or not flight.acked_at:
            return
        del self._flights[flight.key]
        self._idle.append(flight.sender)
        now = max(flight.acked_at, flight.last_at)
        self._counted.ack_s.append(flight.acked_at - flight.sent_at)
        self._counted.last_receiver_s.append(flight.last_at - flight.sent_at)
        if now < self._deadline:
            self._counted.finished += 1
            self._send_next()

    def _check(self) -> None:
        for client in self._clients.values():
            expected = self._sent_to_room.get(client.seat.room, 0)
            if client.received != expected:
                raise LoadError(f"A member of room {client.seat.room} got {client.received} of {expected} messages")


def shake_hands(client: Client) -> None:
    """Upgrade to a WebSocket, connect with the seat's token, and open its room. The socket still blocks."""
    client.sock.sendall(frames.HANDSHAKE)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _receive(client)
    head, _, client.rest = answer.partition(b"\r\n\r\n")
    if b" 101 " not in head.split(b"\r\n", 1)[0]:
        raise LoadError(f"No WebSocket: {head[:300]!r}")
    _expect(client, b"0{")
    client.sock.sendall(frames.client_frame(b"40" + json.dumps({"token": client.seat.token}).encode()))
    _expect(client, b"40")
    client.sock.sendall(frames.command("room.open", {"room_id": str(client.seat.room)}))
    opened = _expect(client, _ACK)
    if b'"ok":true' not in opened:
        raise LoadError(f"The room did not open: {opened[:300]!r}")


def _expect(client: Client, prefix: bytes) -> bytes:
    """The next payload that begins so. Others before it, such as a beacon, are passed over; a refusal is an error."""
    while True:
        payloads, _, client.rest = frames.split(client.rest)
        for payload in payloads:
            if payload.startswith(prefix):
                return payload
            if payload.startswith(b"44"):
                raise LoadError(f"Refused to connect: {payload[:300]!r}")
        client.rest += _receive(client)


def _receive(client: Client) -> bytes:
    data = client.sock.recv(_READ_BYTES)
    if not data:
        raise LoadError("The server closed a connection")
    return data


def _write(client: Client, data: bytes) -> None:
    if client.sock.send(data) != len(data):
        raise LoadError("The server does not read what it is sent")


def serve(load: Load) -> None:
    """Carry out commands from standard input until it ends."""
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        answer: dict[str, Any] = {}
        if asked["do"] == "connect":
            load.connect(Seat(*seat) for seat in asked["seats"])
        else:
            answer = asdict(load.run(asked["seconds"], asked["in_flight"]))
        print(json.dumps(answer), flush=True)
    load.close()


if __name__ == "__main__":
    # Nothing here is cyclic, and a collection in the middle would be measured as the server's latency.
    gc.disable()
    serve(Load(int(sys.argv[1])))
