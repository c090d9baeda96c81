"""Credentials: secret and public keys of environments, and service tokens of the account."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from fastapi import APIRouter
from psycopg.rows import DictRow

from api.dependencies import AccountCaller, Db, QueryString, Settings
from api.errors import InvalidParams, NotFound
from api.management_pages import management_slice, read_limited_page
from api.naming import existing_environment, named_environment
from api.pagination import BY_TIME, by_time
from api.schemas import tocsin_keys as schemas
from api.settings import ApiSettings
from models.database import Connection
from models.ids import new_uuid
from models.queries import keys as queries
from models.queries.keys import NewKey
from models.tables.keys import new_key
from models.values.kinds import KeyKind

router = APIRouter(prefix="/v1/tocsin/keys", tags=["Keys"])


@router.get("")
async def list_keys(caller: AccountCaller, database: Db, query: QueryString) -> schemas.ListKeysResponse:
    """Every key there ever was, the oldest first; `?environment=` leaves out the others'."""
    page = read_limited_page(query, BY_TIME)
    async with database.connection() as connection:
        environment = await named_environment(connection, query)
        found = await queries.list_keys(connection, environment["id"] if environment else None, page)
    rows, info = management_slice(found, page, lambda row: by_time(row["inserted_at"], row["id"]))
    now = datetime.now(UTC)
    return schemas.ListKeysResponse(entries=[schemas.key(row, now) for row in rows], page_info=info)


@router.post("", status_code=201)
async def create_key(
    body: schemas.CreateKeyRequest, caller: AccountCaller, database: Db, settings: Settings
) -> schemas.NewKeyResponse:
    """The answer shows the key, this once."""
    now = datetime.now(UTC)
    _refuse_past(body.expires_at, now)
    async with database.transaction() as connection:
        environment_id = await _owner(connection, body)
        new = _new(body.kind, environment_id, body.name, settings, body.expires_at)
        return await _kept(connection, new, now)


@router.post("/{key_id:id}/rotate", status_code=201)
async def rotate_key(
    key_id: str,
    caller: AccountCaller,
    database: Db,
    settings: Settings,
    body: schemas.RotateKeyRequest | None = None,
) -> schemas.NewKeyResponse:
    """A successor of the same kind, environment and name; the old one expires after the overlap."""
    now = datetime.now(UTC)
    hours = (body or schemas.RotateKeyRequest()).overlap_hours
    async with database.transaction() as connection:
        row = await _usable(connection, key_id, now)
        new = _new(KeyKind(row["kind"]), row["environment_id"], row["name"], settings, None)
        await queries.expire_key(connection, row["id"], now + timedelta(hours=hours))
        return await _kept(connection, new, now)


@router.post("/{key_id:id}/expire")
async def expire_key(
    key_id: str, body: schemas.ExpireKeyRequest, caller: AccountCaller, database: Db
) -> schemas.Key:
    now = datetime.now(UTC)
    _refuse_past(body.expires_at, now)
    async with database.transaction() as connection:
        row = await _usable(connection, key_id, now)
        await queries.expire_key(connection, row["id"], body.expires_at)
        return schemas.key(await _existing(connection, key_id), now)


@router.post("/{key_id:id}/revoke")
async def revoke_key(key_id: str, caller: AccountCaller, database: Db) -> schemas.Key:
    """Refused from the next call on, for good."""
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        await queries.lock_keys(connection)
        row = await _existing(connection, key_id)
        if row["id"] == caller.key_id:
            raise InvalidParams.of(
                "id", "is that of the token you call with; rotate it, and revoke it with its successor"
            )
        await queries.revoke_key(connection, row["id"], now)
        return schemas.key(await _existing(connection, key_id), now)


def _new(
    kind: KeyKind,
    environment_id: UUID | None,
    name: str | None,
    settings: ApiSettings,
    expires_at: datetime | None,
) -> NewKey:
    secret_key = settings.secret_key.get_secret_value()
    return NewKey(new_uuid(), kind, environment_id, name, new_key(kind), secret_key, expires_at)


async def _kept(connection: Connection, new: NewKey, now: datetime) -> schemas.NewKeyResponse:
    await queries.insert_key(connection, new, now)
    row = await queries.find_key_row(connection, new.id)
    assert row is not None  # written in this very transaction
    return schemas.new_key(row, now, new.key)


async def _owner(connection: Connection, body: schemas.CreateKeyRequest) -> UUID | None:
    if body.kind is KeyKind.SERVICE:
        if body.environment is not None:
            raise InvalidParams.of("environment", "goes with secret and public keys only")
        return None
    if body.environment is None:
        raise InvalidParams.of("environment", f"is missing: a {body.kind.value} key belongs to one")
    environment_id: UUID = (await existing_environment(connection, body.environment))["id"]
    return environment_id


async def _usable(connection: Connection, key_id: str, now: datetime) -> DictRow:
    """The key, unless its time is over; others wait until the transaction ends."""
    await queries.lock_keys(connection)
    row = await _existing(connection, key_id)
    if not schemas.key(row, now).is_active:
        raise InvalidParams.of("id", "is that of a key which has expired or was revoked; create another")
    return row


async def _existing(connection: Connection, key_id: str) -> DictRow:
    try:
        row = await queries.find_key_row(connection, UUID(key_id))
    except ValueError:
        row = None
    if row is None:
        raise NotFound(f'There is no key with the id "{key_id}".')
    return row


def _refuse_past(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise InvalidParams.of("expires_at", "is past; to end a key now, revoke it")
