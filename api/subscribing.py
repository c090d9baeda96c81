"""What adding subscriptions shares, one by one and in bulk: the object, and whoever is identified inline."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from api.errors import InvalidParams
from models.database import Connection
from models.tables.recipients import Identification
from models.values.given import GivenRecipient
from models.values.refs import USERS, RecipientRef


async def identify_all(
    connection: Connection, environment_id: UUID, given: Iterable[GivenRecipient], now: datetime
) -> list[RecipientRef]:
    """Write down whom a call identified, and say who changed; in one order, so that no two calls deadlock."""
    found: dict[RecipientRef, Identification] = {}
    for one in given:
        identification = Identification.of(one)
        if identification is not None:
            known = found.get(one.ref)
            found[one.ref] = identification if known is None else known.joined_by(identification)
    ordered = sorted(found, key=lambda ref: ref.gid)
    return [ref for ref in ordered if await found[ref].write(connection, environment_id, now)]


def subscribed_object(collection: str, object_id: str) -> GivenRecipient:
    """The object of a path, read as if it had been given in a body; it comes to be with a subscription."""
    if collection == USERS:
        raise InvalidParams.of("collection", "is that of users; only objects and tenants have subscribers")
    return GivenRecipient.read({"collection": collection, "id": object_id})
