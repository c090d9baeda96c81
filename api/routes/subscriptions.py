"""Subscriptions: who subscribes to an object, and what a recipient subscribes to (E-SUBS)."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from fastapi import APIRouter
from psycopg.rows import DictRow

from api.dependencies import Caller, Credential, Db, QueryString, TemporalClient
from api.errors import NotFound
from api.given import given_recipients
from api.pagination import BY_TIME, read_page, slice_of
from api.query import Query
from api.schemas import subscriptions as schemas
from api.subscribing import identify_all, subscribed_object
from dispatch.waking import wake_for_recipients
from models.database import Connection, Database
from models.queries.recipients import find_recipients
from models.queries.subscriptions import SubscriptionFilter, find_sets_of, list_subscriptions
from models.tables.recipients import find_recipient
from models.tables.subscriptions import subscribe, unsubscribe
from models.values.refs import RecipientRef

router = APIRouter(prefix="/v1", tags=["Subscriptions"])


@router.get("/objects/{collection:id}/{object_id:id}/subscriptions")
async def list_object_subscriptions(
    collection: str, object_id: str, caller: Caller, database: Db, query: QueryString
) -> schemas.ListSubscriptionsResponse:
    """Newest first: who subscribes to the object, or with `mode=recipient` what it subscribes to itself."""
    ref = RecipientRef(collection=collection, id=object_id)
    async with database.connection() as connection:
        if await find_recipient(connection, caller.environment_id, ref) is None:
            raise NotFound(f'There is no object "{object_id}" in "{collection}" in this environment.')
    if query.text("mode") == "recipient":
        wanted = SubscriptionFilter(ref, is_subscriber=True, others=query.references("objects"))
    else:
        wanted = SubscriptionFilter(ref, others=query.references("recipients"))
    return await _listed(database, caller, query, wanted)


@router.get("/users/{user_id:id}/subscriptions")
async def list_user_subscriptions(
    user_id: str, caller: Caller, database: Db, query: QueryString
) -> schemas.ListSubscriptionsResponse:
    """Newest first: what the user subscribes to."""
    others = query.references("objects")
    wanted = SubscriptionFilter(RecipientRef(id=user_id), is_subscriber=True, others=others)
    return await _listed(database, caller, query, wanted)


@router.post("/objects/{collection:id}/{object_id:id}/subscriptions")
async def add_subscriptions(
    collection: str,
    object_id: str,
    body: schemas.UpsertSubscriptionsRequest,
    caller: Caller,
    database: Db,
    temporal: TemporalClient,
) -> list[schemas.Subscription]:
    """Subscribe recipients, or give those who are subscribed these properties; all of them or none.

    Whoever is given with properties is identified; an object that nobody identified is created.
    """
    to = subscribed_object(collection, object_id)
    given = given_recipients(body.recipients)
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        identified = await identify_all(connection, caller.environment_id, [to, *given], now)
        refs = list(dict.fromkeys(one.ref for one in given))
        rows = await subscribe(connection, caller.environment_id, to.ref, refs, body.properties, now)
        shown = await _shown(connection, caller, rows, refs)
    await wake_for_recipients(database, temporal, caller.environment_id, identified)
    return shown


@router.delete("/objects/{collection:id}/{object_id:id}/subscriptions")
async def delete_subscriptions(
    collection: str,
    object_id: str,
    body: schemas.DeleteSubscriptionsRequest,
    caller: Caller,
    database: Db,
) -> list[schemas.Subscription]:
    """End the subscriptions of these recipients; answers those there were."""
    to = subscribed_object(collection, object_id)
    given = given_recipients(body.recipients)
    refs = list(dict.fromkeys(one.ref for one in given))
    async with database.transaction() as connection:
        rows = await unsubscribe(connection, caller.environment_id, to.ref, refs)
        return await _shown(connection, caller, rows, refs)


async def _shown(
    connection: Connection, caller: Credential, rows: Sequence[DictRow], order: Sequence[RecipientRef]
) -> list[schemas.Subscription]:
    """In the order in which the caller named the recipients."""
    people = await _people(connection, caller, rows)
    by_recipient = {schemas.refs_of(row)[1]: row for row in rows}
    return [schemas.subscription(by_recipient[ref], people) for ref in order if ref in by_recipient]


async def _listed(
    database: Database, caller: Credential, query: Query, wanted: SubscriptionFilter
) -> schemas.ListSubscriptionsResponse:
    page = read_page(query, BY_TIME)
    async with database.connection() as connection:
        rows = await list_subscriptions(connection, caller.environment_id, wanted, page)
        found = slice_of(rows, page, schemas.position)
        people = await _people(connection, caller, found.rows)
        sets: schemas.Sets | None = None
        if "preferences" in query.texts("include"):
            recipients = [schemas.refs_of(row)[1] for row in found.rows]
            sets = await find_sets_of(connection, caller.environment_id, recipients)
    entries = [schemas.subscription(row, people, sets) for row in found.rows]
    return schemas.ListSubscriptionsResponse(entries=entries, page_info=found.info)


async def _people(
    connection: Connection, caller: Credential, rows: Iterable[DictRow]
) -> dict[RecipientRef, DictRow]:
    refs = [ref for row in rows for ref in schemas.refs_of(row)]
    return await find_recipients(connection, caller.environment_id, refs)
