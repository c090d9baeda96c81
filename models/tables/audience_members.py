"""Members of static audiences (E-AUD-2, E-AUD-3)."""

from collections.abc import Collection
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.parts import Part
from models.tables.columns import moment

NO_TENANT = ""
"""What is stored for a member without a tenant; no tenant has this id."""


class AudienceMember(SQLModel, table=True):
    """A user in an audience, once for each tenant; the user need not be known ("missing")."""

    __tablename__ = "audience_members"
    __table_args__ = (
        Index(
            "audience_members_by_time",
            "environment_id",
            "audience_key",
            "inserted_at",
            "user_id",
            "tenant_id",
        ),
    )

    environment_id: UUID = Field(primary_key=True, foreign_key="environments.id")
    user_id: str = Field(primary_key=True)
    audience_key: str = Field(primary_key=True)
    tenant_id: str = Field(primary_key=True)
    inserted_at: datetime = moment()


class Membership(BaseModel):
    """One user's place in an audience; the same user has another one with another tenant."""

    model_config = ConfigDict(frozen=True)

    user_id: str
    tenant_id: str | None = None


MEMBERSHIPS: LiteralString = """
    SELECT coalesce(jsonb_agg(m.audience_key), '[]'::jsonb) FROM audience_members m
    WHERE m.environment_id = {run}.environment_id AND m.user_id = {run}.recipient_id
      AND {run}.recipient_collection = '$users' AND m.tenant_id = coalesce({run}.tenant_id, '')
"""
"""The keys of the audiences that a run's recipient is in (E-COND-21): with exactly the run's tenant, or with
none if it has none; objects are in none. `{run}` is the run's row."""


async def add_members(
    connection: Connection,
    environment_id: UUID,
    audience_key: str,
    memberships: Collection[Membership],
    now: datetime,
) -> list[Membership]:
    """Those that are new; who is in already stays since when they were."""
    cursor = await connection.execute(
        """
        INSERT INTO audience_members (environment_id, audience_key, user_id, tenant_id, inserted_at)
        SELECT %s, %s, given.user_id, given.tenant_id, %s
        FROM unnest(%s::text[], %s::text[]) AS given(user_id, tenant_id) ORDER BY 3, 4
        ON CONFLICT DO NOTHING RETURNING user_id, tenant_id
        """,
        (environment_id, audience_key, now, *_columns(memberships)),
    )
    return [_membership(row) for row in await cursor.fetchall()]


def member_part(
    environment_id: UUID, audience_key: str, user_id: str, tenant_id: str | None, now: datetime
) -> Part:
    """Adding one member, as part of a statement; who is in already stays since when they were."""
    sql = """
        INSERT INTO audience_members (environment_id, audience_key, user_id, tenant_id, inserted_at)
        SELECT %(environment_id)s, %(audience_key)s, %(user_id)s, %(tenant_id)s, %(now)s FROM claimed
        ON CONFLICT DO NOTHING
    """
    values = {
        "environment_id": environment_id,
        "audience_key": audience_key,
        "user_id": user_id,
        "tenant_id": tenant_id or NO_TENANT,
        "now": now,
    }
    return Part("joined", sql, values)


async def remove_members(
    connection: Connection, environment_id: UUID, audience_key: str, memberships: Collection[Membership]
) -> list[Membership]:
    """Those that were in; the tenant must be the same as when they were added (E-AUD-2)."""
    cursor = await connection.execute(
        """
        DELETE FROM audience_members m USING unnest(%s::text[], %s::text[]) AS given(user_id, tenant_id)
        WHERE m.environment_id = %s AND m.audience_key = %s
          AND m.user_id = given.user_id AND m.tenant_id = given.tenant_id
        RETURNING m.user_id, m.tenant_id
        """,
        (*_columns(memberships), environment_id, audience_key),
    )
    return [_membership(row) for row in await cursor.fetchall()]


async def forget_audience(connection: Connection, audience_key: str) -> None:
    """Its members in every environment go: a new audience of that key starts empty."""
    await connection.execute("DELETE FROM audience_members WHERE audience_key = %s", (audience_key,))


def _columns(memberships: Collection[Membership]) -> tuple[list[str], list[str]]:
    return [one.user_id for one in memberships], [one.tenant_id or NO_TENANT for one in memberships]


def _membership(row: DictRow) -> Membership:
    return Membership(user_id=row["user_id"], tenant_id=row["tenant_id"] or None)
