"""Names move from objects to their revisions, so that a rule can be renamed; categories get a table.

Every step can be repeated: on MySQL and MariaDB an earlier run may have broken off in the middle.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MYSQL: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
    "mariadb_collate": "utf8mb4_bin",
}
_KEY = "uq_objects_kind_name_key"

_objects = sa.table(
    "objects", sa.column("id"), sa.column("kind"), sa.column("name_key"), sa.column("name")
)
_spans = sa.table("spans", sa.column("object_id"))
_revisions = sa.table(
    "revisions",
    sa.column("object_id"),
    sa.column("number"),
    sa.column("name_key"),
    sa.column("name"),
)


def upgrade() -> None:
    if "name" not in _columns("revisions"):
        op.add_column("revisions", sa.Column("name", sa.String(400)))
    if "name_key" not in _columns("revisions"):
        op.add_column("revisions", sa.Column("name_key", sa.String(64)))
    if "name_key" in _columns("objects"):
        for column in ("name", "name_key"):
            found = sa.select(_objects.c[column]).where(_objects.c.id == _revisions.c.object_id)
            op.execute(sa.update(_revisions).values({column: found.scalar_subquery()}))
        with op.batch_alter_table("revisions") as table:
            table.alter_column("name", existing_type=sa.String(400), nullable=False)
            table.alter_column("name_key", existing_type=sa.String(64), nullable=False)
        if not _has_index("revisions", "ix_revisions_name_key"):
            op.create_index("ix_revisions_name_key", "revisions", ["name_key"])
        # Together: what is left of them tells a broken-off run how far it came.
        with op.batch_alter_table("objects") as table:
            if _has_key():
                table.drop_constraint(_KEY, type_="unique")
            if "name" in _columns("objects"):
                table.drop_column("name")
        with op.batch_alter_table("objects") as table:
            table.drop_column("name_key")
    op.create_table(
        "categories",
        sa.Column("object_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("path", sa.String(400), nullable=False),
        sa.Column("parent", sa.String(400)),
        sa.Column("name", sa.String(400), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("redirect", sa.String(400)),
        sa.PrimaryKeyConstraint("object_id", "revision", name="pk_categories"),
        sa.ForeignKeyConstraint(
            ["object_id", "revision"],
            ["revisions.object_id", "revisions.number"],
            name="fk_categories_object_id_revision",
        ),
        if_not_exists=True,
        **_MYSQL,
    )


def downgrade() -> None:
    """Other kinds than rules and lists go: the older schema does not know them."""
    op.drop_table("categories", if_exists=True)
    if {"name", "name_key"} <= _columns("revisions"):
        gone = sa.select(_objects.c.id).where(_objects.c.kind.not_in(["rule", "list"]))
        for dependent in (_spans, _revisions):
            op.execute(sa.delete(dependent).where(dependent.c.object_id.in_(gone)))
        op.execute(sa.delete(_objects).where(_objects.c.kind.not_in(["rule", "list"])))
        for column, size in (("name", 200), ("name_key", 64)):
            if column not in _columns("objects"):
                op.add_column("objects", sa.Column(column, sa.String(size)))
        _give_objects_their_last_names()
        with op.batch_alter_table("objects") as table:
            table.alter_column("name", existing_type=sa.String(200), nullable=False)
            table.alter_column("name_key", existing_type=sa.String(64), nullable=False)
            if not _has_key():
                table.create_unique_constraint(_KEY, ["kind", "name_key"])
    if _has_index("revisions", "ix_revisions_name_key"):
        op.drop_index("ix_revisions_name_key", "revisions")
    for column in ("name", "name_key"):
        if column in _columns("revisions"):
            with op.batch_alter_table("revisions") as table:
                table.drop_column(column)


def _give_objects_their_last_names() -> None:
    bind = op.get_bind()
    found = bind.execute(
        sa.select(_revisions.c.object_id, _objects.c.kind, _revisions.c.name, _revisions.c.name_key)
        .join(_objects, _objects.c.id == _revisions.c.object_id)
        .order_by(_revisions.c.object_id, _revisions.c.number)
    )
    last = {row.object_id: row for row in found}
    taken: set[tuple[str, str]] = set()
    rows = []
    # Where two had a name in turn, the later object keeps it; no name has the other's key.
    for number, row in sorted(last.items(), reverse=True):
        key = row.name_key if (row.kind, row.name_key) not in taken else f"{number:064}"
        taken.add((row.kind, key))
        rows.append({"number": number, "last_name": row.name[:200], "last_key": key})
    if rows:
        bind.execute(
            sa.update(_objects)
            .where(_objects.c.id == sa.bindparam("number"))
            .values(name=sa.bindparam("last_name"), name_key=sa.bindparam("last_key")),
            rows,
        )


def _columns(table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}


def _has_index(table: str, name: str) -> bool:
    return name in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}


def _has_key() -> bool:
    found = sa.inspect(op.get_bind()).get_unique_constraints("objects")
    return _KEY in {key["name"] for key in found}
