"""Saving and committing content: a save is not a commit (E-VERSION-3)."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from models.database import Connection
from models.queries.commits import lock_log
from models.queries.resources import (
    drop_drafts,
    find_resource,
    find_resources,
    list_drafts,
    save_drafts,
)
from models.tables.commits import Commit
from models.values.content import ContentType, Name
from publishing.cleaning import content_of
from publishing.hashing import hash_of
from publishing.kinds import KINDS
from publishing.kinds.kind import Checked
from publishing.mistakes import Blocked, Missing, Mistake, NotPublishable
from publishing.publication import Publication, publish
from publishing.space import Author, Space
from publishing.surroundings import Coming, surroundings_of

KEY = re.compile(r"[a-z0-9_-]{1,255}")


@dataclass(frozen=True)
class Written:
    """Content as somebody writes it, before it is looked at."""

    name: Name
    raw: dict[str, Any]


async def validate(
    connection: Connection,
    space: Space,
    written: Sequence[Written],
    *,
    together: bool = False,
    coming: Coming | None = None,
) -> dict[Name, dict[str, Any]]:
    """The cleaned contents; raises NotPublishable with every mistake in all of them.

    Content that is written `together` must be whole; one by one, partials may come in any order.
    """
    known = await find_resources(connection, space.id, [one.name for one in written])
    contents: dict[Name, dict[str, Any]] = {}
    checked: dict[Name, Checked] = {}
    mistakes: list[Mistake] = []
    for one in written:
        row = known.get(one.name)
        saved = None if row is None else row["draft"] or row["content"]
        try:
            contents[one.name] = _content(one, saved)
            checked[one.name] = KINDS[one.name.type].check(one.name.key, contents[one.name])
        except NotPublishable as refused:
            mistakes += [mistake.of(one.name) for mistake in refused.mistakes]
    around = (await surroundings_of(connection, space, drafts_count=True)).with_these(checked)
    around = around.with_coming(coming) if coming else around
    if not together:
        around = replace(
            around, lenient=frozenset({ContentType.PARTIAL} & {one.name.type for one in written})
        )
    mistakes += [one for name, found in checked.items() for one in around.mistakes(name, found)]
    if mistakes:
        raise NotPublishable(mistakes)
    return contents


def _content(written: Written, saved: dict[str, Any] | None) -> dict[str, Any]:
    """Without what the client sends beside it; fields that never change are taken from what is saved."""
    _require_key(written.name)
    kind = KINDS[written.name.type]
    content = content_of(written.raw, kind.readonly)
    content = {**kind.assumed(written.raw, saved), **content}
    # Answers leave these out: whoever sends back what was read did not take a null away.
    nulls = [field for field, value in (saved or {}).items() if field in kind.never_null and value is None]
    content = {**dict.fromkeys(nulls), **content}
    mistakes = []
    for field in kind.frozen_fields:
        if saved is None:
            continue
        if field not in content:
            content = {field: saved[field], **content}
        elif content[field] != saved[field]:
            kept = f'stays what it was when the {kind.title} was made: "{saved[field]}"'
            mistakes.append(Mistake(field, kept))
    if mistakes:
        raise NotPublishable(mistakes)
    # As it will be shown: whoever sends back what was read changes nothing.
    unsaid = {key: value for key, value in kind.shown.items() if key not in (*content, *kind.readonly)}
    return {**content, **unsaid}


def _require_key(name: Name) -> None:
    if name.type is not ContentType.TRANSLATION and not KEY.fullmatch(name.key):
        raise NotPublishable([Mistake("key", "must be 1 to 255 of a-z, 0-9, _ and -")])


async def save(
    connection: Connection, space: Space, written: Sequence[Written], *, together: bool = False
) -> None:
    """Validate and keep as drafts, all or none; raises NotPublishable.

    Saving what is published already takes an older draft back.
    """
    await lock_log(connection, space.id)
    contents = await validate(connection, space, written, together=together)
    rows = await find_resources(connection, space.id, list(contents))
    now = datetime.now(UTC)
    published = [
        name
        for name, content in contents.items()
        if name in rows and rows[name]["content_hash"] == hash_of(content)
    ]
    await drop_drafts(connection, space.id, [name for name in published if rows[name]["draft"]], now)
    drafts = [(name, content) for name, content in contents.items() if name not in published]
    await save_drafts(connection, space.id, drafts, now)


@dataclass(frozen=True)
class Selection:
    """What to commit or promote: everything, some types, or one resource."""

    types: Collection[ContentType] = ()
    key: str | None = None


async def commit(
    connection: Connection,
    space: Space,
    selection: Selection,
    author: Author,
    message: str | None = None,
) -> list[Commit]:
    """Publish the drafts selected, all or none."""
    await lock_log(connection, space.id)
    names = await list_drafts(connection, space.id, list(selection.types), selection.key)
    return await commit_these(connection, space, names, author, message)


async def commit_these(
    connection: Connection, space: Space, names: Sequence[Name], author: Author, message: str | None = None
) -> list[Commit]:
    """Publish the drafts of these; those without one have nothing to publish."""
    await lock_log(connection, space.id)
    rows = await find_resources(connection, space.id, names)
    items = [
        Publication(name, row["draft"], message=message)
        for name, row in rows.items()
        if row["draft"] is not None
    ]
    order = list(KINDS)
    items.sort(key=lambda item: (order.index(item.name.type), item.name.key))
    return await publish(connection, space, items, author)


async def commit_even_empty(
    connection: Connection, space: Space, name: Name, author: Author, message: str | None = None
) -> list[Commit]:
    """As `commit_these` for one; with nothing saved, its content becomes a new version (E-VERSION-6)."""
    await lock_log(connection, space.id)
    row = await find_resource(connection, space.id, name)
    if row is None:
        raise Missing(f"There is no {name} in {space}.")
    if row["draft"] is not None:
        return await commit_these(connection, space, [name], author, message)
    item = Publication(name, row["content"], message=message, may_be_empty=True)
    return await publish(connection, space, [item], author)


def require_editable(space: Space, *, force: bool) -> None:
    """Content is written in development and promoted from there (E-VERSION-4); raises Blocked."""
    if not space.is_development and not force:
        raise Blocked(
            "environment_not_editable",
            f"content is edited in development and promoted to {space.slug}; "
            f"add force=true to edit it in {space.slug}",
            [Mistake("environment", f"must be development, not {space.slug}, without force=true")],
        )
