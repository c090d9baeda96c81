"""Preference sets of users and objects (E-PREF-17, E-PREF-19, E-PREF-20)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from api.dependencies import Credential, Db, QueryString, TemporalClient, UserCaller
from api.errors import Forbidden, InvalidParams
from api.schemas import preferences as schemas
from api.schemas.preferences import PreferenceSet
from dispatch.temporal import Temporal
from dispatch.waking import wake_for_recipients
from models.database import Connection, Database
from models.queries.account import find_preference_defaults
from models.queries.recipients import find_recipients
from models.tables.preference_sets import (
    DEFAULT_SET,
    delete_preference_set,
    find_preference_sets,
    put_preference_sets,
)
from models.tables.recipients import identify
from models.values.given import GivenTenant, checked_id
from models.values.kinds import KeyKind
from models.values.preferences import PreferenceSetRequest
from models.values.refs import TENANTS, RecipientRef
from workflows_engine.preferences import CHANNEL_TYPES, layered

router = APIRouter(tags=["Preferences"])

USER = "/v1/users/{user_id:id}/preferences"
OBJECT = "/v1/objects/{collection:id}/{object_id:id}/preferences"


@dataclass(frozen=True)
class Owner:
    """Whose preferences a path means, and in which environment."""

    ref: RecipientRef
    caller: Credential
    temporal: Temporal

    async def wake(self, database: Database) -> None:
        """Tell the runs that wait for this very change (E-WAITEVENT-8)."""
        await wake_for_recipients(database, self.temporal, self.caller.environment_id, [self.ref])


async def _owner(request: Request, caller: UserCaller, temporal: TemporalClient) -> Owner:
    """A user, or an object, which only servers may speak of. Raises Forbidden, or GivenMistake."""
    path = request.path_params
    if "user_id" in path:
        return Owner(RecipientRef(id=checked_id(path["user_id"])), caller, temporal)
    if caller.kind is not KeyKind.SECRET:
        raise Forbidden("This endpoint takes a secret key, not a public one.")
    object_id = checked_id(path["object_id"], is_user=False)
    return Owner(RecipientRef(collection=path["collection"], id=object_id), caller, temporal)


Whose = Annotated[Owner, Depends(_owner)]


@router.get(USER)
@router.get(OBJECT)
async def list_preference_sets(owner: Whose, database: Db) -> list[PreferenceSet]:
    """Every set that was stored, each as it is read by its id."""
    async with database.connection() as connection:
        sets = await find_preference_sets(connection, owner.caller.environment_id, owner.ref)
        return await _all_shown(connection, owner, sets)


@router.get(USER + "/{id:id}")
@router.get(OBJECT + "/{id:id}")
async def get_preference_set(id: str, owner: Whose, database: Db, query: QueryString) -> PreferenceSet:
    """The set over the defaults; an empty one where nobody set anything. `?tenant=` adds its defaults."""
    async with database.connection() as connection:
        return await _shown(connection, owner, id, query.text("tenant"))


@router.put(USER + "/{id:id}")
@router.put(OBJECT + "/{id:id}")
async def set_preference_set(
    id: str, owner: Whose, database: Db, body: PreferenceSetRequest | None = None
) -> PreferenceSet:
    """Replace the set, or merge into it with `__persistence_strategy__`; whoever is unknown is created."""
    given = body or PreferenceSetRequest()
    if given.id is not None and given.id != id:
        raise InvalidParams.of("id", f'must be "{id}", as in the path')
    return await _kept(database, owner, id, given.to_json(), merge=given.persistence_strategy == "merge")


@router.delete(USER + "/{id:id}", status_code=204)
@router.delete(OBJECT + "/{id:id}", status_code=204)
async def unset_preference_set(id: str, owner: Whose, database: Db) -> None:
    """Nothing is preferred any more but the defaults. Browsers may not."""
    if owner.caller.kind is not KeyKind.SECRET:
        raise Forbidden("This endpoint takes a secret key, not a public one.")
    async with database.connection() as connection:
        gone = await delete_preference_set(connection, owner.caller.environment_id, owner.ref, id)
    if gone is not None:
        await owner.wake(database)


@router.put(USER + "/{id:id}/channel_types", deprecated=True)
@router.put(OBJECT + "/{id:id}/channel_types", deprecated=True)
async def set_channel_types(
    id: str, body: schemas.ChannelTypeSettings, owner: Whose, database: Db
) -> PreferenceSet:
    """Replace what the set says of channel types, and leave the rest."""
    return await _changed(database, owner, id, ["channel_types"], body.to_json())


@router.put(USER + "/{id:id}/channel_types/{type:id}", deprecated=True)
@router.put(OBJECT + "/{id:id}/channel_types/{type:id}", deprecated=True)
async def set_channel_type(
    id: str, type: str, body: schemas.ChannelTypeSetting, owner: Whose, database: Db
) -> PreferenceSet:
    if type not in CHANNEL_TYPES:
        raise InvalidParams.of("type", f"must be one of {', '.join(CHANNEL_TYPES)}")
    return await _changed(database, owner, id, ["channel_types", type], body.to_json())


@router.put(USER + "/{id:id}/workflows", deprecated=True)
@router.put(OBJECT + "/{id:id}/workflows", deprecated=True)
async def set_workflows(id: str, body: schemas.NodeSettings, owner: Whose, database: Db) -> PreferenceSet:
    """Replace what the set says of workflows, and leave the rest."""
    return await _changed(database, owner, id, ["workflows"], body.to_json())


@router.put(USER + "/{id:id}/workflows/{key:id}", deprecated=True)
@router.put(OBJECT + "/{id:id}/workflows/{key:id}", deprecated=True)
async def set_workflow(
    id: str, key: str, body: schemas.NodeSetting, owner: Whose, database: Db
) -> PreferenceSet:
    return await _changed(database, owner, id, ["workflows", key], body.to_json())


@router.put(USER + "/{id:id}/categories", deprecated=True)
@router.put(OBJECT + "/{id:id}/categories", deprecated=True)
async def set_categories(id: str, body: schemas.NodeSettings, owner: Whose, database: Db) -> PreferenceSet:
    """Replace what the set says of categories, and leave the rest."""
    return await _changed(database, owner, id, ["categories"], body.to_json())


@router.put(USER + "/{id:id}/categories/{key:id}", deprecated=True)
@router.put(OBJECT + "/{id:id}/categories/{key:id}", deprecated=True)
async def set_category(
    id: str, key: str, body: schemas.NodeSetting, owner: Whose, database: Db
) -> PreferenceSet:
    return await _changed(database, owner, id, ["categories", key], body.to_json())


async def _changed(
    database: Database, owner: Owner, set_id: str, path: list[str], value: Any
) -> PreferenceSet:
    """The set with one key, or one entry under it, as it is now to be."""
    kind, *name = path
    entries = {name[0]: value} if name else value
    async with database.transaction() as connection:
        stored = await _locked(connection, owner, set_id)
        others = stored.get(kind, {}) if name else {}
        await _put(connection, owner, set_id, {**stored, kind: {**others, **entries}})
        shown = await _shown(connection, owner, set_id)
    await owner.wake(database)
    return shown


async def _locked(connection: Connection, owner: Owner, set_id: str) -> dict[str, Any]:
    """The set as it is stored; its recipient, created if need be, is ours until the transaction ends."""
    await identify(connection, owner.caller.environment_id, owner.ref, {}, datetime.now(UTC))
    sets = await find_preference_sets(connection, owner.caller.environment_id, owner.ref)
    return sets.get(set_id, {})


async def _kept(
    database: Database, owner: Owner, set_id: str, preferences: dict[str, Any], *, merge: bool
) -> PreferenceSet:
    async with database.transaction() as connection:
        await identify(connection, owner.caller.environment_id, owner.ref, {}, datetime.now(UTC))
        await _put(connection, owner, set_id, preferences, merge=merge)
        shown = await _shown(connection, owner, set_id)
    await owner.wake(database)
    return shown


async def _put(
    connection: Connection, owner: Owner, set_id: str, preferences: dict[str, Any], *, merge: bool = False
) -> None:
    given = {checked_set_id(set_id): preferences}
    place = (owner.caller.environment_id, owner.ref)
    await put_preference_sets(connection, *place, given, datetime.now(UTC), merge=merge)


def checked_set_id(set_id: str) -> str:
    """`default`, or the id of a tenant; raises GivenMistake."""
    return set_id if set_id == DEFAULT_SET else GivenTenant.read(set_id).id


async def _shown(
    connection: Connection, owner: Owner, set_id: str, tenant_id: str | None = None
) -> PreferenceSet:
    sets = await find_preference_sets(connection, owner.caller.environment_id, owner.ref)
    found = await _all_shown(connection, owner, {set_id: sets.get(set_id, {})}, tenant_id)
    return found[0]


async def _all_shown(
    connection: Connection, owner: Owner, sets: dict[str, dict[str, Any]], tenant_id: str | None = None
) -> list[PreferenceSet]:
    """Each set over the environment's defaults, and its tenant's or the named one's (E-PREF-19)."""
    environment_id = owner.caller.environment_id
    environment = await find_preference_defaults(connection, environment_id)
    tenants = {set_id: tenant_id or set_id for set_id in sets if tenant_id or set_id != DEFAULT_SET}
    defaults = await _tenant_defaults(connection, owner, tenants.values())
    return [
        schemas.preference_set(
            set_id, layered(environment, defaults.get(tenants.get(set_id, ""), {}), preferences)
        )
        for set_id, preferences in sets.items()
    ]


async def _tenant_defaults(
    connection: Connection, owner: Owner, tenant_ids: Iterable[str]
) -> dict[str, dict[str, Any]]:
    refs = [RecipientRef(collection=TENANTS, id=tenant_id) for tenant_id in tenant_ids]
    found = await find_recipients(connection, owner.caller.environment_id, refs)
    settings = {ref.id: row["properties"].get("settings") for ref, row in found.items()}
    return {
        tenant_id: given["preference_set"]
        for tenant_id, given in settings.items()
        if isinstance(given, dict) and isinstance(given.get("preference_set"), dict)
    }
