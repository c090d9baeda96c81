"""Subscriptions in tests, written by the same code as the API's."""

from typing import Any

from models.database import Database
from models.tables.recipients import identify
from models.tables.subscriptions import subscribe
from models.values.refs import RecipientRef
from tests.environments import TestEnvironment
from tests.runs import NOON


def thing(path: str) -> RecipientRef:
    """An object by `collection/id`, a user by its id alone."""
    collection, slash, name = path.partition("/")
    return RecipientRef(collection=collection, id=name) if slash else RecipientRef(id=path)


async def subscribed(
    database: Database, environment: TestEnvironment, to: str, *recipients: str, **properties: Any
) -> None:
    """Identify an object and its subscribers, each named after its path, and subscribe them."""
    refs = [thing(one) for one in recipients]
    async with database.transaction() as connection:
        for path, ref in zip([to, *recipients], [thing(to), *refs], strict=True):
            await identify(connection, environment.id, ref, {"name": path}, NOON)
        await subscribe(connection, environment.id, thing(to), refs, properties, NOON)
