"""Looking everything over: the content of every environment, and what stands around it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import zip_longest
from typing import Any

from psycopg.rows import DictRow
from pydantic import ValidationError

from models.database import Connection
from models.queries import checkup as queries
from models.queries.account import find_locale
from models.queries.channels import list_channels
from models.queries.commits import newest_unpromoted
from models.queries.surroundings import list_group_types
from models.sealing import SealBroken, Sealer
from models.tables.channels import seal_purpose
from models.values.content import ContentType, Name
from models.values.development import ENVIRONMENT as DEVELOPMENT
from models.values.providers import PROVIDER_OF_ID, SINK_IDS, WITHOUT_SETTINGS, shown
from publishing.checkup.account import (
    EXPIRES_SOON,
    check_channels,
    check_environment,
    check_groups,
    check_keys,
    check_left_lying,
    check_webhooks,
)
from publishing.checkup.content import check_content
from publishing.checkup.finding import Finding
from publishing.checkup.ground import ChannelFacts, Ground, Held
from publishing.cleaning import content_of
from publishing.drafts import Written
from publishing.kinds import KINDS


@dataclass(frozen=True)
class PlannedPlace:
    """What a project sets up in one environment."""

    variables: frozenset[str] = frozenset()
    channels: dict[str, ChannelFacts] = field(default_factory=dict)


@dataclass(frozen=True)
class Planned:
    """A project that is not pushed yet, looked at as if it were; its content goes to development."""

    written: Sequence[Written] = ()
    variables: frozenset[str] = frozenset()
    groups: dict[str, str] = field(default_factory=dict)
    places: dict[str, PlannedPlace] = field(default_factory=dict)

    def upon(self, ground: Ground) -> Ground:
        """The environment as it will be."""
        place = self.places.get(ground.slug, PlannedPlace())
        return replace(
            ground,
            variables=ground.variables | self.variables | place.variables,
            groups={**ground.groups, **self.groups},
            channels={**ground.channels, **place.channels},
        )


@dataclass(frozen=True)
class Looking:
    """How to look: `only` at one environment; `is_private` as `check_keys` has it."""

    sealer: Sealer
    only: str | None
    is_private: bool
    now: datetime


async def inspect(connection: Connection, planned: Planned, looking: Looking) -> list[Finding]:
    """Everything found, environment after environment."""
    only, now = looking.only, looking.now
    environments = await queries.list_environments(connection)
    found: list[Finding] = []
    for row, following in zip_longest(environments, environments[1:]):
        if only in (None, row["slug"]):
            found += await _inspect_environment(connection, row, following, planned, looking)
    keys = await queries.list_keys(connection, now + EXPIRES_SOON)
    found += check_keys(keys, is_private=looking.is_private)
    found += check_groups(await queries.list_broken_rules(connection))
    found += check_webhooks(await queries.list_silent_webhooks(connection))
    return [one for one in found if only is None or one.environment in (None, only)]


async def _inspect_environment(
    connection: Connection, row: DictRow, following: DictRow | None, planned: Planned, looking: Looking
) -> list[Finding]:
    contents = await queries.list_contents(connection, row["id"])
    held = {name_of(one): _held(one) for one in contents if one["archived_at"] is None and one["content"]}
    ground = await _ground(connection, row, contents, looking.sealer)
    if row["slug"] == DEVELOPMENT:
        held |= {one.name: _as_pushed(one, held.get(one.name)) for one in planned.written}
    ground = replace(planned.upon(ground), is_last=following is None)
    ground = replace(ground, names=frozenset(held), archived=ground.archived - frozenset(held))
    drafts = [one for one in contents if one["is_draft"] and one["archived_at"] is None]
    waiting = (
        [] if following is None else await newest_unpromoted(connection, row["id"], following["id"], [], None)
    )
    next_slug = following["slug"] if following else None
    has_content = any(one.is_published for one in held.values())
    return [
        *check_content(held.values(), ground),
        *check_channels(ground),
        *check_environment(row, has_content=has_content),
        *check_left_lying(drafts, waiting, row["slug"], next_slug, looking.now),
    ]


async def _ground(
    connection: Connection, row: DictRow, contents: Sequence[DictRow], sealer: Sealer
) -> Ground:
    variables = await queries.list_variables(connection, row["id"])
    channels = await list_channels(connection, row["id"])
    return Ground(
        slug=row["slug"],
        is_last=False,
        names=frozenset(),
        archived=frozenset(name_of(one) for one in contents if one["archived_at"] is not None),
        channels={one["key"]: _channel(one, row, sealer) for one in channels},
        groups=await list_group_types(connection),
        variables=frozenset(one["key"] for one in variables if one["has_value"]),
        valueless=frozenset(one["key"] for one in variables if not one["has_value"]),
        secrets=frozenset(one["key"] for one in variables if one["is_secret"]),
        locale=await find_locale(connection),
    )


def _channel(row: DictRow, environment: DictRow, sealer: Sealer) -> ChannelFacts:
    """A sink works in development only; whoever needs no settings, everywhere (E-CHANNEL-2)."""
    provider = row["provider"]
    is_configured = (
        environment["slug"] == DEVELOPMENT
        if provider in SINK_IDS
        else bool(row["has_settings"]) or provider in WITHOUT_SETTINGS
    )
    settings = {
        "channel_settings": row["channel_settings"] or {},
        "provider_settings": _provider_settings(row, environment, sealer),
        "conditions": row["conditions"] or {},
    }
    return ChannelFacts(row["key"], row["type"], provider, bool(row["is_sandbox"]), is_configured, settings)


def _provider_settings(row: DictRow, environment: DictRow, sealer: Sealer) -> dict[str, Any]:
    """Secrets are hidden, unless they are Liquid; what cannot be read is found by another check."""
    sealed, provider = row["provider_settings"], PROVIDER_OF_ID.get(row["provider"])
    if sealed is None or provider is None:
        return {}
    try:
        opened = sealer.open(bytes(sealed), seal_purpose(row["id"], environment["id"]))
        return shown(provider.settings.model_validate(opened))
    except (SealBroken, ValidationError):
        return {}


def name_of(row: Any) -> Name:
    """The name of a row of content."""
    return Name(ContentType(row["type"]), row["key"])


def _held(row: DictRow) -> Held:
    return Held(name_of(row), row["content"], row["active"], row["is_published"])


def _as_pushed(written: Written, known: Held | None) -> Held:
    kind = KINDS[written.name.type]
    content = content_of(written.raw, kind.readonly)
    assumed = kind.assumed(written.raw, known.content if known else None)
    kept = (
        {name: known.content[name] for name in kind.frozen_fields if name in known.content} if known else {}
    )
    whole = {**kept, **assumed, **content}
    return replace(known, content=whole) if known else Held(written.name, whole, is_published=False)
