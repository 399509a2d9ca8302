"""The first schema: users, items, interactions, tokens, snapshots, vectors, publication."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table."""
    _world()
    _snapshots()
    _versions()
    _publication()


def downgrade() -> None:
    """Refuse: dropping the first schema would drop the data."""
    raise NotImplementedError("there is no schema before the first; restore a backup instead")


def _world() -> None:
    op.create_table(
        "users",
        sa.Column("user_key", KEY, autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("n_events", sa.Integer(), nullable=False),
        sa.CheckConstraint("length(user_id) > 0", name=op.f("ck_users_user_id_not_empty")),
        sa.PrimaryKeyConstraint("user_key", name=op.f("pk_users")),
        sa.UniqueConstraint("user_id", name=op.f("uq_users_user_id")),
    )
    op.create_table(
        "items",
        sa.Column("item_key", KEY, autoincrement=False, nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("n_events", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(item_id) > 0", name=op.f("ck_items_item_id_not_empty")),
        sa.PrimaryKeyConstraint("item_key", name=op.f("pk_items")),
        sa.UniqueConstraint("item_id", name=op.f("uq_items_item_id")),
    )
    op.create_index(op.f("ix_items_revision"), "items", ["revision"], unique=False)
    op.create_table(
        "interactions",
        sa.Column("interaction_key", KEY, autoincrement=False, nullable=False),
        sa.Column("user_key", KEY, nullable=False),
        sa.Column("item_key", KEY, nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("weight", sa.REAL(), nullable=False),
        sa.CheckConstraint("time >= 0", name=op.f("ck_interactions_time_not_negative")),
        sa.CheckConstraint("weight >= 0", name=op.f("ck_interactions_weight_not_negative")),
        sa.ForeignKeyConstraint(["item_key"], ["items.item_key"], name=op.f("fk_interactions_item_key")),
        sa.ForeignKeyConstraint(["user_key"], ["users.user_key"], name=op.f("fk_interactions_user_key")),
        sa.PrimaryKeyConstraint("interaction_key", name=op.f("pk_interactions")),
        sa.UniqueConstraint(
            "user_key", "item_key", "time", name=op.f("uq_interactions_user_key_item_key_time")
        ),
    )
    op.create_table(
        "user_tokens",
        sa.Column("token_index", KEY, autoincrement=False, nullable=False),
        sa.Column("user_key", KEY, nullable=False),
        sa.ForeignKeyConstraint(["user_key"], ["users.user_key"], name=op.f("fk_user_tokens_user_key")),
        sa.PrimaryKeyConstraint("token_index", name=op.f("pk_user_tokens")),
        sa.UniqueConstraint("user_key", name=op.f("uq_user_tokens_user_key")),
    )


def _snapshots() -> None:
    op.create_table(
        "snapshots",
        sa.Column("sequence", KEY, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("protocol", sa.Text(), nullable=False),
        sa.Column("watermark_interaction", sa.BigInteger(), nullable=False),
        sa.Column("watermark_revision", sa.BigInteger(), nullable=False),
        sa.Column("n_users", sa.BigInteger(), nullable=False),
        sa.Column("n_items", sa.BigInteger(), nullable=False),
        sa.Column("n_interactions", sa.BigInteger(), nullable=False),
        sa.Column("holdout_threshold", sa.Double(), nullable=True),
        sa.Column("split_choice", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint("state in ('building', 'ready', 'failed')", name=op.f("ck_snapshots_state_known")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_snapshots")),
        sa.UniqueConstraint("key", name=op.f("uq_snapshots_key")),
        sqlite_autoincrement=True,
    )


def _versions() -> None:
    op.create_table(
        "model_versions",
        sa.Column("version", KEY, autoincrement=False, nullable=False),
        sa.Column("snapshot_key", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("predecessor", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_model_versions")),
    )
    op.create_table(
        "user_vectors",
        sa.Column("version", KEY, nullable=False),
        sa.Column("user_key", KEY, nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["user_key"], ["users.user_key"], name=op.f("fk_user_vectors_user_key")),
        sa.ForeignKeyConstraint(
            ["version"], ["model_versions.version"], name=op.f("fk_user_vectors_version"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version", "user_key", name=op.f("pk_user_vectors")),
    )
    op.create_table(
        "item_vectors",
        sa.Column("version", KEY, nullable=False),
        sa.Column("item_key", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.Text(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("kind in ('warm', 'cold', 'held_out')", name=op.f("ck_item_vectors_kind_known")),
        sa.ForeignKeyConstraint(["item_key"], ["items.item_key"], name=op.f("fk_item_vectors_item_key")),
        sa.ForeignKeyConstraint(
            ["version"], ["model_versions.version"], name=op.f("fk_item_vectors_version"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version", "item_key", name=op.f("pk_item_vectors")),
    )
    op.create_table(
        "audiences",
        sa.Column("version", KEY, nullable=False),
        sa.Column("item_key", KEY, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("user_key", KEY, nullable=False),
        sa.Column("log_probability", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["item_key"], ["items.item_key"], name=op.f("fk_audiences_item_key")),
        sa.ForeignKeyConstraint(["user_key"], ["users.user_key"], name=op.f("fk_audiences_user_key")),
        sa.ForeignKeyConstraint(
            ["version"], ["model_versions.version"], name=op.f("fk_audiences_version"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version", "item_key", "rank", name=op.f("pk_audiences")),
        sqlite_with_rowid=False,
    )


def _publication() -> None:
    op.create_table(
        "publication",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", KEY, nullable=False),
        sa.Column("previous_version", sa.BigInteger(), nullable=True),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_publication_one_row")),
        sa.ForeignKeyConstraint(["version"], ["model_versions.version"], name=op.f("fk_publication_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
    )
    op.create_table(
        "publication_log",
        sa.Column("entry", KEY, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("previous_version", sa.BigInteger(), nullable=True),
        sa.Column("forced", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("action in ('publish', 'rollback')", name=op.f("ck_publication_log_action_known")),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_publication_log")),
        sqlite_autoincrement=True,
    )
