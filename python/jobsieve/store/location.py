"""Where a rule store is, read from a file path or a URL. Nothing here opens it or quotes a password."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from jobsieve.errors import StoreError

Product: TypeAlias = Literal["mysql", "postgresql"]

# How a URL may begin -> the kind of server.
_PRODUCTS: dict[str, Product] = {
    "mysql": "mysql",
    "mariadb": "mysql",
    "mysql+pymysql": "mysql",
    "mariadb+pymysql": "mysql",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "postgresql+psycopg": "postgresql",
}
_PORTS: dict[Product, int] = {"mysql": 3306, "postgresql": 5432}
# What may stand behind the question mark: how the server is reached. Timeouts are not for choice.
_OPTIONS: dict[Product, tuple[str, ...]] = {
    "mysql": ("unix_socket", "ssl_ca", "ssl_cert", "ssl_key", "ssl_verify_identity"),
    "postgresql": ("host", "sslmode", "sslrootcert", "sslcert", "sslkey"),
}
_EXAMPLES = "sqlite:///rules.db, mysql://user:password@host/database or postgresql://…"


@dataclass(frozen=True, slots=True)
class ServerLocation:
    """A database on a server. Its text has everything but the password."""

    product: Product
    host: str
    port: int
    database: str
    user: str | None
    password: str | None = field(repr=False)
    options: Mapping[str, str]

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = f"{self.user}@" if self.user else ""
        socket = self.options.get("unix_socket") or self.options.get("host")
        by = f" by {socket}" if socket else ""
        return f"{self.product}://{user}{host}:{self.port}/{self.database}{by}"


def read(url: str | os.PathLike[str]) -> Path | ServerLocation:
    """The absolute path of an SQLite file, or the database of a server. Raises `StoreError`."""
    text = os.fspath(url)
    if "://" not in text:
        if not text or text == ":memory:":
            raise StoreError(
                f"{text!r} names no rule store; give a file path or a URL such as sqlite:///rules.db"
            )
        return _absolute(text)
    scheme = text.split("://", 1)[0]
    try:
        parsed = make_url(text)
    except (ArgumentError, ValueError):
        # The causes are left out: they quote the URL, and with it a password.
        raise StoreError(
            f"the URL of the rule store, {scheme}://…, can't be read; write it as {_EXAMPLES}; in a "
            "password, write @ as %40, / as %2F and : as %3A"
        ) from None
    product = _PRODUCTS.get(parsed.drivername)
    if product is not None:
        return _server(product, parsed)
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise StoreError(
            f"a rule store can't be kept in {scheme}:// databases; give a file path or a URL such as "
            f"{_EXAMPLES}"
        )
    # SQLAlchemy drops what follows a question mark without a word where it does not look like options.
    if parsed.host or "?" in text or parsed.database in (None, "", ":memory:"):
        raise StoreError(
            "the URL of the rule store must be sqlite:/// and a file path, without options; "
            "sqlite:////folder/rules.db, with four slashes, is an absolute path"
        )
    return _absolute(str(parsed.database))


def _server(product: Product, parsed: URL) -> ServerLocation:
    options: dict[str, str] = {}
    for name, value in parsed.query.items():
        if name not in _OPTIONS[product] or not isinstance(value, str):
            raise StoreError(
                f"the URL of the rule store, {product}://…, has the option {name!r}, which is unknown or "
                f"given twice; known: {', '.join(_OPTIONS[product])}"
            )
        options[name] = value
    if not parsed.database or (parsed.host and "," in parsed.host):
        raise StoreError(
            f"the URL of the rule store, {product}://…, must name one host and a database: "
            f"{product}://user:password@host:{_PORTS[product]}/database"
        )
    return ServerLocation(
        product=product,
        host=parsed.host or "localhost",
        port=parsed.port or _PORTS[product],
        database=parsed.database,
        user=parsed.username,
        password=parsed.password,
        options=options,
    )


def _absolute(text: str) -> Path:
    # Absolute, so that a later change of the working folder does not lead to another file.
    try:
        return Path(text).absolute()
    except OSError as error:
        raise StoreError(f"cannot open the rule store {text}: {error.strerror}") from error
