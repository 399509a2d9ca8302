"""The tables of the store, their keys and constraints; ``migrations/`` holds their history."""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

VERSION_TABLE = "coldcast_schema"  # not Alembic's default, which MLflow and Dagster use in a shared database
POSTGRES_SCHEMA = "coldcast"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite makes a key its row number only where the type is spelled INTEGER; its integers have 64 bits anyway.
Key = BigInteger().with_variant(Integer(), "sqlite")

users = Table(
    "users",
    metadata,
    Column("user_key", Key, primary_key=True, autoincrement=False),
    Column("user_id", Text, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("n_events", Integer, nullable=False),
    CheckConstraint("length(user_id) > 0", name="user_id_not_empty"),
)

items = Table(
    "items",
    metadata,
    Column("item_key", Key, primary_key=True, autoincrement=False),
    Column("item_id", Text, nullable=False, unique=True),
    Column("text", Text, nullable=False),
    Column("attributes", Text, nullable=False),  # a JSON object
    Column("text_hash", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("n_events", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False, index=True),  # rises with every import that changes a text
    CheckConstraint("length(item_id) > 0", name="item_id_not_empty"),
)

interactions = Table(
    "interactions",
    metadata,
    Column("interaction_key", Key, primary_key=True, autoincrement=False),
    Column("user_key", Key, ForeignKey("users.user_key"), nullable=False),
    Column("item_key", Key, ForeignKey("items.item_key"), nullable=False, index=True),  # "who had this item?"
    Column("time", BigInteger, nullable=False),  # unix seconds, 0 = unknown
    Column("weight", REAL, nullable=False),
    UniqueConstraint("user_key", "item_key", "time"),
    CheckConstraint("time >= 0", name="time_not_negative"),
    CheckConstraint("weight >= 0", name="weight_not_negative"),
)

user_tokens = Table(
    "user_tokens",
    metadata,
    Column("token_index", Key, primary_key=True, autoincrement=False),
    Column("user_key", Key, ForeignKey("users.user_key"), nullable=False, unique=True),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("sequence", Key, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("content_hash", Text, nullable=False),
    Column("protocol", Text, nullable=False),
    Column("watermark_interaction", BigInteger, nullable=False),
    Column("watermark_revision", BigInteger, nullable=False),
    Column("n_users", BigInteger, nullable=False),
    Column("n_items", BigInteger, nullable=False),
    Column("n_interactions", BigInteger, nullable=False),
    Column("holdout_threshold", Double, nullable=True),
    Column("split_choice", Text, nullable=False),  # a JSON object, which the store does not read
    Column("created_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    CheckConstraint("state in ('building', 'ready', 'failed')", name="state_known"),
    sqlite_autoincrement=True,  # a sequence number is never given twice
)

model_versions = Table(
    "model_versions",
    metadata,
    Column("version", Key, primary_key=True, autoincrement=False),
    Column("snapshot_key", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("predecessor", BigInteger, nullable=True),  # published before this one: where a rollback leads
    Column(
        "edition", BigInteger, nullable=False, server_default=text("0")
    ),  # rises with every write of its vectors
)


def _version() -> Column[int]:
    return Column(
        "version",
        Key,
        ForeignKey("model_versions.version", ondelete="CASCADE"),
        primary_key=True,
        nullable=False,
    )


user_vectors = Table(
    "user_vectors",
    metadata,
    _version(),
    Column("user_key", Key, ForeignKey("users.user_key"), primary_key=True),
    Column("vector", LargeBinary, nullable=False),  # float32, little-endian, then their CRC-32
)

item_vectors = Table(
    "item_vectors",
    metadata,
    _version(),
    Column("item_key", Key, ForeignKey("items.item_key"), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("text_hash", Text, nullable=False),  # of the text the vector was made from
    Column("vector", LargeBinary, nullable=False),
    Column("n_events", Integer, nullable=False, server_default=text("0")),  # of the item when it was placed
    CheckConstraint("kind in ('warm', 'cold', 'held_out')", name="kind_known"),
)

provisional_users = Table(  # append-only: of a version's entries for a user the newest is in force
    "provisional_users",
    metadata,
    Column("entry", Key, primary_key=True, autoincrement=True),
    Column("version", Key, ForeignKey("model_versions.version", ondelete="CASCADE"), nullable=False),
    Column("user_key", Key, ForeignKey("users.user_key"), nullable=False),
    Column("n_events", Integer, nullable=False),  # of the user when he was folded in
    Column("keywords", Text, nullable=False),
    Column("collaborative_scale", Double, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "version", "user_key"),
    sqlite_autoincrement=True,
)

erasures = Table(  # after one, what was learned from those users must not be carried on
    "erasures",
    metadata,
    Column("entry", Key, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("n_users", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    sqlite_autoincrement=True,
)

audiences = Table(
    "audiences",
    metadata,
    _version(),
    Column("item_key", Key, ForeignKey("items.item_key"), primary_key=True),
    Column("rank", Integer, primary_key=True),  # 0 is the most probable user
    Column("user_key", Key, ForeignKey("users.user_key"), nullable=False),
    Column("log_probability", Double, nullable=False),  # nats, normalised over all users
    sqlite_with_rowid=False,
)

publication = Table(
    "publication",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Key, ForeignKey("model_versions.version"), nullable=False),
    Column("previous_version", BigInteger, nullable=True),
    Column("published_at", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

publication_log = Table(
    "publication_log",
    metadata,
    Column("entry", Key, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("previous_version", BigInteger, nullable=True),
    Column("forced", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    CheckConstraint("action in ('publish', 'rollback')", name="action_known"),
    sqlite_autoincrement=True,
)
