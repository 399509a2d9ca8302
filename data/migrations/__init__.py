"""Alembic history of the tables; run by :mod:`data.store.schema`, never by hand."""
