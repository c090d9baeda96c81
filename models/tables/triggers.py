"""Triggers: what callers asked for, written down before anything runs (D5)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.tables.columns import big_integer, document, moment, verbatim_document


class Trigger(SQLModel, table=True):
    """One call, shared by all its recipients; its id is the `workflow_run_id`.

    `acceptance` is its number in the order of acceptance: a cancel applies to lower numbers only.
    `answered_at` is set once its workflow is started and the caller may hear 2xx; a row that never was is
    retired by the reconciler, and a retired one never runs.
    """

    __tablename__ = "triggers"
    __table_args__ = (
        Index(
            "triggers_idempotency",
            "environment_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index(
            "triggers_unanswered",
            "inserted_at",
            postgresql_where=text("answered_at IS NULL AND retired_at IS NULL"),
        ),
        Index("triggers_unfinished_fan_out", "inserted_at", postgresql_where=text("fan_out = 'pending'")),
    )

    id: UUID = Field(primary_key=True)
    environment_id: UUID = Field(foreign_key="environments.id")
    workflow_key: str
    workflow_version_id: UUID
    acceptance: int = big_integer()
    source: str
    data: dict[str, Any] = verbatim_document()
    recipients: list[Any] = verbatim_document()
    actor_collection: str | None = None
    actor_id: str | None = None
    tenant_id: str | None = None
    cancellation_key: str | None = None
    settings: dict[str, Any] = document()
    fan_out: str | None = None
    idempotency_key: str | None = None
    request_hash: bytes | None = None
    request_id: str
    inserted_at: datetime = moment()
    answered_at: datetime | None = moment(nullable=True)
    retired_at: datetime | None = moment(nullable=True)
