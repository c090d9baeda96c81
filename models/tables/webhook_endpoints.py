"""Outbound webhook endpoints: where an environment's events are to be posted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel

from models.tables.columns import moment, texts


class WebhookEndpoint(SQLModel, table=True):
    """An endpoint of one environment; its signing secret is sealed."""

    __tablename__ = "webhook_endpoints"

    environment_id: UUID = Field(primary_key=True, foreign_key="environments.id")
    key: str = Field(primary_key=True)
    id: UUID
    url: str
    description: str | None = None
    events: list[str] = texts()
    enabled: bool
    signing_secret: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    hint: str
    inserted_at: datetime = moment()
    updated_at: datetime = moment()


def seal_purpose(endpoint_id: UUID) -> str:
    """What a sealed signing secret is bound to; see `models/sealing.py`."""
    return f"webhook:{endpoint_id}"
