"""Looking everything over: the content of every environment, and what stands around it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import zip_longest
from typing import Any

from psycopg.rows import DictRow

from models.database import Connection
from models.queries import checkup as queries
from models.queries.account import find_locale
from models.queries.channels import list_channels
from models.queries.commits import newest_unpromoted
from models.queries.surroundings import list_group_types
from models.values.content import ContentType, Name
from models.values.development import ENVIRONMENT as DEVELOPMENT
from models.values.providers import SINK_IDS, WITHOUT_SETTINGS
from publishing.checkup.account import (
    EXPIRES_SOON,
    check_channels,
    check_environment,
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
class Planned:
    """A project that is not pushed yet, looked at as if it were."""

    written: Sequence[Written] = ()
    variables: frozenset[str] = frozenset()
    channels: dict[str, ChannelFacts] = field(default_factory=dict)


async def inspect(
    connection: Connection, planned: Planned, *, only: str | None, is_private: bool, now: datetime
) -> list[Finding]:
    """Everything found, environment after environment; `only` looks at one. See `check_keys`."""
    environments = await queries.list_environments(connection)
    found: list[Finding] = []
    for row, following in zip_longest(environments, environments[1:]):
        if only in (None, row["slug"]):
            found += await _inspect_environment(connection, row, following, planned, now)
    found += check_keys(await queries.list_keys(connection, now + EXPIRES_SOON), is_private=is_private)
    found += check_webhooks(await queries.list_silent_webhooks(connection))
    return [one for one in found if only is None or one.environment in (None, only)]


async def _inspect_environment(
    connection: Connection, row: DictRow, following: DictRow | None, planned: Planned, now: datetime
) -> list[Finding]:
    contents = await queries.list_contents(connection, row["id"])
    held = {name_of(one): _held(one) for one in contents if one["archived_at"] is None and one["content"]}
    ground = await _ground(connection, row, contents, is_last=following is None)
    if row["slug"] == DEVELOPMENT:
        held |= {one.name: _as_pushed(one, held.get(one.name)) for one in planned.written}
        ground = replace(
            ground,
            variables=ground.variables | planned.variables,
            channels={**ground.channels, **planned.channels},
        )
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
        *check_left_lying(drafts, waiting, row["slug"], next_slug, now),
    ]


async def _ground(
    connection: Connection, row: DictRow, contents: Sequence[DictRow], *, is_last: bool
) -> Ground:
    variables = await queries.list_variables(connection, row["id"])
    channels = await list_channels(connection, row["id"])
    return Ground(
        slug=row["slug"],
        is_last=is_last,
        names=frozenset(),
        archived=frozenset(name_of(one) for one in contents if one["archived_at"] is not None),
        channels={one["key"]: _channel(one, row["slug"]) for one in channels},
        groups=await list_group_types(connection),
        variables=frozenset(one["key"] for one in variables if one["has_value"]),
        valueless=frozenset(one["key"] for one in variables if not one["has_value"]),
        locale=await find_locale(connection),
    )


def _channel(row: DictRow, slug: str) -> ChannelFacts:
    """A sink works in development only; whoever needs no settings, everywhere (E-CHANNEL-2)."""
    provider = row["provider"]
    is_configured = (
        slug == DEVELOPMENT
        if provider in SINK_IDS
        else bool(row["has_settings"]) or provider in WITHOUT_SETTINGS
    )
    return ChannelFacts(row["key"], row["type"], provider, bool(row["is_sandbox"]), is_configured)


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
