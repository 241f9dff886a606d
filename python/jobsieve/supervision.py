"""Tells the service manager that started the process how it is: systemd's notification protocol.

Without a manager, or under one that did not ask, nothing is sent. A manager that can't be reached never
stops the service.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping

# The manager restarts a service that is silent for its whole interval: two signs of life fit in.
_SIGNS_PER_INTERVAL = 2
# How long a manager that takes nothing in may hold up the service.
_PATIENCE = 1.0


class Supervisor:
    """The manager that `environ` names, if any."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # Of an abstract socket the first character stands for a zero byte.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._interval = 0.0
        if environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid()):
            self._interval = _seconds(environ.get("WATCHDOG_USEC", ""))

    def ready(self, status: str) -> None:
        """The service answers, for the first time or after a reload."""
        self._send(f"READY=1\nSTATUS={_one_line(status)}")

    def reloading(self) -> None:
        """What was asked for by SIGHUP has begun; `ready` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def status(self, status: str) -> None:
        """One line for people."""
        self._send(f"STATUS={_one_line(status)}")

    def stopping(self) -> None:
        """The service ends."""
        self._send("STOPPING=1")

    def watch(self, works: Callable[[float], bool]) -> None:
        """Gives signs of life for as long as `works` says so; it gets the seconds it may take."""
        if not self._address or not self._interval:
            return
        pause = self._interval / _SIGNS_PER_INTERVAL

        def watch() -> None:
            while True:
                begun = time.monotonic()
                if works(pause):
                    self._send("WATCHDOG=1")
                time.sleep(max(0.0, pause - (time.monotonic() - begun)))

        threading.Thread(target=watch, name="jobsieve-watchdog", daemon=True).start()

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.settimeout(_PATIENCE)
                out.sendto(message.encode(), self._address)
        except OSError:
            return


def _seconds(microseconds: str) -> float:
    return int(microseconds) / 1_000_000 if microseconds.isdecimal() else 0.0


def _one_line(text: str) -> str:
    return " ".join(text.split())
