"""How values travel to Temporal: as pydantic's JSON, encrypted when there are keys."""

import base64
import binascii
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
)

_ENCODING: Final = b"binary/encrypted"
_KEY_ID: Final = "encryption-key-id"
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = (16, 24, 32)


class PayloadKeysError(ValueError):
    """`TOCSIN_PAYLOAD_KEYS` is not written as `id:base64key,id2:base64key`."""


class PayloadUnreadableError(Exception):
    """A payload was encrypted with a key that is not here, or is not what was encrypted."""


class NotPayloadsError(ValueError):
    """A body is not Temporal's `Payloads` as JSON."""


class EncryptingCodec(PayloadCodec):
    """AES-GCM over whole payloads. The first key encrypts; all of them decrypt, each known by its id.

    So a new key is put first, and an old one stays behind it until the last history written with it is gone.
    Payloads that were never encrypted are read as they are.
    """

    def __init__(self, keys: dict[str, bytes]) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._writing_id = next(iter(keys))

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [
            self._decrypt(payload) if payload.metadata.get("encoding") == _ENCODING else payload
            for payload in payloads
        ]

    def _encrypt(self, payload: Payload) -> Payload:
        key_id = self._writing_id.encode()
        nonce = os.urandom(_NONCE_BYTES)
        # The id is authenticated too: nobody can make us try another key.
        sealed = self._ciphers[self._writing_id].encrypt(nonce, payload.SerializeToString(), key_id)
        return Payload(metadata={"encoding": _ENCODING, _KEY_ID: key_id}, data=nonce + sealed)

    def _decrypt(self, payload: Payload) -> Payload:
        key_id = payload.metadata.get(_KEY_ID, b"")
        cipher = self._ciphers.get(key_id.decode(errors="replace"))
        if cipher is None:
            raise PayloadUnreadableError(
                f"the payload was encrypted with the key {key_id!r}, which TOCSIN_PAYLOAD_KEYS does not hold"
            )
        nonce, sealed = payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:]
        try:
            return Payload.FromString(cipher.decrypt(nonce, sealed, key_id))
        except (InvalidTag, ValueError) as err:
            raise PayloadUnreadableError(
                f"the payload is damaged, or {key_id!r} is not the key it had"
            ) from err


def data_converter(payload_keys: str | None) -> DataConverter:
    """The converter for every client, worker and codec endpoint of one installation.

    `payload_keys` is the setting `TOCSIN_PAYLOAD_KEYS`: `id:base64key,id2:base64key`, keys of 16, 24 or 32
    bytes; without it nothing is encrypted. With it the messages and stack traces of failures are, too. Raises
    `PayloadKeysError`.
    """
    if payload_keys is None or not payload_keys.strip():
        return pydantic_data_converter
    return replace(
        pydantic_data_converter,
        payload_codec=EncryptingCodec(_parse(payload_keys.split(","))),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


class RemoteCodec:
    """The same encryption for Temporal's own tools, in the protocol of its codec servers (D25).

    Bodies and answers are `Payloads` in protobuf's JSON: `{"payloads": [{"metadata": {name: base64}, "data":
    base64}]}`, as many and in the same order. Raises `NotPayloadsError`, and when decoding
    `PayloadUnreadableError`.
    """

    def __init__(self, payload_keys: str) -> None:
        """`payload_keys` as for `data_converter`; raises `PayloadKeysError`."""
        self._codec = EncryptingCodec(_parse(payload_keys.split(",")))

    async def encode(self, body: dict[str, Any]) -> dict[str, Any]:
        return _as_json(await self._codec.encode(_from_json(body)))

    async def decode(self, body: dict[str, Any]) -> dict[str, Any]:
        """What was never encrypted is answered as it came."""
        return _as_json(await self._codec.decode(_from_json(body)))


def _from_json(body: dict[str, Any]) -> Sequence[Payload]:
    try:
        return json_format.ParseDict(body, Payloads()).payloads
    except json_format.ParseError as error:
        raise NotPayloadsError(str(error)) from error


def _as_json(payloads: Iterable[Payload]) -> dict[str, Any]:
    # One by one: of a message without payloads protobuf would leave out the list.
    return {"payloads": [json_format.MessageToDict(payload) for payload in payloads]}


def _parse(entries: Iterable[str]) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for position, entry in enumerate(entries, start=1):
        key_id, separator, encoded = entry.strip().partition(":")
        if not key_id or not separator:
            raise _mistake(position, "must be written id:base64key")
        if key_id in keys:
            raise _mistake(position, f"has the id '{key_id}' of an earlier key")
        keys[key_id] = _key(encoded, position)
    return keys


def _key(encoded: str, position: int) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise _mistake(position, "is not base64") from None
    if len(key) not in _KEY_BYTES:
        raise _mistake(position, f"has {len(key)} bytes; it must have 16, 24 or 32")
    return key


def _mistake(position: int, problem: str) -> PayloadKeysError:
    # Never the entry itself: what is wrong in it may be half a key.
    return PayloadKeysError(f"TOCSIN_PAYLOAD_KEYS: key number {position} {problem}")
