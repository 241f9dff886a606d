"""The tables, as the newest migration leaves them. What is done with them is decided elsewhere.

Rules that keep one schema good for SQLite, MySQL, MariaDB and PostgreSQL:

- Ids come from `counters`, taken in the writing transaction. Its rows are also the lock between writers,
  so ids rise in the order of the commits.
- Text is never compared in SQL: collations differ in case, accents and trailing blanks. An object is
  found by `name_key`, the SHA-256 of its name's UTF-8 in hexadecimal; orders are made in Python.
- Times are Unix milliseconds in BIGINT; there is no JSON type and no boolean.
- `revisions` with `categories`, `versions` and `publications` are append-only. A span is written once and
  closed once.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects.mysql import MEDIUMTEXT

# Of a rule or list; a category's path and an examples file's name may be longer.
NAME_LENGTH = 200
LONG_NAME_LENGTH = 400
FILE_LENGTH = 400
AUTHOR_LENGTH = 200

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# The plain TEXT of MySQL and MariaDB ends at 64 KiB, less than a long list.
_LONG_TEXT = Text().with_variant(MEDIUMTEXT(), "mysql", "mariadb")


def _id() -> Column[int]:
    return Column("id", BigInteger, primary_key=True, autoincrement=False)


counters = Table(
    "counters",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("next_id", BigInteger, nullable=False),
)

objects = Table(
    "objects",
    metadata,
    _id(),
    Column("kind", String(16), nullable=False),
)

# An object may be renamed: its name is a revision's. In a version no two of a kind have one name.
revisions = Table(
    "revisions",
    metadata,
    Column(
        "object_id", BigInteger, ForeignKey("objects.id"), primary_key=True, autoincrement=False
    ),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("source", _LONG_TEXT, nullable=False),
    Column("source_hash", String(64), nullable=False),
    Column("author", String(AUTHOR_LENGTH), nullable=False),
    Column("note", _LONG_TEXT, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("name", String(LONG_NAME_LENGTH), nullable=False),
    Column("name_key", String(64), nullable=False),
    Index(None, "name_key"),
)

# What the row of a category says, for those who query: `object_id` is the category's stable id.
categories = Table(
    "categories",
    metadata,
    Column("object_id", BigInteger, primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("path", String(LONG_NAME_LENGTH), nullable=False),
    Column("parent", String(LONG_NAME_LENGTH)),
    Column("name", String(LONG_NAME_LENGTH), nullable=False),
    Column("status", String(16), nullable=False),
    Column("redirect", String(LONG_NAME_LENGTH)),
    ForeignKeyConstraint(["object_id", "revision"], ["revisions.object_id", "revisions.number"]),
)

versions = Table(
    "versions",
    metadata,
    _id(),
    Column("base_version", BigInteger, ForeignKey("versions.id")),
    Column("note", _LONG_TEXT, nullable=False),
    Column("author", String(AUTHOR_LENGTH), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("rule_count", Integer, nullable=False),
)

# The content of version v: from_version <= v and (to_version is null or to_version > v).
spans = Table(
    "spans",
    metadata,
    Column(
        "object_id", BigInteger, ForeignKey("objects.id"), primary_key=True, autoincrement=False
    ),
    Column(
        "from_version",
        BigInteger,
        ForeignKey("versions.id"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("to_version", BigInteger, ForeignKey("versions.id")),
    Column("revision", Integer, nullable=False),
    Column("file", String(FILE_LENGTH), nullable=False),
    Column("position", BigInteger, nullable=False),
    ForeignKeyConstraint(["object_id", "revision"], ["revisions.object_id", "revisions.number"]),
    Index(None, "from_version"),
    Index(None, "to_version"),
)

publications = Table(
    "publications",
    metadata,
    _id(),
    Column("version", BigInteger, ForeignKey("versions.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("newest_version", BigInteger, ForeignKey("versions.id"), nullable=False),
    Column("author", String(AUTHOR_LENGTH), nullable=False),
    Column("note", _LONG_TEXT, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
