"""What Alembic runs for each migration: on the connection, and inside the transaction, it was handed."""

from __future__ import annotations

from alembic import context

from data.tables import VERSION_TABLE, metadata


def run() -> None:
    """Run the pending migrations on ``config.attributes["connection"]``."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        render_as_batch=True,  # SQLite alters a table only by copying it
    )
    with context.begin_transaction():
        context.run_migrations()


if __name__ != "data.migrations.env":  # Alembic executes this file by path; a plain import does nothing
    run()
