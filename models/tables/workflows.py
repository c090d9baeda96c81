"""Workflows and their published versions, which never change."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.tables.columns import document, moment, verbatim_document


class Workflow(SQLModel, table=True):
    """A workflow's name in an environment: its draft, its current version, and whether it runs at all."""

    __tablename__ = "workflows"

    environment_id: UUID = Field(primary_key=True, foreign_key="environments.id")
    key: str = Field(primary_key=True)
    active: bool = True
    current_version_id: UUID | None = None
    draft: dict[str, Any] | None = verbatim_document(nullable=True)
    inserted_at: datetime = moment()
    updated_at: datetime = moment()
    deleted_at: datetime | None = moment(nullable=True)


class WorkflowVersion(SQLModel, table=True):
    """One published state of a workflow, with the plan compiled from it (D29)."""

    __tablename__ = "workflow_versions"
    __table_args__ = (
        UniqueConstraint("environment_id", "workflow_key", "number"),
        ForeignKeyConstraint(
            ["environment_id", "workflow_key"], ["workflows.environment_id", "workflows.key"]
        ),
    )

    id: UUID = Field(primary_key=True)
    environment_id: UUID
    workflow_key: str
    number: int
    content_hash: str
    definition: dict[str, Any] = verbatim_document()
    plan: dict[str, Any] = document()
    commit_message: str | None = None
    inserted_at: datetime = moment()


async def find_current(connection: Connection, environment_id: UUID, key: str) -> DictRow | None:
    """What a trigger needs to know of a workflow: whether it is published, and whether it is active."""
    cursor = await connection.execute(
        """
        SELECT current_version_id, active FROM workflows
        WHERE environment_id = %s AND key = %s AND deleted_at IS NULL
        """,
        (environment_id, key),
    )
    return await cursor.fetchone()


async def find_version(connection: Connection, environment_id: UUID, version_id: UUID) -> DictRow | None:
    """A published version; it never changes, so callers may keep it."""
    cursor = await connection.execute(
        "SELECT * FROM workflow_versions WHERE environment_id = %s AND id = %s", (environment_id, version_id)
    )
    return await cursor.fetchone()
