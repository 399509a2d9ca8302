"""A count of the writes of a version's vectors, so that serving sees by one number whether to read them again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add the column; a version that is stored already begins at 0."""
    op.add_column(
        "model_versions", sa.Column("edition", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_column("model_versions", "edition")
