"""The first schema: objects, their revisions, versions made of spans, publications.

A migration is never edited once released, so it shares nothing with `tables`, which goes on changing.
What may stand already is left: on MySQL and MariaDB an earlier run may have broken off in the middle.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import MEDIUMTEXT

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Without the character set, MySQL and MariaDB may create tables that refuse an emoji.
_MYSQL: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
    "mariadb_collate": "utf8mb4_bin",
}
_LONG_TEXT = sa.Text().with_variant(MEDIUMTEXT(), "mysql", "mariadb")


def upgrade() -> None:
    counters = op.create_table(
        "counters",
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("next_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
        if_not_exists=True,
        **_MYSQL,
    )
    op.create_table(
        "objects",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name_key", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_objects"),
        sa.UniqueConstraint("kind", "name_key", name="uq_objects_kind_name_key"),
        if_not_exists=True,
        **_MYSQL,
    )
    op.create_table(
        "revisions",
        sa.Column("object_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("source", _LONG_TEXT, nullable=False),
        sa.Column("source_hash", sa.String(64), nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("note", _LONG_TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("object_id", "number", name="pk_revisions"),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name="fk_revisions_object_id"),
        if_not_exists=True,
        **_MYSQL,
    )
    op.create_table(
        "versions",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("base_version", sa.BigInteger),
        sa.Column("note", _LONG_TEXT, nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("rule_count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_versions"),
        sa.ForeignKeyConstraint(["base_version"], ["versions.id"], name="fk_versions_base_version"),
        if_not_exists=True,
        **_MYSQL,
    )
    op.create_table(
        "spans",
        sa.Column("object_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("from_version", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("to_version", sa.BigInteger),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("file", sa.String(400), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("object_id", "from_version", name="pk_spans"),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name="fk_spans_object_id"),
        sa.ForeignKeyConstraint(["from_version"], ["versions.id"], name="fk_spans_from_version"),
        sa.ForeignKeyConstraint(["to_version"], ["versions.id"], name="fk_spans_to_version"),
        sa.ForeignKeyConstraint(
            ["object_id", "revision"],
            ["revisions.object_id", "revisions.number"],
            name="fk_spans_object_id_revision",
        ),
        if_not_exists=True,
        **_MYSQL,
    )
    there = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("spans")}
    for column in ("from_version", "to_version"):
        if f"ix_spans_{column}" not in there:
            op.create_index(f"ix_spans_{column}", "spans", [column])
    op.create_table(
        "publications",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("newest_version", sa.BigInteger, nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("note", _LONG_TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_publications"),
        sa.ForeignKeyConstraint(["version"], ["versions.id"], name="fk_publications_version"),
        sa.ForeignKeyConstraint(
            ["newest_version"], ["versions.id"], name="fk_publications_newest_version"
        ),
        if_not_exists=True,
        **_MYSQL,
    )
    if not op.get_bind().execute(sa.select(counters.c.name)).first():
        op.bulk_insert(
            counters,
            [{"name": name, "next_id": 1} for name in ("objects", "versions", "publications")],
        )


def downgrade() -> None:
    for table in ("publications", "spans", "versions", "revisions", "objects", "counters"):
        op.drop_table(table, if_exists=True)
