"""What is misconfigured, and the fix: what `tocsin doctor` shows."""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from api.dependencies import AccountCaller, Db, QueryString, Secrets
from api.reachability import why_unreachable
from api.schemas.commits import Written
from api.settings import ApiSettings
from models.database import Connection
from models.queries.channels import list_channels
from models.queries.checkup import list_environments
from models.sealing import SealBroken, Sealer
from models.tables.channels import seal_purpose
from models.values.content import ContentType, Name
from models.values.providers import is_liquid
from publishing import drafts
from publishing.checkup.finding import Finding, Level
from publishing.checkup.ground import ChannelFacts
from publishing.checkup.inspecting import Looking, Planned, PlannedPlace, inspect

router = APIRouter(prefix="/v1/tocsin/doctor", tags=["Doctor"])
SMTP = "email_smtp"


class PlannedChannel(BaseModel):
    """A channel as an environment will have it; `settings` as the check of its setup answered them."""

    type: str
    provider: str
    is_sandbox: bool = False
    is_valid: bool = True
    settings: dict[str, Any] = Field(default_factory=dict)


class PlannedEnvironment(BaseModel):
    """What the project's tocsin.toml sets up in one environment."""

    variables: list[str] = Field(default_factory=list)
    channels: dict[str, PlannedChannel] = Field(default_factory=dict)

    def planned(self) -> PlannedPlace:
        channels = {
            key: ChannelFacts(key, one.type, one.provider, one.is_sandbox, one.is_valid, one.settings)
            for key, one in self.channels.items()
        }
        return PlannedPlace(frozenset(self.variables), channels)


class Project(BaseModel):
    """A project that is not pushed yet: what it holds, and what it sets up."""

    resources: list[Written] = Field(default_factory=list, max_length=2_000)
    variables: list[str] = Field(default_factory=list)
    groups: dict[str, str] = Field(default_factory=dict)
    environments: dict[str, PlannedEnvironment] = Field(default_factory=dict)

    def planned(self) -> Planned:
        """Resources of unknown types are left out: a push says what is wrong with them."""
        known = set(ContentType)
        written = [
            drafts.Written(Name(ContentType(one.type), one.key), one.content)
            for one in self.resources
            if one.type in known
        ]
        places = {slug: one.planned() for slug, one in self.environments.items()}
        return Planned(written, frozenset(self.variables), self.groups, places)


def _settings(request: Request) -> ApiSettings:
    settings: ApiSettings = request.app.state.settings
    return settings


Settings = Annotated[ApiSettings, Depends(_settings)]


@router.get("")
async def look_over(
    _caller: AccountCaller, database: Db, sealer: Secrets, settings: Settings, query: QueryString
) -> dict[str, Any]:
    """Every environment, or the one in `?environment=`; errors first."""
    async with database.connection() as connection:
        return await _shown(connection, Planned(), sealer, settings, query.text("environment"))


@router.put("")
async def look_over_with(
    body: Project,
    _caller: AccountCaller,
    database: Db,
    sealer: Secrets,
    settings: Settings,
    query: QueryString,
) -> dict[str, Any]:
    """The same, as if the project in the body were pushed to development. Nothing is kept."""
    async with database.connection() as connection:
        return await _shown(connection, body.planned(), sealer, settings, query.text("environment"))


async def _shown(
    connection: Connection, planned: Planned, sealer: Sealer, settings: ApiSettings, only: str | None
) -> dict[str, Any]:
    is_private = settings.is_loopback and _is_loopback(settings.public_url)
    looking = Looking(sealer, only, is_private, datetime.now(UTC))
    found = await inspect(connection, planned, looking)
    found += await _unreachable(connection, planned, looking)
    found.sort(key=lambda one: one.level is not Level.ERROR)
    return {"findings": [_finding(one) for one in found]}


def _finding(found: Finding) -> dict[str, Any]:
    shown = asdict(found)
    keys = shown.pop("keys")
    return {**shown, "resource": {"type": keys[0], "key": keys[1]} if keys else None}


def _is_loopback(url: str | None) -> bool:
    host = urlsplit(url or "http://localhost").hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


async def _unreachable(connection: Connection, planned: Planned, looking: Looking) -> list[Finding]:
    """SMTP servers that nobody answers at; other providers are not asked, since asking may cost."""
    asked = []
    for environment in await list_environments(connection):
        slug = environment["slug"]
        if looking.only in (None, slug):
            coming = planned.places.get(slug, PlannedPlace()).channels
            rows = await list_channels(connection, environment["id"])
            kept = [row for row in rows if row["key"] not in coming]
            asked += list(_servers(kept, environment, looking.sealer))
            asked += list(_planned_servers(coming, slug))
    answers = await asyncio.gather(*(_finding_of(*one) for one in asked))
    return [one for one in answers if one is not None]


def _servers(rows: list[Any], environment: Any, sealer: Sealer) -> Iterator[tuple[str, str, Any]]:
    for row in rows:
        if row["provider"] != SMTP or row["provider_settings"] is None:
            continue
        try:
            server = sealer.open(row["provider_settings"], seal_purpose(row["id"], environment["id"]))
        except SealBroken as broken:
            server = broken
        yield row["key"], environment["slug"], server


def _planned_servers(coming: dict[str, ChannelFacts], slug: str) -> Iterator[tuple[str, str, Any]]:
    for key, channel in coming.items():
        server = channel.settings.get("provider_settings")
        if channel.provider == SMTP and isinstance(server, dict) and server.get("host"):
            yield key, slug, server


async def _finding_of(key: str, slug: str, server: Any) -> Finding | None:
    about = f'channel "{key}"'
    again = f"tocsin channels set {key} --environment {slug} with the right settings"
    if isinstance(server, SealBroken):
        told = f"its settings cannot be read: {server}"
        return Finding(Level.ERROR, "unreadable_settings", slug, about, told, again)
    host, port = server["host"], server.get("port", 587)
    if is_liquid(str(host)):
        return None
    why = await why_unreachable(host, int(port))
    if why is None:
        return None
    told = f"the mail server {host}:{port} does not take connections in {slug}: {why}"
    return Finding(Level.ERROR, "unreachable_provider", slug, about, told, f"start the server, or {again}")
