"""Stands between a client and a server and does to their connection what networks and servers do.

pass        hands everything on
refused     nobody listens
black_hole  the port answers nothing at all: packets vanish
silent      accepts, and never says a word
stalled     lets the client log in, and swallows the answer to its first question
dripping    hands on what the server says byte by byte, with a pause after each
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Literal, Self, TypeAlias, get_args

Fault: TypeAlias = Literal["refused", "black_hole", "silent", "stalled", "dripping"]
FAULTS: tuple[Fault, ...] = get_args(Fault)

# What stands in the first question that the store asks after login.
QUESTION = b"jobsieve_schema", b"publications"


class FaultProxy:
    """Listens on a port of its own in front of `port`; as a context it ends with the block."""

    def __init__(self, port: int, *, pause: float = 2.0) -> None:
        self._target = ("127.0.0.1", port)
        self._pause = pause
        self._mode: Fault | Literal["pass"] = "pass"
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept, self._listener)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_listening()
        self._cut()
        for thread in self._threads:
            thread.join(20)

    def set(self, mode: Fault | Literal["pass"]) -> None:
        """From now on the fault holds, for connections that stand too; `pass` mends everything."""
        self._stop_listening()
        self._mode = mode
        self._cut()
        if mode == "refused":
            return
        if mode == "black_hole":
            self._listener = self._listening(0)
            self._fill()
            return
        self._listener = self._listening(128)
        self._start(self._accept, self._listener)

    def _listening(self, backlog: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(backlog)
        return listener

    def _fill(self) -> None:
        """Connections that nobody accepts fill the queue; the kernel drops what comes next."""
        for _ in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", self.port))
            self._keep(waiting)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _keep(self, sock: socket.socket) -> None:
        with self._lock:
            self._sockets.append(sock)

    def _stop_listening(self) -> None:
        # Closing alone would not wake a thread that waits in accept.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _cut(self) -> None:
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self._keep(client)
            if self._mode == "silent":
                continue
            try:
                server = socket.create_connection(self._target, 20)
            except OSError:
                client.close()
                continue
            self._keep(server)
            asked = threading.Event()
            self._start(self._questions, client, server, asked)
            self._start(self._answers, server, client, asked)

    def _questions(
        self, client: socket.socket, server: socket.socket, asked: threading.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65_536):
                if any(word in data for word in QUESTION):
                    asked.set()
                server.sendall(data)
        _end(server)

    def _answers(
        self, server: socket.socket, client: socket.socket, asked: threading.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65_536):
                if self._mode == "stalled" and asked.is_set():
                    continue
                if self._mode == "dripping":
                    for byte in data:
                        client.sendall(bytes([byte]))
                        time.sleep(self._pause)
                else:
                    client.sendall(data)
        _end(client)


def _end(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
