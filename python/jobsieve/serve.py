"""`jobsieve serve`: starts the two planes, keeps them running, ends them.

The data plane answers requests on threads of its own and never enters Python. This module is the main
thread of the control plane: it waits for signals, while the reloader watches the store.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import msgspec

from jobsieve import config, observability, snapshot
from jobsieve._core import Server
from jobsieve.errors import ConfigError, ServeError
from jobsieve.metrics import ReloadMetrics
from jobsieve.reloader import LastGood, Reloader, StoreSource
from jobsieve.supervision import Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobsieve._core import RuleSet
    from jobsieve.config import Settings
    from jobsieve.reloader import Source, Status
    from jobsieve.snapshot import Snapshot

ENDING = (signal.SIGTERM, signal.SIGINT)
# How often the main thread looks whether draining has ended.
TICK = 0.05
# Seconds that the lines which still wait get to be written at the end; whoever reads them may stall.
FLUSH = 1.0
FLUSH_AT_ONCE = 0.1
# What can be guessed is no token.
SHORTEST_TOKEN = 16


def run(settings: Settings, source: Source) -> NoReturn:
    """Serves until a signal ends it, and ends the process. Raises `ServeError` where it can't start.

    The rules come from `source`. The exit status is 1 where requests were cut.
    """
    observability.configure(settings.log.format, settings.log.level, sys.stdout)
    with _signals_kept():
        server = _start(settings)
        # One writer owns standard output from here to the end, so that no other thread waits for it.
        observability.send_lines_to(server.log)
        status = _serve(settings, server, source)
        # A fetch or a build may be under way, and is not waited for: the interpreter, in ending, would
        # stop its thread inside the compiled module.
        os._exit(status)


def _start(settings: Settings) -> Server:
    try:
        return Server.start(_for_data_plane(settings))
    except OSError as error:
        raise ServeError(error.strerror or str(error)) from error


def _for_data_plane(settings: Settings) -> bytes:
    """The settings of `crates/server`, as JSON. Raises `ConfigError`."""
    wanted, auth = settings.server, settings.auth
    given: dict[str, object] = {
        "host": wanted.host,
        "port": wanted.port,
        "unix_socket": wanted.unix_socket or None,
        "max_body_bytes": wanted.max_body_bytes,
        "header_timeout": wanted.header_timeout,
        "body_timeout": wanted.body_timeout,
        "max_connections": wanted.max_connections,
        "max_in_flight": wanted.max_in_flight,
        "workers": wanted.threads,
        "access_log": settings.log.access,
        "decision_share": settings.log.decisions,
        "counted_categories": settings.metrics.categories,
        "classify_tokens": _tokens("classify", auth.classify_tokens, auth.classify_tokens_file),
        "inspect_tokens": _tokens("inspect", auth.inspect_tokens, auth.inspect_tokens_file),
    }
    if wanted.tls_certificate and wanted.tls_key:
        given["tls"] = {"certificate": wanted.tls_certificate, "key": wanted.tls_key}
    elif wanted.tls_certificate or wanted.tls_key:
        missing = "server.tls_key" if wanted.tls_certificate else "server.tls_certificate"
        raise ConfigError(f"connections are encrypted with certificate and key: set {missing} too")
    return msgspec.json.encode(given)


def _tokens(right: str, listed: str, file: str) -> list[str]:
    """The tokens of a right; no message shows one."""
    tokens = [(token, f"auth.{right}_tokens") for token in listed.split()]
    if file:
        try:
            lines = Path(file).read_text(encoding="ascii").splitlines()
        except UnicodeDecodeError:
            raise ConfigError(f"auth.{right}_tokens_file: {file} is not plain ASCII") from None
        except OSError as error:
            raise ConfigError(
                f"auth.{right}_tokens_file: can't read {file}: {error.strerror}"
            ) from None
        for number, line in enumerate(lines, start=1):
            if line.strip() and not line.startswith("#"):
                tokens.append((line.strip(), f"{file}, line {number}"))
        # An empty file must not open what was meant to be closed.
        if not tokens:
            raise ConfigError(f"auth.{right}_tokens_file: {file} holds no token")
    for token, where in tokens:
        if len(token) < SHORTEST_TOKEN or not (token.isascii() and token.isprintable()):
            raise ConfigError(
                f"{where}: a token must have at least {SHORTEST_TOKEN} visible characters, "
                "for example from: openssl rand -hex 32"
            )
        if " " in token:
            raise ConfigError(f"{where}: a token has no spaces; write one a line")
    return [token for token, _ in tokens]


def _serve(settings: Settings, server: Server, source: Source) -> int:
    log = observability.logger()
    address = _address(settings, server)
    host, port = server.address or (None, None)
    log.info("listening", host=host, port=port, address=address, source=source.name)
    supervisor = Supervisor()
    counted = ReloadMetrics()
    ready = False
    last: RuleSet | None = None

    def build(sources: list[tuple[str, str]], *, version: int | None) -> Snapshot:
        nonlocal last
        built = snapshot.build(sources, settings=settings, version=version, previous=last)
        last = built.ruleset
        return built

    def publish(built: Snapshot) -> None:
        nonlocal ready
        server.publish(built.ruleset, built.version, *told())
        if not ready:
            ready = True
            log.info(
                "ready",
                address=address,
                version=built.version,
                rules=built.ruleset.rule_count,
                categories=built.ruleset.category_count,
            )

    def told() -> tuple[bytes, str]:
        return msgspec.json.encode(reloader.status_document()), counted.text(reloader.status)

    def changed() -> None:
        counted.note(reloader.status)
        server.set_status(*told())
        if ready:
            supervisor.ready(_summary(reloader.status))
        else:
            supervisor.status(reloader.status.error or "waiting for rules")

    reloader = Reloader(
        source,
        build,
        publish,
        interval=settings.reload.interval,
        deadline=settings.reload.deadline,
        last_good=_last_good(settings, source),
        set_aside=settings.reload.on_error == "set_aside",
        changed=changed,
    )
    reloader.start()
    supervisor.watch(server.probe)
    while (number := signal.sigwait({*ENDING, signal.SIGHUP})) == signal.SIGHUP:
        log.info("reload", result="asked", by="SIGHUP")
        supervisor.reloading()
        _renew(settings, server)
        reloader.wake()
    supervisor.stopping()
    deadline = settings.server.drain_timeout
    log.info("drain", signal=signal.Signals(number).name, deadline=deadline)
    return _end(server, reloader, deadline)


def _last_good(settings: Settings, source: Source) -> LastGood | None:
    """Where the rules of a store are kept for the next start; files on disk need no copy."""
    if not settings.reload.last_good or not isinstance(source, StoreSource):
        return None
    return LastGood(Path(settings.reload.last_good), config.masked(settings.store.url))


def _renew(settings: Settings, server: Server) -> None:
    """Reads tokens and certificates again; what can't be used leaves those before in force."""
    log = observability.logger()
    try:
        server.renew(_for_data_plane(settings))
    except (ConfigError, OSError) as error:
        log.error("renew", result="refused", error=str(error))
    else:
        log.info("renew", result="accepted")


def _address(settings: Settings, server: Server) -> str:
    if server.address is None:
        return f"unix:{settings.server.unix_socket}"
    host, port = server.address
    scheme = "https" if settings.server.tls_certificate else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _summary(status: Status) -> str:
    serving = status.accepted
    version = serving.publication.version if serving is not None else None
    named = "the rules" if version is None else f"rule set {version}"
    return f"answering by {named}" + (f"; {status.error}" if status.error else "")


def _end(server: Server, reloader: Reloader, deadline: float) -> int:
    """Lets requests under way end; a second signal does not wait for them, nor for the log."""
    started = time.monotonic()
    drained = _unless_signalled(lambda: server.drain(deadline), meanwhile=reloader.leave)
    if drained is None:
        reason = "a second signal; requests under way were cut"
    elif drained:
        reason = None
    else:
        reason = "the deadline passed; requests were cut"
    elapsed = round(time.monotonic() - started, 3)
    log = observability.logger()
    if reason is None:
        log.info("end", seconds=elapsed)
    else:
        log.warning("end", seconds=elapsed, reason=reason)
    if drained is None:
        server.flush_log(FLUSH_AT_ONCE)
    else:
        _unless_signalled(lambda: server.flush_log(FLUSH))
    return 0 if drained else 1


def _unless_signalled(
    work: Callable[[], bool], *, meanwhile: Callable[[], None] = lambda: None
) -> bool | None:
    """What `work` gives, None where a signal to end came first; `meanwhile` is called once it runs."""
    result: list[bool] = []
    thread = threading.Thread(target=lambda: result.append(work()), daemon=True)
    thread.start()
    meanwhile()
    while thread.is_alive():
        if signal.sigtimedwait(ENDING, TICK):
            return None
    return bool(result and result[0])


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Signals wait until the main thread takes them; threads started within inherit that."""
    kept = {*ENDING, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, kept)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
