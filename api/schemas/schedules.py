"""Schedules as the API takes and shows them, named as in Knock's specification."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from psycopg.rows import DictRow
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from api.pagination import PageInfo
from api.schemas.recipients import Recipient, show
from api.schemas.resource import Moment, Resource, ref_of
from dispatch.schedules import zone_for
from models.values.refs import RecipientRef
from models.values.repeats import RepeatRule

MOST_AT_ONCE = 100
"""Recipients of a creation, ids of an update or a deletion (E-LIMITS 33)."""
MOST_IN_BULK = 1_000
MOST_RULES = 100
"""Knock publishes no limit; each rule costs time at every occurrence."""
_YEARS = range(1971, 9_000)


def _near_enough(moment: datetime) -> datetime:
    """Without an offset it is UTC (E-SCHED-3)."""
    if moment.year not in _YEARS:
        raise ValueError(f"must be a moment from {_YEARS.start} on")
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _none_is_empty(given: Any) -> Any:
    return [] if given is None else given


GivenMoment = Annotated[datetime, AfterValidator(_near_enough)]
Repeats = Annotated[list[RepeatRule], Field(max_length=MOST_RULES), BeforeValidator(_none_is_empty)]


class Timing(BaseModel):
    """When a schedule runs; `models/values/given.py` reads actor and tenant."""

    actor: Any = None
    tenant: Any = None
    data: dict[str, Any] | None = None
    repeats: Repeats = []
    scheduled_at: GivenMoment | None = None
    ending_at: GivenMoment | None = None


class CreateSchedulesRequest(Timing):
    """One schedule for each recipient (E-SCHED-1)."""

    workflow: str
    recipients: list[Any] = Field(min_length=1, max_length=MOST_AT_ONCE)


class BulkSchedule(Timing):
    """A row of a bulk creation: one recipient (E-SCHED-13)."""

    workflow: str
    recipient: Any = None


class BulkCreateSchedulesRequest(BaseModel):
    schedules: list[BulkSchedule] = Field(min_length=1, max_length=MOST_IN_BULK)


class UpdateSchedulesRequest(Timing):
    """What is given holds for all of them; what is not stays (E-SCHED-9)."""

    schedule_ids: list[UUID] = Field(min_length=1, max_length=MOST_AT_ONCE)


class DeleteSchedulesRequest(BaseModel):
    schedule_ids: list[UUID] = Field(min_length=1, max_length=MOST_AT_ONCE)


class ScheduleRepeat(Resource):
    """A rule as it is kept: groups of days are spelled out."""

    typename: str = Field("ScheduleRepeat", alias="__typename")
    frequency: str
    interval: int
    day_of_month: int | None
    days: list[str] | None
    hours: int | None
    minutes: int | None


class Schedule(Resource):
    """One recipient's. `next_occurrence_at` is written in the zone that its rules are of (E-SCHED-11)."""

    typename: str = Field("Schedule", alias="__typename")
    cursor: str | None = Field(None, alias="__cursor")
    id: UUID
    workflow: str
    recipient: Recipient
    actor: Recipient | None
    tenant: str | None
    data: dict[str, Any]
    repeats: list[ScheduleRepeat]
    next_occurrence_at: datetime | None
    last_occurrence_at: Moment | None
    inserted_at: Moment
    updated_at: Moment
    tocsin_skipped_at: Moment | None
    """The last occurrence that was due and did not run; Knock shows none (E-SCHED-12)."""
    tocsin_skip_reason: str | None


class ListSchedulesResponse(BaseModel):
    entries: list[Schedule]
    page_info: PageInfo


def refs_of(row: DictRow) -> list[RecipientRef]:
    """Whom a schedule names."""
    return [ref_of(row, role) for role in ("recipient", "actor") if row[f"{role}_id"] is not None]


def schedule(row: DictRow, people: Mapping[RecipientRef, DictRow], cursor: str | None = None) -> Schedule:
    """`people` holds those of its people who were ever identified."""

    def person(role: str) -> Recipient:
        ref = ref_of(row, role)
        return show(ref, people.get(ref), row["inserted_at"])

    following = row["next_occurrence_at"]
    return Schedule(
        cursor=cursor,
        id=row["id"],
        workflow=row["workflow_key"],
        recipient=person("recipient"),
        actor=None if row["actor_id"] is None else person("actor"),
        tenant=row["tenant_id"],
        data=row["data"],
        repeats=[ScheduleRepeat.model_validate(rule) for rule in row["repeats"]],
        next_occurrence_at=None if following is None else following.astimezone(zone_for(row)),
        last_occurrence_at=row["last_occurrence_at"],
        inserted_at=row["inserted_at"],
        updated_at=row["updated_at"],
        tocsin_skipped_at=row["skipped_at"],
        tocsin_skip_reason=row["skip_reason"],
    )
