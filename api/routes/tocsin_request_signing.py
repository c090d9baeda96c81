"""The key that an environment's fetch steps sign their requests with (E-FETCH-11)."""

from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel

from api.dependencies import Db, Secrets, ServiceCaller
from models.tables.request_signing import request_signing_key, rotate_request_signing_key

router = APIRouter(prefix="/v1/tocsin/request_signing_key", tags=["Keys"])


class ShownSigningKey(BaseModel):
    """What a receiver checks `x-knock-signature` with; both sides hold the same key."""

    environment: str
    signing_key: str


@router.get("")
async def get_request_signing_key(caller: ServiceCaller, database: Db, sealer: Secrets) -> ShownSigningKey:
    """The key, made now where there is none yet."""
    async with database.transaction() as connection:
        key = await request_signing_key(connection, caller.environment_id, sealer, datetime.now(UTC))
    return ShownSigningKey(environment=caller.slug, signing_key=key)


@router.post("/rotate")
async def rotate(caller: ServiceCaller, database: Db, sealer: Secrets) -> ShownSigningKey:
    """Sign with a new key from the next request on; the former one is good for nothing any more."""
    async with database.transaction() as connection:
        key = await rotate_request_signing_key(connection, caller.environment_id, sealer, datetime.now(UTC))
    return ShownSigningKey(environment=caller.slug, signing_key=key)
