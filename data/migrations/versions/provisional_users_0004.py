"""Provisional vectors of users outside a vocabulary, events of an item when it was placed, erasures of users."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLE = "provisional_users"


def upgrade() -> None:
    """Create the tables and the column; items placed before count as placed without events."""
    op.create_table(
        TABLE,
        sa.Column("entry", KEY, autoincrement=True, nullable=False),
        sa.Column("version", KEY, nullable=False),
        sa.Column("user_key", KEY, nullable=False),
        sa.Column("n_events", sa.Integer(), nullable=False),
        sa.Column("keywords", sa.Text(), nullable=False),
        sa.Column("collaborative_scale", sa.Double(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version"],
            ["model_versions.version"],
            name=op.f("fk_provisional_users_version"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_key"], ["users.user_key"], name=op.f("fk_provisional_users_user_key")),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_provisional_users")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_provisional_users_version_user_key"), TABLE, ["version", "user_key"], unique=False
    )
    op.add_column(
        "item_vectors", sa.Column("n_events", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )

    op.create_table(
        "erasures",
        sa.Column("entry", KEY, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("n_users", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_erasures")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("erasures")
    op.drop_column("item_vectors", "n_events")
    op.drop_table(TABLE)
