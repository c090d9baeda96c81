"""Channel data of users and objects: how one channel reaches them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from psycopg.rows import DictRow
from pydantic import BaseModel

from api.dependencies import Credential, Db, TemporalClient, UserCaller
from api.errors import Forbidden, InvalidParams, NotFound
from api.schemas.channel_data import ChannelData
from dispatch.waking import wake_for_recipients
from models.database import Connection
from models.queries.recipients import find_addressed_channel
from models.tables.channel_data import delete_channel_data, find_channel_data
from models.tables.recipients import Identification
from models.values.channel_data import ChannelDataMistake, channel_data_of, check_wanted
from models.values.field_paths import field_path
from models.values.given import GivenRecipient
from models.values.kinds import ChannelType, KeyKind
from models.values.refs import USERS, RecipientRef

router = APIRouter(prefix="/v1", tags=["Channel data"])

USER = "/users/{user_id:id}/channel_data/{channel_id:id}"
OBJECT = "/objects/{collection:id}/{object_id:id}/channel_data/{channel_id:id}"


class ChannelDataRequest(BaseModel):
    data: dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Whose data a path means, and for which channel."""

    caller: Credential
    ref: RecipientRef
    channel_name: str

    async def channel(self, connection: Connection) -> DictRow:
        """The account's channel of this id; raises NotFound."""
        missing = NotFound(f'There is no channel with the id "{self.channel_name}".')
        try:
            channel_id = UUID(self.channel_name)
        except ValueError:
            raise missing from None
        row = await find_addressed_channel(connection, channel_id)
        if row is None:
            raise missing
        return row

    @property
    def absent(self) -> NotFound:
        return NotFound(f"{self.ref} has no channel data for the channel {self.channel_name}.")


async def _place(request: Request, caller: UserCaller) -> Place:
    """Raises GivenMistake, and Forbidden for a browser that speaks of an object."""
    path = request.path_params
    if "user_id" not in path and caller.kind is not KeyKind.SECRET:
        raise Forbidden("This endpoint takes a secret key, not a public one.")
    named = {"id": path.get("user_id") or path["object_id"], "collection": path.get("collection", USERS)}
    return Place(caller, GivenRecipient.read(named).ref, path["channel_id"])


Addressed = Annotated[Place, Depends(_place)]


@router.get(USER)
@router.get(OBJECT)
async def get_channel_data(place: Addressed, database: Db) -> ChannelData:
    async with database.connection() as connection:
        channel = await place.channel(connection)
        channel_id = channel["id"]
        found = await find_channel_data(connection, place.caller.environment_id, place.ref, [channel_id])
    if channel_id not in found:
        raise place.absent
    return ChannelData.of(channel, found[channel_id])


@router.put(USER)
@router.put(OBJECT)
async def set_channel_data(
    place: Addressed, body: ChannelDataRequest, database: Db, temporal: TemporalClient
) -> ChannelData:
    """Replace the data for this channel; a recipient not known yet is created."""
    async with database.transaction() as connection:
        channel = await place.channel(connection)
        try:
            data = channel_data_of(body.data)
            check_wanted(data, ChannelType(channel["type"]))
        except ChannelDataMistake as mistake:
            raise InvalidParams.of(field_path(("data", mistake.field)), mistake.message) from mistake
        wanted = Identification(place.ref, {}, channel_data={channel["id"]: data})
        await wanted.write(connection, place.caller.environment_id, datetime.now(UTC))
    await wake_for_recipients(database, temporal, place.caller.environment_id, [place.ref])
    return ChannelData.of(channel, data)


@router.delete(USER, status_code=204)
@router.delete(OBJECT, status_code=204)
async def unset_channel_data(place: Addressed, database: Db) -> None:
    """The channel does not reach them any more."""
    async with database.transaction() as connection:
        channel = await place.channel(connection)
        gone = await delete_channel_data(connection, place.caller.environment_id, place.ref, channel["id"])
    if gone is None:
        raise place.absent
