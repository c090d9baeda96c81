"""Publishing: content becomes immutable versions, and the log of its environment grows by one commit each."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.ids import new_uuid
from models.queries.commits import insert_commits, lock_log
from models.queries.resources import drop_drafts, ensure_resources, find_resources, insert_versions
from models.queries.surroundings import list_dependents
from models.tables.commits import Commit
from models.tables.resources import ResourceVersion
from models.values.content import ContentType, Name
from publishing.hashing import hash_of
from publishing.kinds import KINDS
from publishing.kinds.kind import Checked
from publishing.mistakes import Mistake, NotPublishable
from publishing.space import Author, Space
from publishing.surroundings import Surroundings, published, surroundings_of

NEEDED = (ContentType.EMAIL_LAYOUT, ContentType.PARTIAL, ContentType.MESSAGE_TYPE)
"""What other content refers to in ways that a change can break."""


@dataclass(frozen=True)
class Publication:
    """One content to publish. `source` is the commit it is promoted from, whose compilation still holds."""

    name: Name
    content: dict[str, Any]
    compiled: dict[str, Any] | None = None
    source: DictRow | None = None
    message: str | None = None
    reverts: UUID | None = None
    may_be_empty: bool = False
    is_merge: bool = False


async def publish(
    connection: Connection, space: Space, items: Sequence[Publication], author: Author
) -> list[Commit]:
    """All of them or none; raises NotPublishable with every mistake. Call it in a transaction.

    Content that is published already makes no commit, unless the publication may be empty (E-VERSION-6).
    """
    if not items:
        return []
    number = await lock_log(connection, space.id)
    names = [item.name for item in items]
    rows = await find_resources(connection, space.id, names)
    checked = _checked(items)
    around = (await surroundings_of(connection, space, drafts_count=False)).with_these(checked)
    mistakes = [one for name, found in checked.items() for one in around.mistakes(name, found)]
    mistakes += await _broken(connection, space, around, checked)
    if mistakes:
        raise NotPublishable(mistakes)
    now = datetime.now(UTC)
    fresh = [item for item in items if item.may_be_empty or not _is_published(item, rows.get(item.name))]
    await drop_drafts(connection, space.id, [item.name for item in items if item not in fresh], now)
    await ensure_resources(connection, space.id, [item.name for item in fresh], now)
    versions = versions_of(space, fresh, checked, around, now)
    commits = [
        _commit(item, version, rows.get(item.name), number + place, author)
        for place, (item, version) in enumerate(zip(fresh, versions, strict=True), start=1)
    ]
    # What arrives from elsewhere takes nobody's unfinished work away.
    await insert_versions(connection, versions, keep_drafts=any(item.source for item in fresh))
    await insert_commits(connection, commits)
    return commits


async def _broken(
    connection: Connection, space: Space, around: Surroundings, checked: dict[Name, Checked]
) -> list[Mistake]:
    """What published content that refers to these would lack with them as they are to be."""
    needed = [name for name in checked if name.type in NEEDED]
    if not needed:
        return []
    told: list[Mistake] = []
    for name, found in around.names.items():
        # Partials reach one another over several.
        if name.type is ContentType.PARTIAL and found is not None and name not in checked:
            told += around.mistakes(name, found)
    for row in await list_dependents(connection, space.id, needed):
        name = Name(ContentType(row["type"]), row["key"])
        if name not in checked and name.type is not ContentType.PARTIAL:
            told += around.mistakes(name, published(row["compiled"]))
    return told


def _checked(items: Sequence[Publication]) -> dict[Name, Checked]:
    checked: dict[Name, Checked] = {}
    mistakes: list[Mistake] = []
    for item in items:
        try:
            checked[item.name] = (
                published(item.compiled)
                if item.compiled is not None
                else KINDS[item.name.type].check(item.name.key, item.content)
            )
        except NotPublishable as refused:
            mistakes += [mistake.of(item.name) for mistake in refused.mistakes]
    if mistakes:
        raise NotPublishable(mistakes)
    return checked


def _is_published(item: Publication, row: DictRow | None) -> bool:
    return row is not None and row["content_hash"] == hash_of(item.content)


def versions_of(
    space: Space,
    items: Sequence[Publication],
    checked: dict[Name, Checked],
    around: Surroundings,
    now: datetime,
) -> list[ResourceVersion]:
    """Partials that are published together get their ids first: others are compiled with them."""
    ids = {item.name: new_uuid() for item in items}
    around.partial_versions.update(
        {name.key: version_id for name, version_id in ids.items() if name.type is ContentType.PARTIAL}
    )
    return [
        ResourceVersion(
            id=ids[item.name],
            environment_id=space.id,
            type=item.name.type,
            key=item.name.key,
            number=0,
            content_hash=hash_of(item.content),
            content=item.content,
            compiled={
                **checked[item.name].compiled,
                "references": [asdict(one) for one in checked[item.name].references],
                "partials": around.partials_for(checked[item.name]),
            },
            archived_at=None,
            inserted_at=now,
        )
        for item in items
    ]


def _commit(
    item: Publication, version: ResourceVersion, row: DictRow | None, number: int, author: Author
) -> Commit:
    source = item.source
    # What is merged from a branch begins anew in the log of the environment.
    origin = None if item.is_merge else source
    return Commit(
        id=new_uuid(),
        environment_id=version.environment_id,
        number=number,
        type=item.name.type,
        key=item.name.key,
        version_id=version.id,
        previous_version_id=None if row is None else row["current_version_id"],
        message=item.message,
        is_empty=item.may_be_empty and _is_published(item, row),
        reverts_commit_id=item.reverts,
        source_commit_id=source["id"] if source else None,
        source_environment_id=source["environment_id"] if source else None,
        source_number=source["number"] if source else None,
        origin_environment_id=origin["origin_environment_id"] if origin else version.environment_id,
        origin_number=origin["origin_number"] if origin else number,
        author_name=source["author_name"] if source else author.name,
        author_email=source["author_email"] if source else author.email,
        inserted_at=version.inserted_at,
    )
