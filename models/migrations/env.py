"""Alembic's entry: one connection, one advisory lock, so that two processes never migrate together."""

from typing import Any

import psycopg
from alembic import context
from sqlalchemy import create_engine, text
from sqlmodel import SQLModel

import models.tables  # noqa: F401  (the tables must be known)

MIGRATION_LOCK = 7_305_808_869_231_650
"""Any fixed number: what matters is that every Tocsin process asks for the same lock."""


def _is_ours(_object: Any, name: str | None, kind: str, reflected: bool, _compare_to: Any) -> bool:
    """Partitions are made and dropped at run time; migrations leave them alone."""
    return not (kind == "table" and reflected and name is not None and "_p_" in name)


def run() -> None:
    url: str = context.config.attributes["database_url"]
    # Not by SQLAlchemy's own URL: whatever libpq reads, the API and the worker take, too.
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url))
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            include_object=_is_ours,
            compare_type=True,
        )
        with context.begin_transaction():
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            context.run_migrations()
    engine.dispose()


run()
