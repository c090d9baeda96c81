"""Performs update user, tenant and object steps: properties are merged into whom they name (E-UPDATE)."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from activities.conclusions import (
    Conclusion,
    Mishap,
    StepMistake,
    changes,
    failed,
    left_out,
    redacted,
    redaction_of,
    skipped,
    write_down,
)
from activities.objects import Render, render_object, rendering
from activities.performs import performs
from activities.scopes import build_scope
from activities.standing import Standing, load
from activities.versions import Versions
from dispatch.temporal import Temporal
from dispatch.waking import wake_for_recipients
from models.database import Connection, Database
from models.tables.preference_sets import find_preference_sets, put_preference_sets
from models.tables.recipients import find_recipient, identify
from models.tables.run_events import LogLine
from models.values.given import GivenMistake, GivenRecipient, preferences_in, properties_of
from models.values.refs import TENANTS, USERS, RecipientRef
from rendering.environment import TemplateError
from workflows_engine import effects
from workflows_engine.effects.steps import StepAnswer, StepAsk
from workflows_engine.scope import RunScope
from workflows_engine.updating import read_gid

COLLECTIONS = {"update_user": USERS, "update_tenant": TENANTS}
"""Whom these steps update; an object's step names its collection."""
DONE = {"update_user": "a user", "update_tenant": "a tenant", "update_object": "an object"}
UNTOUCHABLE = {"id", "collection", "channel_data", "__typename"}
"""What no step writes (E-UPDATE-5)."""


@dataclass(frozen=True)
class Update:
    """Whom to update, and what is merged into them; preference sets by their id (E-UPDATE-4)."""

    ref: RecipientRef
    properties: dict[str, Any]
    preferences: dict[str, dict[str, Any]] = field(default_factory=dict)


class RecipientSteps:
    """Performs `update_recipient`."""

    def __init__(self, database: Database, versions: Versions, temporal: Temporal | None = None) -> None:
        """Without `temporal` nobody is told of changes that they wait for."""
        self._database = database
        self._versions = versions
        self._temporal = temporal

    @performs(effects.update_recipient)
    async def update_recipient(self, ask: StepAsk) -> StepAnswer:
        """Merge deeply, creating whom there is not, with what changed in the log."""
        async with self._database.connection() as connection:
            standing = await load(connection, self._versions, ask)
            scope = await build_scope(connection, standing)
        conclusion = left_out(ask, standing, scope) or think(ask, standing, scope)
        step_type = standing.version.definition.step(ask.step_ref).type
        answer = await write_down(self._database, ask, standing, step_type, conclusion)
        if conclusion.changes is not None and self._temporal is not None:
            place = (self._database, self._temporal, ask.environment_id)
            await wake_for_recipients(*place, [conclusion.changes])
        return answer


async def _merge(connection: Connection, ask: StepAsk, standing: Standing, update: Update) -> LogLine:
    """Merge, and tell whom and what changed of them."""
    place = (connection, ask.environment_id, update.ref)
    before = await _seen(*place)
    await identify(*place, update.properties, ask.now)
    if update.preferences:
        await put_preference_sets(*place, update.preferences, ask.now, merge=True)
    told = {"recipient_gid": update.ref.gid} | changes(before, await _seen(*place) or {})
    return LogLine(event="recipient_updated", attempt=ask.attempt, data=redacted(standing, told))


async def _seen(connection: Connection, environment_id: UUID, ref: RecipientRef) -> dict[str, Any] | None:
    """The properties of a recipient with their preference sets, as the log shows them; None for nobody."""
    row = await find_recipient(connection, environment_id, ref)
    if row is None:
        return None
    sets = await find_preference_sets(connection, environment_id, ref)
    return dict(row["properties"]) | ({"preferences": sets} if sets else {})


def think(ask: StepAsk, standing: Standing, scope: RunScope) -> Conclusion[StepAnswer]:
    """Updates whom the step names, or says why that is nobody."""
    step = standing.version.definition.step(ask.step_ref)
    text, redaction = rendering(standing, scope, ask.now), redaction_of(standing)
    try:
        ref = _whom(step, standing, text)
        if isinstance(ref, str):
            return skipped(ref, is_error=True)
        given = render_object(step.settings.update_properties, text, "update_properties")
        update = _update_of(ref, given)
    except TemplateError as error:
        return failed(ask, Mishap("template error", redaction.text(error.message)))
    except GivenMistake as error:
        return failed(ask, Mishap("recipient_gid names nobody", redaction.text(error.message)))
    except StepMistake as error:
        return failed(ask, Mishap("the step's settings cannot be used", redaction.text(str(error))))
    answer = StepAnswer(reason=f"updated {DONE[step.type]}")
    return Conclusion(
        answer, carry_out=lambda connection: _merge(connection, ask, standing, update), changes=ref
    )


def _whom(step: Any, standing: Standing, text: Render) -> RecipientRef | str:
    """Who is meant; a text says why nobody is (E-UPDATE-6)."""
    if getattr(step.settings, "recipient_mode", "reference") == "reference":
        return _named(step, text)
    if step.type == "update_user":
        return standing.ref if standing.ref.is_user else "the run's recipient is an object, not a user"
    tenant_id = standing.facts["tenant_id"]
    return RecipientRef(collection=TENANTS, id=tenant_id) if tenant_id else "the run has no tenant"


def _named(step: Any, text: Render) -> RecipientRef:
    try:
        ref = read_gid(text(step.settings.recipient_gid).strip())
    except ValueError as error:
        raise StepMistake(f"recipient_gid: {error}") from error
    own = COLLECTIONS.get(step.type)
    if ref.collection != own if own else ref.collection in COLLECTIONS.values():
        raise StepMistake(f"recipient_gid: {step.type} cannot update recipients in {ref.collection}")
    return GivenRecipient.read({"id": ref.id, "collection": ref.collection}).ref


def _update_of(ref: RecipientRef, given: dict[str, Any]) -> Update:
    """Held to what callers of the API are held to: whatever is stored must be readable there."""
    try:
        properties = properties_of(given, ref.collection, but=UNTOUCHABLE)
        # A tenant's defaults stand in its settings, never in preferences (E-UPDATE-4).
        sets = {} if ref.collection == TENANTS else preferences_in(given)
    except GivenMistake as mistake:
        raise StepMistake(f"update_properties: {mistake.field}: {mistake.message}") from mistake
    return Update(ref, properties, sets)
