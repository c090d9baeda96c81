"""Channels as Knock's management API shows them."""

from contextlib import suppress
from typing import Any, Literal
from uuid import UUID, uuid5

from psycopg.rows import DictRow
from pydantic import BaseModel, ValidationError

from api.management_pages import ManagementPageInfo
from api.schemas.resource import Moment
from models.sealing import SealBroken, Sealer
from models.tables.channels import seal_purpose
from models.values.development import ENVIRONMENT
from models.values.providers import PROVIDER_OF_ID, SINKS, shown

VisibleIn = Literal["workflow", "broadcast"]


class ChannelEnvironmentSettings(BaseModel):
    """How one environment uses a channel. Secrets are hidden, unless they are Liquid."""

    id: UUID
    is_sandbox: bool
    is_valid: bool
    channel_settings: dict[str, Any] | None
    provider_settings: dict[str, Any] | None


class Channel(BaseModel):
    """A channel of the account; `environment_settings`, by environment, where they were asked for."""

    id: UUID
    key: str
    name: str
    type: str
    provider: str
    description: str | None
    custom_icon_url: str | None
    visible_in: list[VisibleIn]
    environment_settings: dict[str, ChannelEnvironmentSettings] | None = None
    created_at: Moment
    updated_at: Moment
    archived_at: Moment | None


class PaginatedChannelResponse(BaseModel):
    entries: list[Channel]
    page_info: ManagementPageInfo


def channel(row: DictRow, settings: dict[str, ChannelEnvironmentSettings] | None = None) -> Channel:
    return Channel(**account_part(row), archived_at=row["archived_at"], environment_settings=settings)


def account_part(row: DictRow) -> dict[str, Any]:
    """What all environments share, as fields."""
    same = ("id", "key", "name", "type", "provider", "description", "custom_icon_url", "visible_in")
    return {name: row[name] for name in same} | {
        "created_at": row["inserted_at"],
        "updated_at": row["updated_at"],
    }


def environment_settings(row: DictRow, environment_id: UUID, sealer: Sealer) -> ChannelEnvironmentSettings:
    """From a row with the channel's id and provider, and one environment's settings, or nulls for none."""
    settings = opened(row, environment_id, sealer)
    return ChannelEnvironmentSettings(
        id=uuid5(row["id"], str(environment_id)),
        is_sandbox=bool(row["is_sandbox"]),
        is_valid=is_valid(row, settings),
        channel_settings=row["channel_settings"] or {},
        provider_settings=shown(settings) if settings else {},
    )


def opened(row: DictRow, environment_id: UUID, sealer: Sealer) -> BaseModel | None:
    """The provider settings; None where there are none that can be used with this secret and release."""
    sealed, provider = row["provider_settings"], PROVIDER_OF_ID.get(row["provider"])
    if sealed is None or provider is None:
        return None
    with suppress(SealBroken, ValidationError):
        return provider.settings.model_validate(
            sealer.open(bytes(sealed), seal_purpose(row["id"], environment_id))
        )
    return None


def is_valid(row: DictRow, settings: BaseModel | None) -> bool:
    """Whether the row's environment can send with the channel."""
    provider = PROVIDER_OF_ID.get(row["provider"])
    if provider is None:
        return False
    if provider in SINKS:
        return bool(row["environment"] == ENVIRONMENT)
    return settings is not None or not provider.needs_settings
