"""Credentials as our management routes take and show them; keys themselves are shown once."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.management_pages import ManagementPageInfo
from api.schemas.resource import Moment
from models.values.kinds import KeyKind

LONGEST_OVERLAP_HOURS = 24 * 90


class CreateKeyRequest(BaseModel):
    """A secret or public key of an environment, or a service token, which takes none."""

    model_config = ConfigDict(extra="forbid")

    kind: KeyKind
    environment: str | None = None
    name: str | None = Field(default=None, min_length=1, max_length=255)
    expires_at: AwareDatetime | None = None


class RotateKeyRequest(BaseModel):
    """For how long the old key stays good beside the new one."""

    model_config = ConfigDict(extra="forbid")

    overlap_hours: float = Field(default=24, ge=0, le=LONGEST_OVERLAP_HOURS)


class ExpireKeyRequest(BaseModel):
    """Until when the key is good; an earlier moment that is set already stays."""

    model_config = ConfigDict(extra="forbid")

    expires_at: AwareDatetime


class Key(BaseModel):
    """A key by its last four characters; `environment` is null for a service token."""

    id: UUID
    kind: KeyKind
    environment: str | None
    name: str | None
    hint: str
    is_development: bool
    is_exchanged: bool
    is_active: bool
    expires_at: Moment | None
    revoked_at: Moment | None
    created_at: Moment


class NewKeyResponse(Key):
    """With the key, this once: only a hash of it is kept."""

    key: str


class ListKeysResponse(BaseModel):
    entries: list[Key]
    page_info: ManagementPageInfo


def key(row: DictRow, now: datetime) -> Key:
    return Key.model_validate(_fields(row, now))


def new_key(row: DictRow, now: datetime, written: str) -> NewKeyResponse:
    return NewKeyResponse.model_validate({**_fields(row, now), "key": written})


def _fields(row: DictRow, now: datetime) -> dict[str, object]:
    kept = ("id", "kind", "name", "hint", "is_development", "is_exchanged", "expires_at", "revoked_at")
    is_expired = row["expires_at"] is not None and row["expires_at"] <= now
    return {
        **{name: row[name] for name in kept},
        "environment": row["slug"],
        "is_active": row["revoked_at"] is None and not is_expired,
        "created_at": row["inserted_at"],
    }
