"""Erasures of users are noted no longer: nothing erased users, and a store with gaps could not be used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Drop the table."""
    op.drop_table("erasures")


def downgrade() -> None:
    """Create it anew, empty."""
    op.create_table(
        "erasures",
        sa.Column("entry", KEY, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("n_users", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_erasures")),
        sqlite_autoincrement=True,
    )
