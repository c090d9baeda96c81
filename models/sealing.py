"""Secrets at rest: AES-256-GCM under a key derived from the instance's one master secret (D15)."""

import json
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12


class SealBroken(Exception):
    """The value was sealed under another TOCSIN_SECRET_KEY, or it was altered."""


class Sealer:
    """Seals JSON values and opens them again; `purpose` binds a sealed value to its place."""

    def __init__(self, secret_key: str) -> None:
        derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"tocsin secrets at rest")
        self._cipher = AESGCM(derived.derive(secret_key.encode()))

    def seal(self, value: Any, purpose: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, json.dumps(value).encode(), purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> Any:
        """The value as it was; raises SealBroken."""
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return json.loads(self._cipher.decrypt(nonce, ciphertext, purpose.encode()))
        except InvalidTag as error:
            raise SealBroken(f"{purpose} was sealed under another TOCSIN_SECRET_KEY") from error
