"""Schedules for tests, made as the API makes them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from dispatch.schedules import NewSchedule, insert_schedules, rouse
from dispatch.triggers import Place
from models.database import Database
from models.tables.schedules import lock_schedule
from models.values.given import GivenRecipient, GivenTenant
from models.values.repeats import RepeatRule
from tests.environments import TestEnvironment
from tests.virtual_time import VirtualTime, place_of

ADA = {"id": "ada", "name": "Ada", "email": "ada@example.com"}


def new_schedule(key: str = "digest", recipient: Any = ADA, **more: Any) -> NewSchedule:
    """As in JSON; the default is every day at nine in Ada's zone."""
    if "scheduled_at" not in more:
        more.setdefault("repeats", [{"frequency": "daily", "hours": 9}])
    actor, tenant = more.pop("actor", None), more.pop("tenant", None)
    rules = tuple(RepeatRule.model_validate(rule) for rule in more.pop("repeats", []))
    return NewSchedule(
        workflow_key=key,
        recipient=GivenRecipient.read(recipient),
        actor=None if actor is None else GivenRecipient.read(actor),
        tenant=None if tenant is None else GivenTenant.read(tenant),
        repeats=rules,
        **more,
    )


async def write(database: Database, place: Place, wanted: NewSchedule, now: datetime) -> UUID:
    async with database.transaction() as connection:
        (made,) = await insert_schedules(connection, place, [wanted], now)
    return made


async def schedule(virtual: VirtualTime, environment: TestEnvironment, **more: Any) -> UUID:
    """A schedule whose workflow runs in virtual time, made now by that clock."""
    made = await write(virtual.database, place_of(environment), new_schedule(**more), await virtual.now())
    await rouse(virtual.temporal, environment.id, [made])
    await virtual.idle(environment)
    return made


async def standing(database: Database, environment: TestEnvironment, schedule_id: UUID) -> dict[str, Any]:
    """The row of a schedule that is there."""
    async with database.transaction() as connection:
        row = await lock_schedule(connection, environment.id, schedule_id)
    assert row is not None
    return row
