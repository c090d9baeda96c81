"""Environments as Knock's management API and ours show them."""

from typing import Annotated, Literal

from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict, Field

from api.management_pages import ManagementPageInfo
from api.schemas.resource import Moment

FIRST, LAST = "development", "production"
"""What every account has, at both ends of the order; owned by the system, never moved or archived."""

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,254}$")]


class Environment(BaseModel):
    """As in Knock."""

    slug: str
    name: str
    order: int
    owner: Literal["system", "user"]
    label_color: str | None
    hide_pii_data: bool
    last_commit_at: Moment | None
    created_at: Moment
    updated_at: Moment
    deleted_at: Moment | None


class TocsinEnvironment(Environment):
    """With what Knock's answer has no place for."""

    enhanced_security: bool


class PaginatedEnvironmentResponse(BaseModel):
    entries: list[Environment]
    page_info: ManagementPageInfo


class EnvironmentRequest(BaseModel):
    """What is left out stays. `before` and `after` place a new environment; the order never changes later."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=255)
    label_color: str | None = Field(default=None, pattern=r"^#(?:[A-Fa-f0-9]{3}|[A-Fa-f0-9]{6})$")
    hide_pii_data: bool | None = None
    enhanced_security: bool | None = None
    before: str | None = None
    after: str | None = None


def is_system(slug: str) -> bool:
    return slug in (FIRST, LAST)


def environment(row: DictRow) -> Environment:
    return Environment.model_validate(_fields(row))


def tocsin_environment(row: DictRow) -> TocsinEnvironment:
    return TocsinEnvironment.model_validate({**_fields(row), "enhanced_security": row["enhanced_security"]})


def _fields(row: DictRow) -> dict[str, object]:
    kept = ("slug", "name", "label_color", "hide_pii_data", "last_commit_at", "updated_at", "deleted_at")
    return {
        **{name: row[name] for name in kept},
        "order": row["position"],
        "owner": "system" if is_system(row["slug"]) else "user",
        "created_at": row["inserted_at"],
    }
