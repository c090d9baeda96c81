"""Promoting commits to the next environment, and merging those of a branch (E-VERSION-4, E-VERSION-9)."""

from collections.abc import Sequence
from typing import Any

from psycopg.rows import DictRow

from models.database import Connection
from models.queries.branches import base_versions, mark_merged
from models.queries.commits import find_promoted, is_overtaken, lock_log, newest_unpromoted
from models.queries.resources import find_resources, read_version
from models.tables.commits import Commit
from models.values.content import ContentType, Name
from publishing.drafts import Selection
from publishing.mistakes import Blocked, Missing, Mistake
from publishing.publication import Publication, publish
from publishing.space import Author, Space


async def promote_all(
    connection: Connection, source: Space, target: Space, selection: Selection, author: Author
) -> list[Commit]:
    """Bring the target up to the source, in the order of its log; all or none."""
    await _lock(connection, source, target)
    newest = await newest_unpromoted(connection, source.id, target.id, list(selection.types), selection.key)
    return await _promote(connection, source, target, newest, author)


async def promote_one(
    connection: Connection, commit: DictRow, source: Space, target: Space, author: Author
) -> DictRow:
    """Promote one commit, and with it what its resource went through before; the target's new commit.

    A commit that was promoted already answers as the first time. Raises Blocked for one that a later
    commit of the resource has overtaken: going back is a revert.
    """
    await _lock(connection, source, target)
    name = Name(ContentType(commit["type"]), commit["key"])
    known = await find_promoted(connection, target.id, commit["id"])
    if known is not None:
        return known
    if await is_overtaken(connection, target.id, commit):
        raise Blocked(
            "commit_superseded",
            f"a later commit of the {name} was already promoted to {target}; to go back, revert it",
        )
    await _promote(connection, source, target, [commit], author)
    promoted = await find_promoted(connection, target.id, commit["id"])
    assert promoted is not None  # it was written in this transaction
    return promoted


async def _lock(connection: Connection, source: Space, target: Space) -> None:
    """The target's log, and that of a branch, which remembers what was merged; an environment comes first."""
    await lock_log(connection, target.id)
    if source.branch is not None:
        await lock_log(connection, source.id)


async def _promote(
    connection: Connection, source: Space, target: Space, commits: Sequence[DictRow], author: Author
) -> list[Commit]:
    if source.branch is not None:
        await _refuse_conflicts(connection, source, target, commits)
    items = []
    for commit in commits:
        name = Name(ContentType(commit["type"]), commit["key"])
        version: dict[str, Any] | None = await read_version(connection, source.id, commit["version_id"])
        assert version is not None  # a commit's version is never deleted
        if version["archived_at"] is not None:
            raise Missing(f"The {name} was archived.")
        items.append(
            Publication(
                name,
                version["content"],
                compiled=version["compiled"],
                source=commit,
                message=commit["message"],
                # The target's log must show that this commit arrived, also when it changes nothing there.
                may_be_empty=True,
                is_merge=source.branch is not None,
            )
        )
    promoted = await publish(connection, target, items, author)
    if source.branch is not None:
        merged = [
            (theirs.type, theirs.key, theirs.version_id, ours["version_id"])
            for theirs, ours in zip(promoted, commits, strict=True)
        ]
        await mark_merged(connection, source.id, merged)
    return promoted


async def _refuse_conflicts(
    connection: Connection, branch: Space, main: Space, commits: Sequence[DictRow]
) -> None:
    """Both sides changed a resource since they last agreed: a rebase says which of both is meant."""
    names = [Name(ContentType(commit["type"]), commit["key"]) for commit in commits]
    rows = await find_resources(connection, main.id, names)
    bases = await base_versions(connection, branch.id)
    conflicts = [
        Mistake("", f"the {name} changed in {main} since the branch took it over", name)
        for name in names
        if name in rows
        and rows[name]["current_version_id"] is not None
        and rows[name]["current_version_id"] != bases.get(name)
    ]
    if conflicts:
        told = ", ".join(str(conflict.name) for conflict in conflicts)
        raise Blocked(
            "branch_merge_conflict",
            f"{main} and {branch} both changed {told}; rebase the branch first "
            "(what you committed on it is kept)",
            conflicts,
        )
