"""Outbound webhook endpoints: stored and checked here; posting to them comes with a later release."""

import secrets
from datetime import UTC, datetime

from fastapi import APIRouter
from psycopg.rows import DictRow

from api.dependencies import Credential, Db, Secrets, ServiceCaller
from api.errors import InvalidParams, NotFound
from api.schemas import tocsin_webhooks as schemas
from models.database import Connection
from models.ids import new_uuid
from models.queries import webhook_endpoints as queries
from models.sealing import Sealer
from models.tables.webhook_endpoints import seal_purpose
from models.values.development import ENVIRONMENT

router = APIRouter(prefix="/v1/tocsin/webhooks", tags=["Webhooks"])

_SECRET_BYTES = 32
_HINT_LENGTH = 4


@router.get("")
async def list_webhooks(caller: ServiceCaller, database: Db) -> schemas.ListWebhooksResponse:
    async with database.connection() as connection:
        rows = await queries.list_endpoints(connection, caller.environment_id)
    return schemas.ListWebhooksResponse(entries=[schemas.webhook(row) for row in rows])


@router.get("/{key:id}")
async def get_webhook(key: str, caller: ServiceCaller, database: Db) -> schemas.Webhook:
    async with database.connection() as connection:
        return schemas.webhook(await _existing(connection, caller, key))


@router.put("/{key:id}")
async def put_webhook(
    key: str, body: schemas.WebhookRequest, caller: ServiceCaller, database: Db, sealer: Secrets
) -> schemas.NewWebhook:
    """Make an endpoint or change one; a signing secret made here is in the answer, this once."""
    async with database.transaction() as connection:
        return await _written(connection, caller, schemas.checked_key(key), body, sealer)


@router.put("/{key:id}/validate")
async def validate_webhook(
    key: str, body: schemas.WebhookRequest, caller: ServiceCaller, database: Db, sealer: Secrets
) -> schemas.Webhook:
    """What PUT would answer, without a secret; nothing is kept."""
    async with database.connection() as connection, connection.transaction(force_rollback=True):
        written = await _written(connection, caller, schemas.checked_key(key), body, sealer)
    return schemas.Webhook.model_validate(written.model_dump(exclude={"signing_secret"}))


@router.post("/{key:id}/rotate_secret")
async def rotate_secret(key: str, caller: ServiceCaller, database: Db, sealer: Secrets) -> schemas.NewWebhook:
    """Sign with a new secret from now on; the answer shows it, this once."""
    async with database.transaction() as connection:
        row = await _existing(connection, caller, key)
        secret = _new_secret()
        sealed = {"signing_secret": sealer.seal(secret, seal_purpose(row["id"])), "hint": _hint(secret)}
        row = await queries.upsert_endpoint(connection, {**row, **sealed}, datetime.now(UTC))
    return schemas.new_webhook(row, secret)


@router.delete("/{key:id}", status_code=204)
async def delete_webhook(key: str, caller: ServiceCaller, database: Db) -> None:
    async with database.connection() as connection:
        if not await queries.delete_endpoint(connection, caller.environment_id, key):
            raise _missing(caller, key)


async def _written(
    connection: Connection, caller: Credential, key: str, body: schemas.WebhookRequest, sealer: Sealer
) -> schemas.NewWebhook:
    known = await queries.find_endpoint(connection, caller.environment_id, key)
    for field in ("url", "events"):
        if known is None and getattr(body, field) is None:
            raise InvalidParams.of(field, "is missing, and there is no such endpoint yet")
    if body.url is not None:
        schemas.checked_url(body.url, is_development=caller.slug == ENVIRONMENT)
    endpoint = dict(known or {"id": new_uuid(), "enabled": True, "description": None})
    endpoint |= {"environment_id": caller.environment_id, "key": key}
    endpoint |= body.model_dump(exclude={"signing_secret"}, exclude_none=True)
    made = None
    if body.signing_secret is not None or known is None:
        made = None if body.signing_secret is not None else _new_secret()
        secret = made or (body.signing_secret.get_secret_value() if body.signing_secret else "")
        endpoint["signing_secret"] = sealer.seal(secret, seal_purpose(endpoint["id"]))
        endpoint["hint"] = _hint(secret)
    row = await queries.upsert_endpoint(connection, endpoint, datetime.now(UTC))
    return schemas.new_webhook(row, made)


async def _existing(connection: Connection, caller: Credential, key: str) -> DictRow:
    row = await queries.find_endpoint(connection, caller.environment_id, key)
    if row is None:
        raise _missing(caller, key)
    return row


def _missing(caller: Credential, key: str) -> NotFound:
    return NotFound(f'There is no webhook endpoint "{key}" in the environment "{caller.slug}".')


def _new_secret() -> str:
    return secrets.token_urlsafe(_SECRET_BYTES)


def _hint(secret: str) -> str:
    return secret[-_HINT_LENGTH:]
