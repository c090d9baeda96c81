"""Signing keys of user tokens: pairs made here, or public halves made elsewhere."""

import base64
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict, Field

from api.errors import InvalidParams
from api.schemas.resource import Moment

_BITS = 2048
_EXPONENT = 65537


class SigningKeyRequest(BaseModel):
    """With `public_key` (PEM) a pair made elsewhere is used; without, one is made here."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=255)
    public_key: str | None = None


class SigningKey(BaseModel):
    """`id` is what tokens may carry as `kid`. The private half is nowhere."""

    id: UUID
    name: str | None
    algorithm: Literal["RS256"] = "RS256"
    public_key: str
    is_active: bool
    created_at: Moment
    revoked_at: Moment | None


class NewSigningKey(SigningKey):
    """With the private half, this once: as PEM, and as one line of base64, as KNOCK_SIGNING_KEY takes it."""

    private_key: str | None
    private_key_base64: str | None


class ListSigningKeysResponse(BaseModel):
    entries: list[SigningKey]


@dataclass(frozen=True)
class Pair:
    """Both halves as PEM; no private one where only a public key was given."""

    public: str
    private: str | None = None


def pair(request: SigningKeyRequest) -> Pair:
    """A new pair, which takes tenths of a second, or the half that was given; raises InvalidParams."""
    if request.public_key is not None:
        return Pair(_read(request.public_key))
    private = rsa.generate_private_key(_EXPONENT, _BITS)
    return Pair(
        public=_pem(private.public_key()),
        private=private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
    )


def signing_key(row: DictRow) -> SigningKey:
    return SigningKey.model_validate(_fields(row))


def new_signing_key(row: DictRow, made: Pair) -> NewSigningKey:
    line = None if made.private is None else base64.b64encode(made.private.encode()).decode()
    return NewSigningKey.model_validate(
        {**_fields(row), "private_key": made.private, "private_key_base64": line}
    )


def _read(pem: str) -> str:
    if "PRIVATE KEY" in pem:
        raise InvalidParams.of("public_key", "is a private key; keep it to yourself and send the public one")
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidParams.of("public_key", "must be a public key in PEM") from None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _BITS:
        raise InvalidParams.of("public_key", f"must be an RSA key of at least {_BITS} bits: tokens are RS256")
    return _pem(key)


def _pem(key: rsa.RSAPublicKey) -> str:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def _fields(row: DictRow) -> dict[str, object]:
    return {
        **{name: row[name] for name in ("id", "name", "public_key", "revoked_at")},
        "is_active": row["revoked_at"] is None,
        "created_at": row["inserted_at"],
    }
