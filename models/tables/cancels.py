"""Cancels: one row each, with its own number in the order of acceptance (D10)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.tables.columns import big_integer, moment, verbatim_document


class Cancel(SQLModel, table=True):
    """Stops the runs of triggers with a lower number that carry this key."""

    __tablename__ = "cancels"
    __table_args__ = (Index("cancels_by_key", "environment_id", "workflow_key", "cancellation_key"),)

    acceptance: int = big_integer(primary_key=True)
    environment_id: UUID = Field(foreign_key="environments.id")
    workflow_key: str
    cancellation_key: str
    recipients: list[Any] | None = verbatim_document(nullable=True)
    inserted_at: datetime = moment()
