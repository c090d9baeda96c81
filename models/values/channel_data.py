"""Channel data as callers give it: tokens, devices and connections, brought into one form (E-TRIGGER-12)."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StrictStr, ValidationError

from models.values.field_paths import field_path
from models.values.kinds import ChannelType
from models.values.unfitting import unfitting


class ChannelDataMistake(ValueError):
    """What is wrong with given channel data; `field` is the path inside it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class Device(BaseModel):
    """One device that pushes reach, by a token or by an ARN of SNS."""

    model_config = ConfigDict(extra="allow")

    token: StrictStr | None = None
    target_arn: StrictStr | None = None
    locale: StrictStr | None = None
    timezone: StrictStr | None = None


class AppToken(BaseModel):
    """What an installed app holds of a workspace."""

    model_config = ConfigDict(extra="allow")

    access_token: StrictStr | None = None


class GivenChannelData(BaseModel):
    """Every provider's keys; which of them are wanted is the channel type's to say."""

    model_config = ConfigDict(extra="allow")

    tokens: list[StrictStr] | None = None
    target_arns: list[StrictStr] | None = None
    devices: list[Device] | None = None
    player_ids: list[UUID] | None = None
    connections: list[dict[str, Any]] | None = None
    token: AppToken | None = None
    ms_teams_tenant_id: StrictStr | None = None


WANTED: dict[ChannelType, tuple[str, ...]] = {
    ChannelType.PUSH: ("tokens", "devices", "target_arns", "player_ids"),
    ChannelType.CHAT: ("connections", "token", "ms_teams_tenant_id"),
}
"""One of these must be there; channels of other types keep whatever they are given."""


def channel_data_of(raw: Any) -> dict[str, Any]:
    """One channel's data in the form it is stored in; raises ChannelDataMistake.

    Devices and bare tokens are two ways to write one thing: both lists come out, naming the same devices in
    the same order, each once. The same holds of devices and ARNs.
    """
    if not isinstance(raw, dict):
        raise ChannelDataMistake("", "must be an object")
    try:
        given = GivenChannelData.model_validate(raw)
    except ValidationError as error:
        first = unfitting(error.errors(include_url=False), raw)[0]
        raise ChannelDataMistake(field_path(first.location), first.message) from error
    data = {key: value for key, value in given.model_dump(mode="json").items() if key in raw}
    if given.devices is not None:
        _check_devices(given.devices)
    if given.target_arns is not None or any(one.target_arn for one in given.devices or ()):
        return data | _devices(given.devices or (), given.target_arns or (), "target_arn", "target_arns")
    if given.tokens is not None or given.devices is not None:
        return data | _devices(given.devices or (), given.tokens or (), "token", "tokens")
    return data


def check_wanted(data: dict[str, Any], channel_type: ChannelType) -> None:
    """Raises ChannelDataMistake for data that says nothing a channel of this type could use."""
    wanted = WANTED.get(channel_type)
    if wanted and not any(data.get(key) is not None for key in wanted):
        raise ChannelDataMistake("", f"a {channel_type} channel needs one of {', '.join(wanted)}")


def _check_devices(devices: Iterable[Device]) -> None:
    for index, device in enumerate(devices):
        if not (device.token or device.target_arn):
            raise ChannelDataMistake(f"devices[{index}]", "needs a token or a target_arn")


def _devices(devices: Iterable[Device], bare: Iterable[str], one: str, many: str) -> dict[str, Any]:
    known: dict[str, dict[str, Any]] = {}
    for device in devices:
        extra = device.model_dump(mode="json", exclude_unset=True)
        address = extra.get(one)
        if address:
            known.setdefault(address, {"locale": None, "timezone": None, **extra})
    for address in bare:
        known.setdefault(address, {one: address, "locale": None, "timezone": None})
    return {"devices": list(known.values()), many: list(known)}
