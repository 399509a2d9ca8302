"""An index on the item of an interaction: who had it already is asked with every audience that is served."""

from __future__ import annotations

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

INDEX = "ix_interactions_item_key"


def upgrade() -> None:
    """Create the index."""
    op.create_index(op.f(INDEX), "interactions", ["item_key"], unique=False)


def downgrade() -> None:
    """Drop the index."""
    op.drop_index(op.f(INDEX), table_name="interactions")
