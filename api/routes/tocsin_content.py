"""Content beyond Knock's contract: whole pushes, archiving of every kind, drafts thrown away, reverts."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from psycopg.rows import DictRow

from api.content import archive, found
from api.content_database import ContentDb
from api.dependencies import AccountCaller, ContentCaller
from api.errors import InvalidParams, NotFound
from api.schemas import commits as schemas
from models.database import Connection
from models.queries.commits import find_commit, lock_log
from models.queries.resources import drop_drafts, read_version
from models.values.content import ContentType, Name
from publishing import drafts
from publishing.diffs import changes, unified
from publishing.drafts import Written, commit_these
from publishing.reverting import revert
from publishing.space import Space
from publishing.surroundings import Coming

router = APIRouter(prefix="/v1/tocsin", tags=["Content"])
MOST_RESOURCES = 2_000


@router.put("/content/validate")
async def validate_content(
    body: schemas.ValidateRequest, caller: ContentCaller, database: ContentDb
) -> dict[str, Any]:
    """Whether a push of these would be taken; references among them count. Nothing is kept.

    So do references to `channels` and `channel_groups`, which the caller makes before the push.
    """
    drafts.require_editable(caller.space, force=body.force)
    coming = Coming(body.channels, body.channel_groups)
    async with database.transaction() as connection:
        await drafts.validate(connection, caller.space, _written(body), together=True, coming=coming)
    return {"result": "success"}


@router.put("/content")
async def push_content(
    body: schemas.PushRequest, caller: ContentCaller, database: ContentDb
) -> dict[str, Any]:
    """Save all of these, and with `commit` publish them, in one transaction: all or none."""
    drafts.require_editable(caller.space, force=body.force)
    written = _written(body)
    async with database.transaction() as connection:
        await drafts.save(connection, caller.space, written, together=True)
        commits = []
        if body.commit:
            names = [one.name for one in written]
            commits = await commit_these(connection, caller.space, names, caller.author, body.commit_message)
    committed = [{"type": one.type, "key": one.key, "commit_id": str(one.id)} for one in commits]
    return {"result": "success", "committed": committed}


@router.delete("/content/{content_type:id}/{key:id}")
async def archive_content(
    content_type: str, key: str, caller: ContentCaller, database: ContentDb
) -> dict[str, Any]:
    """Out of all environments and branches, for good; runs that wait end when they wake (E-RUN-12)."""
    async with database.transaction() as connection:
        await archive(connection, caller.space, _name(content_type, key))
    return {"result": "success"}


@router.delete("/drafts/{content_type:id}/{key:id}")
async def discard_draft(
    content_type: str, key: str, caller: ContentCaller, database: ContentDb
) -> dict[str, Any]:
    """Back to what is committed; what never was committed is gone."""
    name = _name(content_type, key)
    async with database.transaction() as connection:
        await lock_log(connection, caller.space.id)
        await found(connection, caller.space, name)
        await drop_drafts(connection, caller.space.id, [name], datetime.now(UTC))
    return {"result": "success"}


@router.put("/commits")
async def commit_chosen(
    body: schemas.CommitTheseRequest, caller: ContentCaller, database: ContentDb
) -> dict[str, Any]:
    """Publish the drafts of exactly these, all or none."""
    names = [_name(one.type, one.id) for one in body.resources]
    async with database.transaction() as connection:
        commits = await commit_these(connection, caller.space, names, caller.author, body.commit_message)
    return {"result": "success", "committed": [one.key for one in commits]}


@router.get("/commits/{commit_id:id}/diff")
async def diff_commit(commit_id: str, _caller: AccountCaller, database: ContentDb) -> dict[str, Any]:
    """What the commit changed: by path, and as a unified diff."""
    async with database.connection() as connection:
        row = await _commit(connection, commit_id)
        after = await _content(connection, row, row["version_id"])
        before = await _content(connection, row, row["previous_version_id"])
    name = f"{row['type']}/{row['key']}"
    return {
        "commit": schemas.commit(row),
        "changes": changes(before, after or {}),
        "diff": unified(before, after or {}, name),
    }


@router.put("/commits/{commit_id:id}/revert")
async def revert_commit(commit_id: str, caller: AccountCaller, database: ContentDb) -> dict[str, Any]:
    """A new commit with the state before this one; what is saved and not committed is discarded."""
    async with database.transaction() as connection:
        row = await _commit(connection, commit_id)
        space = Space(
            row["environment_id"],
            row["branch_of"] or row["environment_id"],
            row["main_slug"] or row["slug"],
            row["slug"] if row["branch_of"] else None,
        )
        reverted = await revert(connection, space, row, caller.author)
        return {"commit": schemas.commit(await _commit(connection, str(reverted[0].id)))}


async def _commit(connection: Connection, commit_id: str) -> DictRow:
    try:
        row = await find_commit(connection, UUID(commit_id))
    except ValueError:
        row = None
    if row is None:
        raise NotFound(f'There is no commit "{commit_id}".')
    return row


async def _content(connection: Connection, commit: DictRow, version_id: UUID | None) -> dict[str, Any] | None:
    version = (
        None if version_id is None else await read_version(connection, commit["environment_id"], version_id)
    )
    return None if version is None else version["content"]


def _written(body: schemas.PushRequest) -> list[Written]:
    if len(body.resources) > MOST_RESOURCES:
        raise InvalidParams.of("resources", f"must be at most {MOST_RESOURCES}")
    written = [Written(_name(one.type, one.key), one.content) for one in body.resources]
    seen: set[Name] = set()
    for one in written:
        if one.name in seen:
            raise InvalidParams.of("resources", f"name the {one.name} twice")
        seen.add(one.name)
    return written


def _name(content_type: str, key: str) -> Name:
    try:
        return Name(ContentType(content_type), key)
    except ValueError as error:
        known = ", ".join(ContentType)
        raise InvalidParams.of("type", f'"{content_type}" is unknown; expected one of {known}') from error
