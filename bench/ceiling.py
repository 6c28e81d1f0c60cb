"""A server that does nothing but pass messages on, as cheaply as can be: what it reaches is what the client can count.

    python -m bench.ceiling PORT

All that came in one round of its loop leaves in one write to each connection; everybody is in one room.
"""

from __future__ import annotations

import re
import select
import socket
import struct
import sys

_CLIENT_ID = re.compile(rb'"client_id":"(\d+)"')
_EVENT = b'42["room.event",{"kind":"message.posted","message":{"client_id":"%s","body":"' + b"x" * 330 + b'"}}]'
_ACK = b'431[{"ok":true}]'


def server_frame(payload: bytes) -> bytes:
    """An unmasked text frame of at most 64 KiB."""
    if len(payload) < 126:
        return struct.pack("!BB", 0x81, len(payload)) + payload
    return struct.pack("!BBH", 0x81, 126, len(payload)) + payload


def welcome(connection: socket.socket) -> None:
    """Answer what a client says before its first message, whatever it says."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n" + server_frame(b"0{}"))
    for answer in (b"40{}", _ACK):
        connection.recv(65536)
        connection.sendall(server_frame(answer))


def pass_on(connections: dict[int, socket.socket], ready: list[int]) -> None:
    """Read what is there, then write all of it to everybody, and to each sender its acknowledgement."""
    blob = b""
    senders = []
    for number in ready:
        data = connections[number].recv(65536)
        if not data:
            connections.pop(number).close()
            continue
        blob += b"".join(server_frame(_EVENT % key) for key in _CLIENT_ID.findall(data))
        senders.append(number)
    for connection in connections.values():
        connection.sendall(blob)
    for number in senders:
        connections[number].sendall(server_frame(_ACK))


def serve(port: int) -> None:
    """Serve until interrupted."""
    connections: dict[int, socket.socket] = {}
    with socket.create_server(("127.0.0.1", port), backlog=1024) as listener, select.epoll() as epoll:
        epoll.register(listener, select.EPOLLIN)
        while True:
            ready = [number for number, _ in epoll.poll()]
            if listener.fileno() in ready:
                ready.remove(listener.fileno())
                connection, _ = listener.accept()
                if connection.recv(1, socket.MSG_PEEK):
                    welcome(connection)
                    connections[connection.fileno()] = connection
                    epoll.register(connection, select.EPOLLIN)
            if ready:
                pass_on(connections, ready)


if __name__ == "__main__":
    try:
        serve(int(sys.argv[1]))
    except (KeyboardInterrupt, ConnectionError):
        sys.exit(0)
