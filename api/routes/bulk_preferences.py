"""One preference set for many users in one call (E-PREF-18)."""

from datetime import UTC, datetime

from fastapi import APIRouter

from api.dependencies import Caller, Db, TemporalClient
from api.errors import InvalidParams
from api.schemas.bulk_operations import BulkOperation, BulkProgress
from api.schemas.preferences import BulkSetUserPreferencesRequest
from dispatch.waking import wake_for_recipients
from models.queries.recipients import list_outgrown
from models.tables.bulk_operations import Tally, record_completed
from models.tables.preference_sets import DEFAULT_SET, put_preference_sets
from models.tables.recipients import identify
from models.values.given import GivenMistake, checked_id, checked_tenant_id
from models.values.refs import RecipientRef

router = APIRouter(tags=["Bulk operations"])


@router.post("/v1/users/bulk/preferences")
async def bulk_set_user_preferences(
    body: BulkSetUserPreferencesRequest,
    caller: Caller,
    database: Db,
    temporal: TemporalClient,
    progress: BulkProgress,
) -> BulkOperation:
    """Replace the set of every user named, creating those who are unknown; done before the answer."""
    given = body.preferences
    if given.persistence_strategy == "merge":
        raise InvalidParams.of("preferences.__persistence_strategy__", "must be replace in bulk")
    set_id = DEFAULT_SET if given.id in (None, DEFAULT_SET) else checked_tenant_id(given.id)
    users = sorted({_user(index, one) for index, one in enumerate(body.user_ids)}, key=lambda one: one.gid)
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        await list_outgrown(connection, caller.environment_id, {user: {} for user in users})
        async with connection.pipeline():
            for user in users:
                await identify(connection, caller.environment_id, user, {}, now)
                sets = {set_id: given.to_json()}
                await put_preference_sets(connection, caller.environment_id, user, sets, now, merge=False)
        tally = Tally("users.set_preferences", len(users))
        row = await record_completed(connection, caller.environment_id, tally, now)
    await wake_for_recipients(database, temporal, caller.environment_id, users)
    return progress.shown(row)


def _user(index: int, user_id: str) -> RecipientRef:
    try:
        return RecipientRef(id=checked_id(user_id))
    except GivenMistake as mistake:
        raise GivenMistake(f"user_ids[{index}]", mistake.message) from mistake
