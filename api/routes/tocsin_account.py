"""The account: names, zone, locale, branding, and each environment's default preferences."""

from datetime import UTC, datetime

from fastapi import APIRouter

from api.dependencies import Credential, Db, ServiceCaller
from api.schemas import tocsin_account as schemas
from models.database import Connection
from models.queries import account as queries

router = APIRouter(prefix="/v1/tocsin/account", tags=["Account"])


@router.get("")
async def get_account(caller: ServiceCaller, database: Db) -> schemas.Account:
    """`?environment=` says whose default preferences are shown."""
    async with database.connection() as connection:
        row = await queries.find_account(connection)
        preferences = await queries.find_preference_defaults(connection, caller.environment_id)
    return schemas.account(row, caller.slug, preferences)


@router.put("")
async def put_account(body: schemas.AccountRequest, caller: ServiceCaller, database: Db) -> schemas.Account:
    """Effective at once; `preferences` are those of the environment in `?environment=`."""
    async with database.transaction() as connection:
        return await _written(connection, body, caller)


@router.put("/validate")
async def validate_account(
    body: schemas.AccountRequest, caller: ServiceCaller, database: Db
) -> schemas.Account:
    """What PUT would answer; nothing is kept."""
    async with database.connection() as connection, connection.transaction(force_rollback=True):
        return await _written(connection, body, caller)


async def _written(
    connection: Connection, body: schemas.AccountRequest, caller: Credential
) -> schemas.Account:
    now = datetime.now(UTC)
    row = await queries.lock_account(connection)
    branding = {**row["branding"], **body.branding_changes()}
    changed = {**row, **body.changes(), "branding": {k: v for k, v in branding.items() if v is not None}}
    row = await queries.write_account(connection, changed, now)
    if body.preferences is not None:
        await queries.write_preference_defaults(
            connection, caller.environment_id, body.preferences.to_json(), now
        )
    preferences = await queries.find_preference_defaults(connection, caller.environment_id)
    return schemas.account(row, caller.slug, preferences)
