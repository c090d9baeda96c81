"""Workflows and their published versions, which never change."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Json, Jsonb
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


async def find_version(connection: Connection, environment_id: UUID, version_id: UUID) -> DictRow | None:
    """A published version; it never changes, so callers may keep it."""
    cursor = await connection.execute(
        "SELECT * FROM workflow_versions WHERE environment_id = %s AND id = %s", (environment_id, version_id)
    )
    return await cursor.fetchone()


async def save_draft(
    connection: Connection, environment_id: UUID, key: str, draft: dict[str, Any], now: datetime
) -> None:
    """Keep a draft; nothing runs it until it is committed (E-VERSION-3)."""
    await connection.execute(
        """
        INSERT INTO workflows (environment_id, key, active, draft, inserted_at, updated_at)
        VALUES (%s, %s, true, %s, %s, %s)
        ON CONFLICT (environment_id, key) DO UPDATE
        SET draft = excluded.draft, updated_at = excluded.updated_at, deleted_at = NULL
        """,
        (environment_id, key, Json(draft), now, now),
    )


async def lock_drafts(connection: Connection, environment_id: UUID, key: str | None) -> list[DictRow]:
    """Drafts to commit, of one workflow or of all, each with its current version's hash."""
    cursor = await connection.execute(
        """
        SELECT w.key, w.draft, w.current_version_id,
               (SELECT v.content_hash FROM workflow_versions v
                WHERE v.id = w.current_version_id) AS content_hash
        FROM workflows w
        WHERE w.environment_id = %(environment_id)s AND w.draft IS NOT NULL
          AND (%(key)s::text IS NULL OR w.key = %(key)s)
        ORDER BY w.key FOR UPDATE OF w
        """,
        {"environment_id": environment_id, "key": key},
    )
    return await cursor.fetchall()


async def insert_version(connection: Connection, version: WorkflowVersion) -> None:
    """Publish a version: triggers accepted from now on run it, runs in flight keep theirs (E-RUN-9)."""
    await connection.execute(
        """
        INSERT INTO workflow_versions (
            id, environment_id, workflow_key, number, content_hash, definition, plan, commit_message,
            inserted_at)
        VALUES (
            %(id)s, %(environment_id)s, %(workflow_key)s::text,
            (SELECT coalesce(max(v.number), 0) + 1 FROM workflow_versions v
             WHERE v.environment_id = %(environment_id)s AND v.workflow_key = %(workflow_key)s::text),
            %(content_hash)s, %(definition)s, %(plan)s, %(commit_message)s, %(inserted_at)s)
        """,
        {
            "id": version.id,
            "environment_id": version.environment_id,
            "workflow_key": version.workflow_key,
            "content_hash": version.content_hash,
            "definition": Json(version.definition),
            "plan": Jsonb(version.plan),
            "commit_message": version.commit_message,
            "inserted_at": version.inserted_at,
        },
    )


async def settle_draft(
    connection: Connection, environment_id: UUID, key: str, version_id: UUID, now: datetime
) -> None:
    """The draft became this version; there is nothing uncommitted any more."""
    await connection.execute(
        """
        UPDATE workflows SET current_version_id = %s, draft = NULL, updated_at = %s
        WHERE environment_id = %s AND key = %s
        """,
        (version_id, now, environment_id, key),
    )


WORKFLOW = """
    SELECT w.key, w.active, w.inserted_at, w.updated_at, w.draft, v.definition, v.content_hash,
           v.id AS version_id, v.number
    FROM workflows w LEFT JOIN workflow_versions v ON v.id = w.current_version_id
    WHERE w.environment_id = %s AND w.deleted_at IS NULL
"""


async def find_workflow(connection: Connection, environment_id: UUID, key: str) -> DictRow | None:
    """A workflow with its draft and its current version."""
    cursor = await connection.execute(f"{WORKFLOW} AND w.key = %s", (environment_id, key))
    return await cursor.fetchone()


async def has_workflow(connection: Connection, environment_id: UUID, key: str) -> bool:
    """Whether the environment has a workflow of that key, published or not."""
    cursor = await connection.execute(
        "SELECT FROM workflows WHERE environment_id = %s AND key = %s AND deleted_at IS NULL",
        (environment_id, key),
    )
    return cursor.rowcount == 1


async def list_workflows(connection: Connection, environment_id: UUID) -> list[DictRow]:
    """All workflows of the environment, by key."""
    cursor = await connection.execute(f"{WORKFLOW} ORDER BY w.key", (environment_id,))
    return await cursor.fetchall()
