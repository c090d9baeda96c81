"""What the test runner runs: a draft, made ready as if it were committed, and seen by nobody else."""

from datetime import UTC, datetime
from uuid import UUID

from models.database import Connection
from models.queries.commits import lock_log
from models.queries.resources import find_resource, insert_aside
from models.values.content import Name
from publishing.kinds import KINDS
from publishing.mistakes import NotPublishable
from publishing.publication import Publication, versions_of
from publishing.space import Space
from publishing.surroundings import surroundings_of


async def rehearsal_of(connection: Connection, space: Space, name: Name) -> UUID | None:
    """The id of a version of what is saved and not committed; None where nothing is (E-TRIGGER-33).

    Call it in a transaction. Raises NotPublishable for a draft that could not be committed either.
    """
    row = await find_resource(connection, space.id, name)
    if row is None or row["draft"] is None:
        return None
    await lock_log(connection, space.id)
    checked = KINDS[name.type].check(name.key, row["draft"])
    around = (await surroundings_of(connection, space, drafts_count=False)).with_these({name: checked})
    mistakes = around.mistakes(name, checked)
    if mistakes:
        raise NotPublishable(mistakes)
    item = Publication(name, row["draft"])
    (version,) = versions_of(space, [item], {name: checked}, around, datetime.now(UTC))
    await insert_aside(connection, version)
    return version.id
