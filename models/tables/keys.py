"""Credentials, kept as HMACs: a leaked table opens nothing (D15)."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.tables.columns import moment
from models.values.kinds import KeyKind

PREFIXES = {KeyKind.SECRET: "sk_", KeyKind.PUBLIC: "pk_", KeyKind.SERVICE: "knock_st_"}
"""For people who find a key somewhere; the API looks at the stored kind only."""
_KEY_BYTES = 32
_HINT_LENGTH = 4


class ApiKey(SQLModel, table=True):
    """A secret or public key of an environment, or a service token of the whole account."""

    __tablename__ = "api_keys"

    id: UUID = Field(primary_key=True)
    environment_id: UUID | None = Field(default=None, foreign_key="environments.id")
    kind: str
    name: str | None = None
    digest: bytes = Field(unique=True)
    hint: str
    is_development: bool = False
    is_exchanged: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    expires_at: datetime | None = moment(nullable=True)
    revoked_at: datetime | None = moment(nullable=True)
    inserted_at: datetime = moment()


class SigningKey(SQLModel, table=True):
    """The public half of a key pair that user tokens of one environment are signed with."""

    __tablename__ = "signing_keys"

    id: UUID = Field(primary_key=True)
    environment_id: UUID = Field(foreign_key="environments.id", index=False)
    name: str | None = None
    public_key: str
    revoked_at: datetime | None = moment(nullable=True)
    inserted_at: datetime = moment()


def new_key(kind: KeyKind) -> str:
    """A key that nobody can guess."""
    return PREFIXES[kind] + secrets.token_urlsafe(_KEY_BYTES)


def hint_of(key: str) -> str:
    """By what people tell keys apart that they cannot see."""
    return key[-_HINT_LENGTH:]


def digest_of(key: str, secret_key: str) -> bytes:
    """What is stored of a key. Keys carry their own entropy, so a keyed hash is enough."""
    return hmac.digest(secret_key.encode(), b"api-key:" + key.encode(), hashlib.sha256)


async def find_key(connection: Connection, digests: Sequence[bytes]) -> DictRow | None:
    """The key with its environment; revoked ones are as if they never were.

    `digests` are those of one key under each master secret that may have made them.
    """
    cursor = await connection.execute(
        """
        SELECT k.id, k.kind, k.name, k.hint, k.expires_at, k.environment_id, k.is_development, e.slug,
               e.enhanced_security
        FROM api_keys k LEFT JOIN environments e ON e.id = k.environment_id
        WHERE k.digest = ANY(%s) AND k.revoked_at IS NULL
        """,
        (list(digests),),
    )
    return await cursor.fetchone()
