"""Members of static audiences: the public API's routes for them (E-AUD-1 to E-AUD-3)."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import TypeAdapter, ValidationError

from api.dependencies import Caller, Credential, Db, QueryString, TemporalClient
from api.errors import InvalidParams, NotBuilt, NotFound
from api.identifying import too_large
from api.pagination import read_page, slice_of
from api.query import Query
from api.schemas import audience_members as schemas
from dispatch.waking import wake_for_recipients
from models.database import Connection
from models.queries.audience_members import page_members
from models.queries.recipients import list_outgrown
from models.queries.resources import find_resource
from models.tables.audience_members import NO_TENANT, Membership, add_members, remove_members
from models.tables.recipients import Identification
from models.values.content import ContentType, Name
from models.values.given import GivenMistake, GivenRecipient, checked_tenant_id
from models.values.refs import RecipientRef
from publishing.drafts import Written, commit_these, save
from publishing.space import Author, Space

router = APIRouter(prefix="/v1/audiences", tags=["Audiences"])

BY_TIME_USER_AND_TENANT = (datetime, str, str)
USUAL_PAGE = 25
CALLER = Author("secret-key@service-token.invalid", "A call with a secret key")
"""Who signs the commit of an audience that a call creates."""

_MEMBERS = TypeAdapter(list[schemas.AudienceMemberRequest])


@router.get("/{key:id}/members")
async def list_audience_members(
    key: str, caller: Caller, database: Db, query: QueryString
) -> schemas.ListAudienceMembersResponse:
    """The newest first; a user is listed once for each tenant."""
    page = read_page(query, BY_TIME_USER_AND_TENANT)
    if query.integer("page_size") is None:
        page = replace(page, size=USUAL_PAGE)
    async with database.connection() as connection:
        if await _type_of(connection, caller, key) != "static":
            raise NotBuilt("The members of dynamic audiences are not kept by this release.")
        rows = await page_members(connection, caller.environment_id, key, page)
    found = slice_of(
        rows,
        page,
        lambda row: (row["inserted_at"].isoformat(), row["user_id"], row["tenant_id"] or NO_TENANT),
    )
    entries = [schemas.member(row) for row in found.rows]
    return schemas.ListAudienceMembersResponse(entries=entries, page_info=found.info)


@router.post("/{key:id}/members", status_code=204)
async def add_audience_members(
    key: str,
    body: schemas.AudienceMembersRequest,
    caller: Caller,
    database: Db,
    temporal: TemporalClient,
    query: QueryString,
) -> None:
    """Identify those who come with properties, and add everybody; who is in already stays since when."""
    given = [_read(index, one) for index, one in enumerate(body.members)]
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        await _require_static(connection, caller, key, create=query.flag("create_audience") is True)
        await _identify(connection, caller, [user for user, _ in given], now)
        memberships = {membership: None for _, membership in given}
        await add_members(connection, caller.environment_id, key, list(memberships), now)
    await wake_for_recipients(database, temporal, caller.environment_id, [user.ref for user, _ in given])


@router.delete("/{key:id}/members", status_code=204)
async def remove_audience_members(
    key: str,
    caller: Caller,
    database: Db,
    query: QueryString,
    body: schemas.AudienceMembersRequest | None = None,
) -> None:
    """Each with the tenant it was added with; who is not in is passed over.

    Clients that cannot send a body with DELETE write the members as JSON in `?members=`.
    """
    members = _members_in(query) if body is None else body.members
    given = [_read(index, one) for index, one in enumerate(members)]
    async with database.transaction() as connection:
        await _require_static(connection, caller, key)
        memberships = [membership for _, membership in given]
        await remove_members(connection, caller.environment_id, key, memberships)


def _members_in(query: Query) -> list[schemas.AudienceMemberRequest]:
    try:
        members = _MEMBERS.validate_python(json.loads(query.text("members") or "null"))
    except (ValidationError, ValueError, RecursionError) as error:
        raise InvalidParams.of("members", "must be a list of {user: {id}, tenant?}") from error
    if not 1 <= len(members) <= schemas.MOST_MEMBERS:
        raise InvalidParams.of("members", f"must name 1 to {schemas.MOST_MEMBERS} members")
    return members


def _read(index: int, given: schemas.AudienceMemberRequest) -> tuple[GivenRecipient, Membership]:
    """The user and the membership; raises GivenMistake with the path of what is wrong."""
    here = f"members[{index}]"
    try:
        user = GivenRecipient.read(given.user)
    except GivenMistake as mistake:
        where = f".{mistake.field}" if mistake.field else ""
        raise GivenMistake(f"{here}.user{where}", mistake.message) from mistake
    if not user.ref.is_user:
        raise GivenMistake(f"{here}.user.collection", "only users are members of audiences")
    try:
        tenant_id = None if given.tenant is None else checked_tenant_id(given.tenant)
    except GivenMistake as mistake:
        raise GivenMistake(f"{here}.tenant", mistake.message) from mistake
    return user, Membership(user_id=user.ref.id, tenant_id=tenant_id)


async def _type_of(connection: Connection, caller: Credential, key: str) -> str | None:
    """`static`, `dynamic`, or None where there is no such audience; drafts count."""
    row = await find_resource(connection, caller.environment_id, Name(ContentType.AUDIENCE, key))
    if row is None:
        raise NotFound(f'There is no audience "{key}" in this environment.')
    content: dict[str, Any] = row["content"] or row["draft"]
    return str(content["type"])


async def _require_static(
    connection: Connection, caller: Credential, key: str, *, create: bool = False
) -> None:
    try:
        found = await _type_of(connection, caller, key)
    except NotFound as missing:
        if not create:
            raise NotFound(f"{missing} Push it, or add create_audience=true when adding members.") from None
        await _create(connection, caller, key)
        return
    if found != "static":
        raise InvalidParams.of("key", f'"{key}" is a dynamic audience, whose members its conditions find')


async def _create(connection: Connection, caller: Credential, key: str) -> None:
    """A static audience, published in the caller's environment alone."""
    space = Space(caller.environment_id, caller.environment_id, caller.slug)
    name = Name(ContentType.AUDIENCE, key)
    await save(connection, space, [Written(name, {"type": "static", "name": key})])
    await commit_these(connection, space, [name], CALLER, "Created with its first members")


async def _identify(
    connection: Connection, caller: Credential, users: list[GivenRecipient], now: datetime
) -> None:
    """Whoever comes with an id only is not created: they are members all the same, "missing" ones."""
    wanted: dict[RecipientRef, Identification] = {}
    for user in users:
        identification = Identification.of(user)
        if identification is None or not (user.properties or user.preferences or user.channel_data):
            continue
        known = wanted.get(user.ref)
        wanted[user.ref] = identification if known is None else known.joined_by(identification)
    # Locks them in the order of their ids, as whoever else writes many.
    given_now = {ref: one.properties for ref, one in wanted.items()}
    for ref in await list_outgrown(connection, caller.environment_id, given_now):
        raise too_large("members", ref)
    async with connection.pipeline():
        for ref in sorted(wanted, key=lambda one: one.gid):
            await wanted[ref].write(connection, caller.environment_id, now)
