"""Temporal's codec server: its Web UI and command line read encrypted payloads through it (D25)."""

from typing import Any

from fastapi import APIRouter

from api.dependencies import AccountCaller, Settings
from api.errors import InvalidParams, NotFound
from api.settings import ApiSettings
from dispatch.codec import NotPayloadsError, PayloadUnreadableError, RemoteCodec

router = APIRouter(prefix="/v1/tocsin/codec", tags=["Codec"])


@router.post("/decode")
async def decode_payloads(body: dict[str, Any], caller: AccountCaller, settings: Settings) -> dict[str, Any]:
    """Payloads as they were before they were encrypted. One that cannot be read refuses all of them."""
    try:
        return await _codec(settings).decode(body)
    except (NotPayloadsError, PayloadUnreadableError) as error:
        raise InvalidParams.of("payloads", f"cannot be read: {error}") from error


@router.post("/encode")
async def encode_payloads(body: dict[str, Any], caller: AccountCaller, settings: Settings) -> dict[str, Any]:
    """Payloads encrypted with the first key, for what a person sends from Temporal's tools."""
    try:
        return await _codec(settings).encode(body)
    except NotPayloadsError as error:
        raise InvalidParams.of("payloads", f"cannot be read: {error}") from error


def _codec(settings: ApiSettings) -> RemoteCodec:
    if settings.payload_keys is None or not settings.payload_keys.strip():
        raise NotFound(
            "Payloads are not encrypted here: TOCSIN_PAYLOAD_KEYS is not set, so there is no codec. "
            "Set it for API and worker, or take the codec endpoint out of the Web UI."
        )
    return RemoteCodec(settings.payload_keys)
