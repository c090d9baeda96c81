"""Which run used up a workflow that runs once for a recipient (E-TRIGGER-24)."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.tables.columns import moment


class FirstRun(SQLModel, table=True):
    """`scope` is empty for once per recipient; per tenant it is `$tenant`, or `$tenant/` and its id.

    Nothing is written for workflows that run on every trigger.
    """

    __tablename__ = "first_runs"

    environment_id: UUID = Field(primary_key=True, foreign_key="environments.id")
    workflow_key: str = Field(primary_key=True)
    recipient_collection: str = Field(primary_key=True)
    recipient_id: str = Field(primary_key=True)
    scope: str = Field(primary_key=True)
    recipient_run_id: UUID
    inserted_at: datetime = moment()


async def first_run(connection: Connection, run: DictRow, scope: str, now: datetime) -> UUID:
    """The id of the first run of this workflow for this recipient in this scope: this run, if none was yet.

    `run` is a row of recipient runs. Whoever asks at the same time waits until this transaction ends.
    """
    cursor = await connection.execute(
        """
        INSERT INTO first_runs AS f (environment_id, workflow_key, recipient_collection, recipient_id, scope,
            recipient_run_id, inserted_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (environment_id, workflow_key, recipient_collection, recipient_id, scope)
        DO UPDATE SET recipient_run_id = f.recipient_run_id
        RETURNING f.recipient_run_id
        """,
        (
            *(run["environment_id"], run["workflow_key"]),
            *(run["recipient_collection"], run["recipient_id"]),
            *(scope, run["id"], now),
        ),
    )
    row = await cursor.fetchone()
    assert row is not None  # inserted or found
    return UUID(str(row["recipient_run_id"]))
