"""Ends, from another thread, whatever a store is waiting for on the network.

A driver bounds each read, not a whole exchange: a server that sends a byte now and then outlives every
timeout that a driver has. Who sets a deadline of its own cuts here.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from weakref import WeakSet


class Cutoff:
    """The sockets of a store. Once cut, everything that waits on one fails, and so does all later use."""

    def __init__(self) -> None:
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._lock = threading.Lock()
        self._happened = False

    @property
    def happened(self) -> bool:
        """Whether it was cut."""
        return self._happened

    def watch(self, sock: socket.socket) -> None:
        """Lets `cut` reach this socket for as long as it exists."""
        with self._lock:
            self._sockets.add(sock)
            if self._happened:
                _shut(sock)

    def cut(self) -> None:
        """Ends all waiting, now and later."""
        with self._lock:
            self._happened = True
            for sock in self._sockets:
                _shut(sock)


def _shut(sock: socket.socket) -> None:
    # Not connected, or closed meanwhile.
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
