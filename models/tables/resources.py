"""Content: every versioned resource with its draft, and its published versions, which never change."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.tables.columns import document, moment, verbatim_document
from models.values.content import ContentType


class Resource(SQLModel, table=True):
    """A name in an environment or branch: what is saved there, what is published, whether it runs at all.

    On a branch `base_version_id` is the version of its environment that the branch last took over, and
    `synced_version_id` the branch's copy of it: while that is current, the branch has nothing to merge.
    """

    __tablename__ = "resources"

    environment_id: UUID = Field(primary_key=True, foreign_key="environments.id")
    type: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    draft: dict[str, Any] | None = verbatim_document(nullable=True)
    current_version_id: UUID | None = None
    base_version_id: UUID | None = None
    synced_version_id: UUID | None = None
    active: bool = True
    active_from: datetime | None = moment(nullable=True)
    active_until: datetime | None = moment(nullable=True)
    archived_at: datetime | None = moment(nullable=True)
    inserted_at: datetime = moment()
    updated_at: datetime = moment()


class ResourceVersion(SQLModel, table=True):
    """One published state; `compiled` holds what publishing made of it (a workflow's plan: D29)."""

    __tablename__ = "resource_versions"
    __table_args__ = (
        UniqueConstraint("environment_id", "type", "key", "number"),
        ForeignKeyConstraint(
            ["environment_id", "type", "key"],
            ["resources.environment_id", "resources.type", "resources.key"],
            ondelete="CASCADE",
        ),
    )

    id: UUID = Field(primary_key=True)
    environment_id: UUID
    type: str
    key: str
    number: int
    content_hash: str
    content: dict[str, Any] = verbatim_document()
    compiled: dict[str, Any] = document()
    archived_at: datetime | None = moment(nullable=True)
    inserted_at: datetime = moment()


async def find_version(connection: Connection, environment_id: UUID, version_id: UUID) -> DictRow | None:
    """A published version, of the environment or of one of its branches; it never changes."""
    cursor = await connection.execute(
        """
        SELECT v.* FROM resource_versions v JOIN environments e ON e.id = v.environment_id
        WHERE v.id = %(version_id)s
          AND (v.environment_id = %(environment_id)s OR e.branch_of = %(environment_id)s)
        """,
        {"environment_id": environment_id, "version_id": version_id},
    )
    return await cursor.fetchone()


async def find_data_schema(
    connection: Connection, environment_id: UUID, version_id: UUID
) -> dict[str, Any] | None:
    """The schema that a version of a workflow asks its triggers' data to follow."""
    cursor = await connection.execute(
        """
        SELECT v.content -> 'trigger_data_json_schema' AS schema
        FROM resource_versions v JOIN environments e ON e.id = v.environment_id
        WHERE v.id = %(version_id)s
          AND (v.environment_id = %(environment_id)s OR e.branch_of = %(environment_id)s)
        """,
        {"environment_id": environment_id, "version_id": version_id},
    )
    row = await cursor.fetchone()
    return None if row is None else row["schema"]


async def has_workflow(connection: Connection, environment_id: UUID, key: str) -> bool:
    """Whether the environment or branch has a workflow of that key, published or not."""
    cursor = await connection.execute(
        """
        SELECT FROM resources
        WHERE environment_id = %s AND type = %s AND key = %s AND archived_at IS NULL
        """,
        (environment_id, ContentType.WORKFLOW, key),
    )
    return cursor.rowcount == 1
