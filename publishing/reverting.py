"""Reverting a commit: a new commit with the state before it (E-VERSION-5)."""

from psycopg.rows import DictRow

from models.database import Connection
from models.queries.commits import lock_log
from models.queries.resources import read_version
from models.tables.commits import Commit
from models.values.content import ContentType, Name
from publishing.mistakes import Blocked
from publishing.publication import Publication, publish
from publishing.space import Author, Space


async def revert(connection: Connection, space: Space, commit: DictRow, author: Author) -> list[Commit]:
    """Restore what the commit replaced; what was saved and not committed is discarded.

    Raises Blocked for a commit that was promoted from another environment, and for a resource's first. One
    that was merged from a branch is development's own.
    """
    await lock_log(connection, space.id)
    name = Name(ContentType(commit["type"]), commit["key"])
    if commit["came_by_promotion"]:
        raise Blocked(
            "commit_not_revertible",
            f"this commit of the {name} was promoted to {space}; revert it where it was made, "
            "and promote the revert",
        )
    before = commit["previous_version_id"]
    version = None if before is None else await read_version(connection, space.id, before)
    if version is None or version["archived_at"] is not None:
        raise Blocked(
            "commit_not_revertible",
            f"there is nothing before this commit of the {name}; archive it to take it away",
        )
    told = commit["message"] or f"commit {commit['id']}"
    item = Publication(
        name,
        version["content"],
        message=f"Revert: {told}",
        reverts=commit["id"],
        may_be_empty=True,
    )
    return await publish(connection, space, [item], author)
