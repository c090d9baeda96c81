"""Creating and changing channels: what is refused, and what is written (E-CHANNEL-2)."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from pydantic import BaseModel, ValidationError

from api.errors import InvalidParams
from api.faults import field_of
from api.schemas.tocsin_channels import ChannelRequest
from models.database import Connection
from models.ids import new_uuid
from models.queries import channels as queries
from models.queries.channels import ChannelToWrite, SettingsToWrite
from models.sealing import SealBroken, Sealer
from models.tables.channels import seal_purpose
from models.values.development import ENVIRONMENT
from models.values.kinds import ChannelType
from models.values.providers import (
    CHANNEL_SETTINGS,
    PROVIDER_OF_ID,
    SINKS,
    Provider,
    exposed,
    is_liquid,
    providers_of,
)
from rendering.environment import parse
from rendering.errors import TemplateError

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,254}")
_IN_APP = (ChannelType.IN_APP, ChannelType.IN_APP_FEED, ChannelType.IN_APP_GUIDE)
EVERYWHERE = ["workflow", "broadcast"]


@dataclass(frozen=True)
class Place:
    """The environment that is set up, and what seals its secrets."""

    environment_id: UUID
    slug: str
    sealer: Sealer


async def set_up(connection: Connection, key: str, body: ChannelRequest, place: Place, now: datetime) -> None:
    """Create or change a channel, and its settings in one environment; raises InvalidParams."""
    checked_key(key)
    await queries.lock_channels(connection)
    known = await _known(connection, key, body)
    provider = _provider(known, body)
    if known is not None and known["provider"] != provider.id:
        await _require_nobody_else(connection, known, place)
    channel = _account_part(key, known, body, provider)
    await queries.upsert_channel(connection, channel, now)
    if body.is_about_environment:
        stored = await queries.find_settings(connection, place.environment_id, channel.id)
        if stored is not None and known is not None and known["provider"] != provider.id:
            stored["provider_settings"] = None  # another provider's
        settings = _settings(stored, channel.id, body, provider, place)
        await queries.upsert_settings(connection, settings, now)


async def copy_settings(connection: Connection, channel: DictRow, source: Place, to: Place) -> None:
    """Whatever one environment keeps for a channel, kept for another one too; raises InvalidParams."""
    if PROVIDER_OF_ID.get(channel["provider"]) in SINKS:
        raise InvalidParams.of("to", f"a sink works only in {ENVIRONMENT}")
    stored = await queries.find_settings(connection, source.environment_id, channel["id"])
    if stored is None:
        raise InvalidParams.of("from", f'the channel "{channel["key"]}" has no settings in {source.slug}')
    settings = SettingsToWrite(
        channel_id=channel["id"],
        environment_id=to.environment_id,
        is_sandbox=stored["is_sandbox"],
        conditions=stored["conditions"],
        channel_settings=stored["channel_settings"],
        provider_settings=_sealed_again(stored["provider_settings"], channel["id"], source, to),
    )
    await queries.upsert_settings(connection, settings, stored["updated_at"])


def checked_key(key: str) -> str:
    """A key that may be written; raises InvalidParams."""
    if not _KEY.fullmatch(key):
        raise InvalidParams.of(
            "key", "must be lower-case letters, digits, - and _, beginning with one of the first two"
        )
    return key


async def _known(connection: Connection, key: str, body: ChannelRequest) -> DictRow | None:
    """The channel of this key, if there is one, or an archived one of this id; its id is for good."""
    namesakes = await queries.find_namesakes(connection, key, body.id)
    taken = next((row for row in namesakes if row["key"] != key), None)
    if taken is not None:
        raise InvalidParams.of("id", f'is that of the channel "{taken["key"]}"; choose another')
    live = next((row for row in namesakes if row["archived_at"] is None), None)
    if live is not None and body.id not in (None, live["id"]):
        raise InvalidParams.of("id", f"of a channel cannot be changed; it is {live['id']}")
    known = live or next(iter(namesakes), None)
    if known is not None and body.type not in (None, known["type"]):
        raise InvalidParams.of("type", f"of a channel cannot be changed; it is {known['type']}")
    return known


def _provider(known: DictRow | None, body: ChannelRequest) -> Provider:
    if known is None:
        _require_all(body)
    before: dict[str, str] = known or {}
    channel_type = ChannelType(body.type or before["type"])
    provider_id = body.provider or before["provider"]
    provider = PROVIDER_OF_ID.get(provider_id)
    if provider is None or provider.channel_type is not channel_type:
        ids = ", ".join(one.id for one in providers_of(channel_type))
        raise InvalidParams.of(
            "provider", f'"{provider_id}" delivers no {channel_type} here; known are {ids}'
        )
    return provider


def _require_all(body: ChannelRequest) -> None:
    missing = [name for name in ("name", "type", "provider") if getattr(body, name) is None]
    if missing:
        errors = [
            {"field": name, "message": "is required for a new channel", "type": "missing"} for name in missing
        ]
        raise InvalidParams(f"A new channel needs {', '.join(missing)}.", errors)


async def _require_nobody_else(connection: Connection, known: DictRow, place: Place) -> None:
    """Another environment's credentials would be lost with the provider they belong to."""
    others = await queries.configured_elsewhere(connection, place.environment_id, known["id"])
    if others:
        raise InvalidParams.of(
            "provider",
            f"cannot be changed while {', '.join(others)} sends with {known['provider']}; "
            "make another channel",
        )


def _account_part(
    key: str, known: DictRow | None, body: ChannelRequest, provider: Provider
) -> ChannelToWrite:
    given = body.model_dump(include={"name", "description", "custom_icon_url"}, exclude_unset=True)
    before = {name: known[name] for name in ("name", "description", "custom_icon_url")} if known else {}
    kept = {"description": None, "custom_icon_url": None, **before, **given}
    if kept["name"] is None:
        raise InvalidParams.of("name", "must be a text")
    visible_in = known["visible_in"] if known else EVERYWHERE
    if body.visible_in is not None:
        visible_in = list(body.visible_in)
    return ChannelToWrite(
        id=known["id"] if known else body.id or new_uuid(),
        key=key,
        type=provider.channel_type,
        provider=provider.id,
        visible_in=visible_in,
        **kept,
    )


def _settings(
    stored: DictRow | None, channel_id: UUID, body: ChannelRequest, provider: Provider, place: Place
) -> SettingsToWrite:
    before: dict[str, Any] = stored or {}
    if provider in SINKS and place.slug != ENVIRONMENT:
        raise InvalidParams.of("provider", f"{provider.id} works only in {ENVIRONMENT}")
    is_sandbox = before.get("is_sandbox", False) if body.is_sandbox is None else body.is_sandbox
    if is_sandbox and provider.channel_type in _IN_APP:
        raise InvalidParams.of("is_sandbox", f"is not for channels of type {provider.channel_type}")
    channel_settings = before.get("channel_settings", {})
    if body.channel_settings is not None:
        model = CHANNEL_SETTINGS[provider.channel_type]
        checked = _checked(model, body.channel_settings, "channel_settings")
        channel_settings = checked.model_dump(exclude_none=True, by_alias=True)
    conditions = before.get("conditions")
    if "conditions" in body.model_fields_set:
        conditions = body.conditions and body.conditions.model_dump(mode="json", exclude_none=True)
    return SettingsToWrite(
        channel_id=channel_id,
        environment_id=place.environment_id,
        is_sandbox=is_sandbox,
        conditions=conditions,
        channel_settings=channel_settings,
        provider_settings=_provider_settings(
            before.get("provider_settings"), channel_id, body, provider, place, is_sandbox=is_sandbox
        ),
    )


def _provider_settings(
    stored: bytes | None,
    channel_id: UUID,
    body: ChannelRequest,
    provider: Provider,
    place: Place,
    *,
    is_sandbox: bool,
) -> bytes | None:
    """Sealed: those given, else those there are. Only a sandbox may do without those it needs."""
    given = body.provider_settings
    if given is None and (stored is not None or is_sandbox):
        return stored
    settings = _checked(provider.settings, given or {}, "provider_settings")
    if not provider.needs_settings:
        return None
    return place.sealer.seal(exposed(settings), seal_purpose(channel_id, place.environment_id))


def _sealed_again(sealed: bytes | None, channel_id: UUID, source: Place, to: Place) -> bytes | None:
    if sealed is None:
        return None
    try:
        opened = source.sealer.open(bytes(sealed), seal_purpose(channel_id, source.environment_id))
    except SealBroken as broken:
        raise InvalidParams.of(
            "from", f"the settings in {source.slug} were sealed under another TOCSIN_SECRET_KEY"
        ) from broken
    return to.sealer.seal(opened, seal_purpose(channel_id, to.environment_id))


def _checked(model: type[BaseModel], given: dict[str, Any], name: str) -> BaseModel:
    try:
        settings = model.model_validate(given)
    except ValidationError as error:
        errors = [
            {
                "field": field_of([name, *mistake["loc"]]),
                "message": mistake["msg"].removeprefix("Value error, "),
                "type": mistake["type"],
            }
            for mistake in error.errors(include_input=False, include_url=False)
        ]
        told = "; ".join(f"{entry['field']}: {entry['message']}" for entry in errors)
        raise InvalidParams(f"The {name} are not valid. {told}", errors) from None
    _require_liquid(given, name)
    return settings


def _require_liquid(value: Any, path: str) -> None:
    """Every text inside must be whole Liquid, or none at all."""
    if isinstance(value, dict):
        for name, inner in value.items():
            _require_liquid(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _require_liquid(inner, f"{path}[{index}]")
    elif isinstance(value, str) and is_liquid(value):
        try:
            parse(value)
        except TemplateError as error:
            raise InvalidParams.of(path, str(error)) from error
