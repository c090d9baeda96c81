"""Reading what callers give inside a body: whoever is named, and data of a bounded size."""

import json
from typing import Any

from api.errors import InvalidParams
from models.values.given import GivenMistake, GivenRecipient, GivenTenant

MAX_DATA_BYTES = 10_000_000
"""E-TRIGGER-4."""


def given_recipient(raw: Any, field: str) -> GivenRecipient:
    """A recipient or actor; raises InvalidParams with the path from `field` on."""
    try:
        return GivenRecipient.read(raw)
    except GivenMistake as mistake:
        raise _at(field, mistake) from mistake


def given_recipients(given: list[Any]) -> list[GivenRecipient]:
    """What stands in a body's `recipients`."""
    return [given_recipient(raw, f"recipients[{index}]") for index, raw in enumerate(given)]


def given_tenant(raw: Any) -> GivenTenant:
    try:
        return GivenTenant.read(raw)
    except GivenMistake as mistake:
        raise _at("tenant", mistake) from mistake


def bounded(data: dict[str, Any] | None) -> dict[str, Any] | None:
    """The data of a trigger, unless it is too much; raises InvalidParams."""
    if data is not None:
        size = len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(errors="replace"))
        if size > MAX_DATA_BYTES:
            raise InvalidParams.of("data", f"is {size} bytes, more than the {MAX_DATA_BYTES} allowed")
    return data


def _at(field: str, mistake: GivenMistake) -> InvalidParams:
    path = f"{field}.{mistake.field}" if mistake.field else field
    return InvalidParams.of(path, mistake.message)
