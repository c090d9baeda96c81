"""Variables: values that templates and conditions read as `vars.<key>` (E-VARS)."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg.rows import DictRow
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.tables.columns import moment, sealed


class Variable(SQLModel, table=True):
    """A variable of the account, with the value that holds where an environment has none of its own.

    A public value is text in `value`; a secret one is in `sealed`. Neither: there is no such value.
    """

    __tablename__ = "variables"

    key: str = Field(primary_key=True)
    type: str
    description: str | None = None
    value: str | None = None
    sealed: bytes | None = sealed()
    inserted_at: datetime = moment()
    updated_at: datetime = moment()


class VariableOverride(SQLModel, table=True):
    """The value of a variable in one environment."""

    __tablename__ = "variable_overrides"

    environment_id: UUID = Field(primary_key=True, foreign_key="environments.id")
    key: str = Field(primary_key=True, foreign_key="variables.key", ondelete="CASCADE")
    value: str | None = None
    sealed: bytes | None = sealed()
    updated_at: datetime = moment()


PUBLIC_VALUES: LiteralString = """
    SELECT json_object_agg(v.key, coalesce(o.value, v.value) ORDER BY v.key)
    FROM variables v
    LEFT JOIN variable_overrides o ON o.key = v.key AND o.environment_id = {environment_id}
    WHERE coalesce(o.value, v.value) IS NOT NULL
"""
"""The public values of one environment as `{key: text}`, null for none."""

SECRET_VALUES: LiteralString = """
    SELECT json_object_agg(v.key, json_build_object(
        'is_override', o.sealed IS NOT NULL, 'sealed', encode(coalesce(o.sealed, v.sealed), 'base64')))
    FROM variables v
    LEFT JOIN variable_overrides o ON o.key = v.key AND o.environment_id = {environment_id}
    WHERE v.type = 'secret'
"""
"""The secret values of one environment, still sealed; `sealed` is null for one without a value here."""


def seal_purpose(key: str, environment_id: UUID | None) -> str:
    """What a sealed value is bound to; None for the account's own. See `models/sealing.py`."""
    return f"variable:{key}:{environment_id or 'account'}"


async def find_values(connection: Connection, environment_id: UUID) -> DictRow:
    """All values of one environment: `variables` and `secrets` as above, and `environment_id`."""
    cursor = await connection.execute(
        f"""
        SELECT ({PUBLIC_VALUES.format(environment_id="%(environment_id)s")}) AS variables,
               ({SECRET_VALUES.format(environment_id="%(environment_id)s")}) AS secrets,
               %(environment_id)s::uuid AS environment_id
        """,
        {"environment_id": environment_id},
    )
    row = await cursor.fetchone()
    assert row is not None  # it selects from nothing
    return row
