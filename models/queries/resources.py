"""Content as the management API reads and writes it: drafts, versions, lists."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Json, Jsonb

from models.database import Connection
from models.queries.paging import Page, paged
from models.queries.where import Where
from models.tables.resources import ResourceVersion
from models.values.content import ContentType, Name

READ: LiteralString = """
    SELECT r.type, r.key, r.draft, r.active, r.active_from, r.active_until, r.archived_at, r.inserted_at,
           r.updated_at, v.id AS current_version_id, r.base_version_id, r.synced_version_id,
           v.id AS version_id, v.number, v.content, v.compiled, v.content_hash, v.inserted_at AS published_at
    FROM resources r
    LEFT JOIN resource_versions v ON v.id = r.current_version_id AND v.archived_at IS NULL
    WHERE (v.id IS NOT NULL OR r.draft IS NOT NULL)
"""
# An archived name is not there, until something new is saved under it; nor is one whose draft was thrown away
# before it was ever committed.


@dataclass(frozen=True)
class TranslationFilter:
    """Parts of the name of a translation; None means any."""

    locale: str | None = None
    namespace: str | None = None
    tenant: str | None = None


async def find_resource(connection: Connection, environment_id: UUID, name: Name) -> DictRow | None:
    """A resource with its draft and its current version; None where there is neither."""
    cursor = await connection.execute(
        f"{READ} AND r.environment_id = %s AND r.type = %s AND r.key = %s",
        (environment_id, name.type, name.key),
    )
    return await cursor.fetchone()


async def find_resources(
    connection: Connection, environment_id: UUID, names: Collection[Name]
) -> dict[Name, DictRow]:
    """Those there are of these; whoever writes holds the log's lock (`lock_log`)."""
    cursor = await connection.execute(
        f"""{READ} AND r.environment_id = %s
            AND (r.type, r.key) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
            ORDER BY r.type, r.key""",
        (environment_id, [str(name.type) for name in names], [name.key for name in names]),
    )
    return {name_of(row): row for row in await cursor.fetchall()}


async def list_resources(
    connection: Connection,
    environment_id: UUID,
    content_type: ContentType,
    page: Page,
    *,
    only_committed: bool = False,
    translations: TranslationFilter | None = None,
) -> list[DictRow]:
    """One page by key; archived ones are left out."""
    where = Where(
        "r.environment_id = %(environment_id)s AND r.type = %(type)s",
        environment_id=environment_id,
        type=content_type,
    )
    if only_committed:
        where.add("v.id IS NOT NULL")
    if translations is not None:
        where.add_if("split_part(split_part(r.key, '~', 1), '/', 1) = %(locale)s", locale=translations.locale)
        where.add_if(
            "split_part(split_part(r.key, '~', 1), '/', 2) = %(namespace)s", namespace=translations.namespace
        )
        where.add_if("split_part(r.key, '~', 2) = %(tenant)s", tenant=translations.tenant)
    order = paged(where, page, ("r.key",), is_descending=False)
    cursor = await connection.execute(f"{READ} AND {where.sql} {order}", where.values)
    return await cursor.fetchall()


async def save_drafts(
    connection: Connection, environment_id: UUID, drafts: Sequence[tuple[Name, dict[str, Any]]], now: datetime
) -> None:
    """Keep drafts; nothing runs them until they are committed (E-VERSION-3).

    A draft under an archived key leaves it archived: what was published with it goes on as it was.
    """
    async with connection.cursor() as cursor:
        await cursor.executemany(
            """
            INSERT INTO resources (environment_id, type, key, active, draft, inserted_at, updated_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (environment_id, type, key) DO UPDATE
            SET draft = excluded.draft, updated_at = excluded.updated_at
            """,
            [
                (environment_id, name.type, name.key, _is_born_active(name), Json(draft), now, now)
                for name, draft in drafts
            ],
        )


async def drop_drafts(
    connection: Connection, environment_id: UUID, names: Sequence[Name], now: datetime
) -> None:
    """What is saved is what is published; a name that never was published is gone."""
    values = [(now, environment_id, name.type, name.key) for name in names]
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "UPDATE resources SET draft = NULL, updated_at = %s "
            "WHERE environment_id = %s AND type = %s AND key = %s",
            values,
        )


async def list_drafts(
    connection: Connection, environment_id: UUID, types: Collection[ContentType], key: str | None
) -> list[Name]:
    """Names with something saved that is not committed; of these types, or of all when there are none."""
    cursor = await connection.execute(
        """
        SELECT type, key FROM resources
        WHERE environment_id = %(environment_id)s AND draft IS NOT NULL
          AND (cardinality(%(types)s::text[]) = 0 OR type = ANY(%(types)s))
          AND (%(key)s::text IS NULL OR key = %(key)s)
        ORDER BY type, key
        """,
        {"environment_id": environment_id, "types": [str(one) for one in types], "key": key},
    )
    return [name_of(row) for row in await cursor.fetchall()]


_INSERT_VERSION: LiteralString = """
    INSERT INTO resource_versions
        (id, environment_id, type, key, number, content_hash, content, compiled, inserted_at)
    VALUES (
        %(id)s, %(environment_id)s, %(type)s::text, %(key)s::text,
        (SELECT coalesce(max(v.number), 0) + 1 FROM resource_versions v
         WHERE v.environment_id = %(environment_id)s AND v.type = %(type)s::text AND v.key = %(key)s::text),
        %(content_hash)s, %(content)s, %(compiled)s, %(inserted_at)s)
"""


def _version_values(version: ResourceVersion) -> dict[str, Any]:
    plain = version.model_dump(include={"id", "environment_id", "type", "key", "content_hash", "inserted_at"})
    return {**plain, "content": Json(version.content), "compiled": Jsonb(version.compiled)}


async def insert_versions(
    connection: Connection, versions: Sequence[ResourceVersion], *, keep_drafts: bool = False
) -> None:
    """Publish them, each as its resource's next: what reads the resource from now on sees it (E-RUN-9)."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            f"""
            WITH version AS ({_INSERT_VERSION})
            UPDATE resources SET current_version_id = %(id)s, updated_at = %(inserted_at)s,
                                 draft = CASE WHEN %(keep_drafts)s THEN draft END
            WHERE environment_id = %(environment_id)s AND type = %(type)s::text AND key = %(key)s::text
            """,
            [_version_values(version) | {"keep_drafts": keep_drafts} for version in versions],
        )


async def insert_aside(connection: Connection, version: ResourceVersion) -> None:
    """Keep a version that whoever reads its resource does not see: the test runner's (E-TRIGGER-33)."""
    await connection.execute(_INSERT_VERSION, _version_values(version))


async def ensure_resources(
    connection: Connection, environment_id: UUID, names: Sequence[Name], now: datetime
) -> None:
    """Names to publish under; one that was archived begins anew. No draft is touched."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            """
            INSERT INTO resources (environment_id, type, key, active, inserted_at, updated_at)
            VALUES (%s, %s, %s, %s, %s, %s)
            ON CONFLICT (environment_id, type, key) DO UPDATE
            SET archived_at = NULL,
                active = CASE WHEN resources.archived_at IS NULL
                         THEN resources.active ELSE excluded.active END,
                active_from = CASE WHEN resources.archived_at IS NULL THEN resources.active_from END,
                active_until = CASE WHEN resources.archived_at IS NULL THEN resources.active_until END
            """,
            [(environment_id, name.type, name.key, _is_born_active(name), now, now) for name in names],
        )


def _is_born_active(name: Name) -> bool:
    """A guide is shown to nobody until somebody switches it on."""
    return name.type is not ContentType.GUIDE


async def read_version(connection: Connection, environment_id: UUID, version_id: UUID) -> DictRow | None:
    """One published version of this environment or branch."""
    cursor = await connection.execute(
        "SELECT * FROM resource_versions WHERE environment_id = %s AND id = %s", (environment_id, version_id)
    )
    return await cursor.fetchone()


@dataclass(frozen=True)
class Activation:
    """Whether it runs; a guide may be on for a time only."""

    active: bool
    since: datetime | None = None
    until: datetime | None = None


async def set_active(
    connection: Connection,
    environment_id: UUID,
    name: Name,
    activation: Activation,
    now: datetime,
) -> bool:
    """Effective at once, and unversioned (E-VERSION-2); false where there is no such resource."""
    cursor = await connection.execute(
        """
        UPDATE resources SET active = %s, active_from = %s, active_until = %s, updated_at = %s
        WHERE environment_id = %s AND type = %s AND key = %s
        """,
        (
            activation.active,
            activation.since,
            activation.until,
            now,
            environment_id,
            name.type,
            name.key,
        ),
    )
    return cursor.rowcount == 1


async def archive_resource(connection: Connection, name: Name, now: datetime) -> None:
    """Take it out of every environment and branch, for good (E-RUN-12).

    Versions published until now are archived with it: what runs them ends when it wakes, though the key is
    used again.
    """
    # In the order of all locks: an environment before its branches.
    await connection.execute(
        "SELECT FROM environments ORDER BY branch_of NULLS FIRST, position, id FOR NO KEY UPDATE"
    )
    values = {"now": now, "type": name.type, "key": name.key}
    await connection.execute(
        """
        UPDATE resource_versions SET archived_at = %(now)s
        WHERE type = %(type)s AND key = %(key)s AND archived_at IS NULL
        """,
        values,
    )
    await connection.execute(
        """
        UPDATE resources SET archived_at = %(now)s, draft = NULL, updated_at = %(now)s
        WHERE type = %(type)s AND key = %(key)s AND archived_at IS NULL
        """,
        values,
    )
    # The workers' caches go by this number.
    await connection.execute("UPDATE environments SET commit_number = commit_number + 1")


def name_of(row: DictRow) -> Name:
    return Name(ContentType(row["type"]), row["key"])
