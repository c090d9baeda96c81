"""Exchanging a service token for a secret key."""

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter
from pydantic import BaseModel

from api.dependencies import AccountCaller, Db, QueryString, Settings
from api.errors import InvalidParams
from api.naming import named_environment
from models.ids import new_uuid
from models.queries.keys import NewKey, forget_exchanged, insert_key
from models.tables.keys import new_key
from models.values.kinds import KeyKind

router = APIRouter(prefix="/v1/api_keys", tags=["Keys"])

LIFETIME = timedelta(hours=24)
"""Tools exchange at every start; what they leave behind must not stay good."""


class ExchangeForApiKeyResponse(BaseModel):
    """As in Knock."""

    api_key: str


@router.post("/exchange")
async def exchange_for_api_key(
    caller: AccountCaller, database: Db, settings: Settings, query: QueryString
) -> ExchangeForApiKeyResponse:
    """A fresh secret key of the environment in `?environment=`, good for 24 hours."""
    now = datetime.now(UTC)
    key = new_key(KeyKind.SECRET)
    async with database.transaction() as connection:
        environment = await named_environment(connection, query)
        if environment is None:
            raise InvalidParams.of("environment", "is missing: name the environment of the key")
        await forget_exchanged(connection, environment["id"], now)
        new = NewKey(
            id=new_uuid(),
            kind=KeyKind.SECRET,
            environment_id=environment["id"],
            name=f"exchanged by {caller.name}",
            key=key,
            secret_key=settings.secret_key.get_secret_value(),
            expires_at=now + LIFETIME,
            is_exchanged=True,
        )
        await insert_key(connection, new, now)
    return ExchangeForApiKeyResponse(api_key=key)
