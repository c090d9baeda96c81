"""Where a channel reaches a recipient: push devices, chat connections, or just themselves (E-CHANNEL-8)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from psycopg.rows import DictRow

from activities.standing import Standing
from models.database import Connection
from models.tables.channel_data import find_channel_data
from models.values.kinds import ChannelType
from models.values.providers import SINK_IDS
from models.values.refs import TENANTS, RecipientRef

ADDRESSED: Final = (ChannelType.PUSH, ChannelType.CHAT)
"""Channels that know a recipient by channel data only."""
MOST: Final = 1_000
"""Messages that one step sends on one channel; a recipient with more devices has been written wrongly."""


@dataclass(frozen=True)
class Destination:
    """One place. `connection` is a chat's, with the token that it is to be spoken to with (E-CHANNEL-16)."""

    token: str = ""
    locale: str | None = None
    timezone: str | None = None
    connection: Mapping[str, Any] = field(default_factory=dict)


HOME: Final = Destination()
"""The recipient, on a channel that needs to know no more."""


@dataclass(frozen=True)
class Addresses:
    """Channel data by channel: the recipient's, and that of the run's tenant."""

    own: Mapping[UUID, Mapping[str, Any]] = field(default_factory=dict)
    tenants: Mapping[UUID, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, channel: DictRow) -> list[Destination]:
        """None where the recipient cannot be reached; a sink takes what is for nobody in particular."""
        if channel["type"] not in ADDRESSED:
            return [HOME]
        own, tenants = self.own.get(channel["id"], {}), self.tenants.get(channel["id"], {})
        found = _devices(own) if channel["type"] == ChannelType.PUSH else _connections(own, tenants)
        return found or ([HOME] if channel["provider"] in SINK_IDS else [])


NO_ADDRESSES: Final = Addresses()


async def addresses_of(connection: Connection, standing: Standing, channels: list[DictRow]) -> Addresses:
    """Read for pushes and chats only: other messages must not pay for it."""
    wanted = [channel["id"] for channel in channels if channel["type"] in ADDRESSED]
    if not wanted:
        return NO_ADDRESSES
    environment_id, tenant_id = standing.facts["environment_id"], standing.facts["tenant_id"]
    own = await find_channel_data(connection, environment_id, standing.ref, wanted)
    chats = [channel["id"] for channel in channels if channel["type"] == ChannelType.CHAT]
    if tenant_id is None or not chats:
        return Addresses(own)
    tenant = RecipientRef(collection=TENANTS, id=tenant_id)
    return Addresses(own, await find_channel_data(connection, environment_id, tenant, chats))


def _devices(data: Mapping[str, Any]) -> list[Destination]:
    """Devices first, since they say more than the tokens that stand beside them; each token once."""
    found: dict[str, Destination] = {}
    for device in _list(data, "devices"):
        key = (device.get("token") or device.get("target_arn")) if isinstance(device, Mapping) else None
        if isinstance(key, str) and key:
            place = Destination(key, _text(device.get("locale")), _text(device.get("timezone")))
            found.setdefault(key, place)
    for name in ("tokens", "target_arns", "player_ids"):
        for token in _list(data, name):
            if isinstance(token, str) and token:
                found.setdefault(token, Destination(token))
    return list(found.values())


def _connections(own: Mapping[str, Any], tenants: Mapping[str, Any]) -> list[Destination]:
    return [
        Destination(connection=_authorized(one, own, tenants))
        for one in _list(own, "connections")
        if isinstance(one, Mapping) and one
    ]


def _authorized(
    connection: Mapping[str, Any], own: Mapping[str, Any], tenants: Mapping[str, Any]
) -> dict[str, Any]:
    """The recipient says where; with what authority the tenant says before it (E-CHANNEL-16)."""
    if connection.get("incoming_webhook"):
        return dict(connection)
    granted = {
        name: grant(tenants) or _text(connection.get(name)) or grant(own) for name, grant in _GRANTS.items()
    }
    return {**connection, **{name: value for name, value in granted.items() if value}}


def _slack_token(data: Mapping[str, Any]) -> str | None:
    token = data.get("token")
    return _text(token.get("access_token")) if isinstance(token, Mapping) else None


_GRANTS: Final[dict[str, Callable[[Mapping[str, Any]], str | None]]] = {
    "access_token": _slack_token,
    "ms_teams_tenant_id": lambda data: _text(data.get("ms_teams_tenant_id")),
}
"""What a connection may be spoken to with, and where the rest of the channel data has it."""


def _list(data: Mapping[str, Any], name: str) -> list[Any]:
    found = data.get(name)
    return found if isinstance(found, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
