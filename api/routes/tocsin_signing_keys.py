"""Keys that user tokens are signed with; the private halves are never kept."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter

from api.dependencies import Db, ServiceCaller
from api.errors import InvalidParams, NotFound
from api.naming import existing_environment
from api.schemas import tocsin_signing_keys as schemas
from models.ids import new_uuid
from models.queries import signing_keys as queries
from models.queries.environments import lock_environments
from models.queries.signing_keys import NewSigningKey

router = APIRouter(prefix="/v1/tocsin/signing_keys", tags=["Keys"])


@router.get("")
async def list_signing_keys(caller: ServiceCaller, database: Db) -> schemas.ListSigningKeysResponse:
    """Every key there ever was in the environment, the newest first."""
    async with database.connection() as connection:
        rows = await queries.list_signing_keys(connection, caller.environment_id)
    return schemas.ListSigningKeysResponse(entries=[schemas.signing_key(row) for row in rows])


@router.post("", status_code=201)
async def create_signing_key(
    caller: ServiceCaller, database: Db, body: schemas.SigningKeyRequest | None = None
) -> schemas.NewSigningKey:
    """One more key to sign with; those there are stay good. The private half is shown this once."""
    given = body or schemas.SigningKeyRequest()
    # Finding primes would stop everything else in this process.
    pair = await asyncio.to_thread(schemas.pair, given)
    new = NewSigningKey(new_uuid(), caller.environment_id, given.name, pair.public)
    async with database.connection() as connection:
        row = await queries.insert_signing_key(connection, new, datetime.now(UTC))
    return schemas.new_signing_key(row, pair)


@router.post("/{key_id:id}/revoke")
async def revoke_signing_key(key_id: str, caller: ServiceCaller, database: Db) -> schemas.SigningKey:
    """Its tokens are refused from the next call on; the last one stays while security is enhanced."""
    async with database.transaction() as connection:
        # Nobody switches enhanced security on meanwhile.
        await lock_environments(connection)
        environment = await existing_environment(connection, caller.slug)
        row = await queries.revoke_signing_key(
            connection, caller.environment_id, _uuid(key_id), datetime.now(UTC)
        )
        if row is None:
            raise _missing(key_id)
        left = await queries.find_active_signing_keys(connection, caller.environment_id)
        if environment["enhanced_security"] and not left:
            raise InvalidParams.of(
                "id",
                "is that of the last active key, and without one nobody passes; create its successor, or "
                "switch enhanced security off",
            )
    return schemas.signing_key(row)


def _uuid(key_id: str) -> UUID:
    try:
        return UUID(key_id)
    except ValueError:
        raise _missing(key_id) from None


def _missing(key_id: str) -> NotFound:
    return NotFound(f'There is no signing key with the id "{key_id}" in this environment.')
