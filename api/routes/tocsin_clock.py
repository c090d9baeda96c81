"""The test clock: `POST /v1/tocsin/clock/advance` sends sleeping runs of development ahead in time."""

from uuid import UUID

from fastapi import APIRouter

from api.dependencies import Db, OperatingCaller, TemporalClient
from api.errors import Conflict, InvalidParams, NotBuilt
from api.given import given_recipient
from api.schemas import tocsin_clock as schemas
from dispatch.advancing import advance
from dispatch.clocks import NotSkipping, StillMoving
from models.queries.clocks import Selection
from models.values.development import ENVIRONMENT

router = APIRouter(prefix="/v1/tocsin/clock", tags=["Test clock"])


@router.post("/advance")
async def advance_clock(
    body: schemas.AdvanceRequest, caller: OperatingCaller, database: Db, temporal: TemporalClient
) -> schemas.AdvanceResponse:
    """Answers when everything that fell due on the way is done."""
    if caller.slug != ENVIRONMENT:
        raise InvalidParams.of(
            "environment", f'is "{caller.slug}"; clocks are moved in {ENVIRONMENT} only, where nobody waits'
        )
    try:
        moved = await advance(database, temporal, caller.environment_id, _selection(body), body.span)
    except NotSkipping as refusal:
        raise NotBuilt(
            f"This Temporal server does not let workflows skip time ({refusal}). The embedded one does; "
            "another needs frontend.WorkflowTimeSkippingEnabled in its dynamic configuration."
        ) from refusal
    except StillMoving as busy:
        raise Conflict(f"{busy} is still at work on its way; ask again in a moment.") from busy
    return schemas.AdvanceResponse(moved=[schemas.MovedClock(**vars(one)) for one in moved])


def _selection(body: schemas.AdvanceRequest) -> Selection:
    if body.recipient is not None:
        return Selection(recipient=given_recipient(body.recipient, "recipient").ref)
    if body.run is None:
        return Selection()
    try:
        return Selection(run_id=UUID(body.run))
    except ValueError:
        raise InvalidParams.of("run", "must be the id of a recipient run, or of a trigger's run") from None
