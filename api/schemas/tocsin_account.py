"""The account as our management routes take and show it."""

import re
import zoneinfo
from typing import Annotated, Any

from psycopg.rows import DictRow
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.schemas.resource import Moment
from models.values.branding import Branding
from models.values.preferences import PreferenceSet

_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")


def _zone(name: str) -> str:
    if name not in zoneinfo.available_timezones():
        raise ValueError(f'"{name}" is not a time zone; write an IANA name such as Europe/Berlin')
    return name


def _locale(code: str) -> str:
    if not _LOCALE.fullmatch(code):
        raise ValueError(f'"{code}" is not a locale; write a code such as en, pt-BR or zh-Hans')
    return code


class AccountRequest(BaseModel):
    """What is left out stays. `branding` is merged key by key; `preferences` replaces the whole set."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=255)
    slug: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9_-]{0,254}$")
    timezone: Annotated[str, AfterValidator(_zone)] | None = None
    locale: Annotated[str, AfterValidator(_locale)] | None = None
    translations_enabled: bool | None = None
    branding: Branding | None = None
    preferences: PreferenceSet | None = None

    def changes(self) -> dict[str, Any]:
        """What was given for columns of the account's row, branding apart."""
        return self.model_dump(exclude_none=True, exclude={"branding", "preferences"})

    def branding_changes(self) -> dict[str, Any]:
        """The keys that were given; null takes one away."""
        return {} if self.branding is None else self.branding.model_dump(exclude_unset=True)


class Account(BaseModel):
    """The account, and the default preferences of the environment that was named."""

    name: str
    slug: str
    timezone: str
    locale: str
    translations_enabled: bool
    branding: dict[str, Any]
    environment: str
    preferences: dict[str, Any]
    created_at: Moment
    updated_at: Moment


def account(row: DictRow, environment: str, preferences: dict[str, Any]) -> Account:
    kept = ("name", "slug", "timezone", "locale", "translations_enabled", "branding", "updated_at")
    return Account(
        **{name: row[name] for name in kept},
        environment=environment,
        preferences=preferences,
        created_at=row["inserted_at"],
    )
