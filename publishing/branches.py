"""Branches of development: made, rebased, deleted (E-VERSION-8, E-VERSION-9). Merging is a promotion."""

import re
from datetime import UTC, datetime

from psycopg.rows import DictRow

from models.database import Connection
from models.ids import new_uuid
from models.queries import branches as queries
from models.queries.commits import lock_log
from publishing.mistakes import Blocked, Missing, Mistake, NotPublishable
from publishing.space import Space

SLUG = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._/-]{0,254}")


async def create(connection: Connection, main: Space, slug: str) -> DictRow:
    """A branch with all that is published in development; raises Blocked when the name is taken."""
    _require_development(main)
    if not SLUG.fullmatch(slug):
        raise NotPublishable(
            [Mistake("branch_slug", "must be letters, digits, dots, dashes, slashes and underscores")]
        )
    # What is archived meanwhile would be missed: archiving knows only the branches that are there.
    await lock_log(connection, main.id)
    now = datetime.now(UTC)
    branch_id = new_uuid()
    if not await queries.insert_branch(connection, branch_id, main.id, slug, now):
        raise Blocked("branch_already_exists", f'there is a branch "{slug}" already')
    await queries.copy_from_main(connection, branch_id, main.id, now)
    return await find(connection, main, slug)


async def find(connection: Connection, main: Space, slug: str) -> DictRow:
    """Raises Missing."""
    row = await queries.find_branch(connection, main.id, slug)
    if row is None:
        raise Missing(f'There is no branch "{slug}" of {main.slug}.')
    return row


async def delete(connection: Connection, main: Space, slug: str) -> None:
    """With everything on it that was not merged; raises Missing."""
    row = await find(connection, main, slug)
    await queries.delete_branch(connection, row["id"], datetime.now(UTC))


async def rebase(connection: Connection, main: Space, slug: str) -> DictRow:
    """Take over what development did meanwhile; the branch's own commits stay as they are (E-VERSION-9).

    Raises Missing, or Blocked while drafts would be lost.
    """
    row = await find(connection, main, slug)
    await queries.lock_branch_with_main(connection, row["id"], main.id)
    blocking = await queries.blocking_drafts(connection, row["id"], main.id)
    if blocking:
        told = ", ".join(map(str, blocking))
        raise Blocked(
            "branch_rebase_blocked",
            f"changes that are not committed stand in the way: {told}; commit or discard them first",
            [
                Mistake("", "is saved on the branch, not committed, and changed on main", one)
                for one in blocking
            ],
        )
    now = datetime.now(UTC)
    await queries.copy_from_main(connection, row["id"], main.id, now)
    await queries.set_bases(connection, row["id"], main.id, now)
    return await find(connection, main, slug)


def _require_development(main: Space) -> None:
    if not main.is_development:
        raise Blocked("branch_not_allowed", f"branches are made of development, not of {main.slug}")
