"""Secrets at rest: AES-256-GCM under keys derived from the instance's master secrets (D15)."""

import hashlib
import json
import os
from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

_ID_BYTES = 4
_NONCE_BYTES = 12


class SealBroken(Exception):
    """The value was sealed under a master secret that is not known here, or it was altered."""


class Sealer:
    """Seals JSON values and opens them again; `purpose` binds a sealed value to its place.

    A sealed value is the id of its key, a nonce, and the ciphertext. It is always sealed under `secret_key`;
    what was sealed under one of `former` still opens, which is how the master secret is changed.
    """

    def __init__(self, secret_key: str, former: Sequence[str] = ()) -> None:
        derived = [_derived(secret) for secret in (secret_key, *former)]
        self._current_id = _id_of(derived[0])
        self._ciphers = {_id_of(key): AESGCM(key) for key in reversed(derived)}

    def seal(self, value: Any, purpose: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        ciphertext = self._ciphers[self._current_id].encrypt(
            nonce, json.dumps(value).encode(), purpose.encode()
        )
        return self._current_id + nonce + ciphertext

    def open(self, sealed: bytes, purpose: str) -> Any:
        """The value as it was; raises SealBroken."""
        key_id, rest = sealed[:_ID_BYTES], sealed[_ID_BYTES:]
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise SealBroken(f"{purpose} was sealed under another TOCSIN_SECRET_KEY")
        try:
            return json.loads(cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], purpose.encode()))
        except InvalidTag as error:
            raise SealBroken(f"{purpose} was altered, or sealed for another place") from error

    def is_current(self, sealed: bytes) -> bool:
        """Whether the value is sealed under the master secret of today."""
        return sealed[:_ID_BYTES] == self._current_id


def former_of(setting: SecretStr | None) -> list[str]:
    """The master secrets in TOCSIN_FORMER_SECRET_KEYS."""
    written = setting.get_secret_value() if setting is not None else ""
    return [secret for part in written.split(",") if (secret := part.strip())]


def _derived(secret_key: str) -> bytes:
    derivation = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"tocsin secrets at rest")
    return derivation.derive(secret_key.encode())


def _id_of(key: bytes) -> bytes:
    return hashlib.sha256(b"tocsin key id:" + key).digest()[:_ID_BYTES]
