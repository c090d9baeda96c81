"""Performs trigger workflow steps: a trigger of its own, accepted as any other is (E-TRIGGERWF)."""

from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from uuid import UUID, uuid5

from psycopg.rows import DictRow
from temporalio import activity

from activities.conclusions import (
    Conclusion,
    Mishap,
    StepMistake,
    failed,
    key_of,
    left_out,
    redaction_of,
    skipped,
    write_down,
)
from activities.ledger import look
from activities.nested_triggers import read_request
from activities.objects import rendering
from activities.performs import performs
from activities.scopes import build_scope
from activities.standing import Standing, load
from activities.versions import Versions
from dispatch.crowds import Crowds
from dispatch.errors import NotAccepted, Unavailable, WorkflowInactive, WorkflowMissing
from dispatch.starting import owner_of
from dispatch.temporal import Temporal
from dispatch.triggers import Origin, Place, TriggerRequest, accept
from models.database import Connection, Database
from models.tables.run_events import LogLine
from models.tables.triggers import find_trigger
from models.values.given import GivenMistake, GivenRecipient, GivenTenant
from models.values.kinds import TriggerSource
from models.values.refs import RecipientRef
from rendering.environment import TemplateError
from workflows_engine import effects, names
from workflows_engine.effects.steps import StepAnswer, StepAsk
from workflows_engine.scope import RunScope
from workflows_engine.steps.trigger_workflow import DEEPEST


@dataclass(frozen=True)
class Nesting:
    """The trigger that the step makes: its id, how deep it is, and its row where an earlier try wrote it."""

    trigger_id: UUID
    depth: int
    written: DictRow | None = None

    @property
    def origin(self) -> Origin:
        return Origin(TriggerSource.WORKFLOW_STEP, trigger_id=self.trigger_id, depth=self.depth)


class TriggerSteps:
    """Performs `trigger_workflow`."""

    def __init__(
        self, database: Database, versions: Versions, temporal: Temporal, crowds: Crowds | None = None
    ) -> None:
        self._database = database
        self._versions = versions
        self._temporal = temporal
        self._crowds = crowds or Crowds()

    @performs(effects.trigger_workflow)
    async def trigger_workflow(self, ask: StepAsk) -> StepAnswer:
        """Trigger once, however often it is asked: the trigger's id follows from the run and the step (D16).

        The trigger is accepted before the ledger is claimed; one that an earlier try wrote is only started.
        """
        async with self._database.connection() as connection:
            known = await look(connection, key_of(ask, "trigger_workflow"))
            if known is not None:
                return StepAnswer.model_validate(known)
            standing = await load(connection, self._versions, ask)
            scope = await build_scope(connection, standing)
            nesting = await _nesting(connection, ask, standing)
        conclusion = await self._conclude(ask, standing, scope, nesting)
        return await write_down(self._database, ask, standing, "trigger_workflow", conclusion)

    async def _conclude(
        self, ask: StepAsk, standing: Standing, scope: RunScope, nesting: Nesting
    ) -> Conclusion[StepAnswer]:
        if nesting.written is not None:
            request = written_again(nesting.written, nesting)
            return await self._accept(ask, standing, request)
        out = left_out(ask, standing, scope)
        if out is not None:
            return out
        if nesting.depth > DEEPEST:
            reason = f"triggers by steps are nested {DEEPEST} deep, not deeper"
            return failed(ask, Mishap(reason, is_retryable=False))
        redaction = redaction_of(standing)
        try:
            settings = standing.version.definition.step(ask.step_ref).settings
            request = read_request(settings, standing, rendering(standing, scope, ask.now), nesting.origin)
        except TemplateError as error:
            return failed(ask, Mishap("template error", redaction.text(error.message)))
        except GivenMistake as error:
            detail = f"{error.field}: {error.message}" if error.field else error.message
            return failed(ask, Mishap("the trigger is invalid", redaction.text(detail)))
        except StepMistake as error:
            return failed(ask, Mishap("the trigger is invalid", redaction.text(str(error))))
        return await self._accept(ask, standing, request)

    async def _accept(
        self, ask: StepAsk, standing: Standing, request: TriggerRequest
    ) -> Conclusion[StepAnswer]:
        facts = standing.facts
        environment_id, content_id = facts["environment_id"], facts["content_environment_id"]
        branch_id = None if content_id == environment_id else content_id
        told: dict[str, Any] = {"workflow_key": request.workflow_key}
        try:
            place = Place(environment_id, facts["slug"], branch_id)
            whose = owner_of(environment_id, request.tenant.id if request.tenant else None)
            request = replace(
                request, accepted_at=ask.now, is_crowd=self._crowds.asks(whose) or _is_of_crowd()
            )
            accepted = await accept(self._database, self._temporal, place, request)
        except (WorkflowMissing, WorkflowInactive) as error:
            return skipped(f"the workflow cannot be triggered: {_why(error)}", **told)
        except Unavailable:
            # Ours, not the author's: the effect is tried again.
            raise
        except NotAccepted as error:
            detail = redaction_of(standing).text(str(error))
            return failed(ask, Mishap("the trigger was refused", detail), told)
        told |= {
            "workflow_run_id": str(accepted.workflow_run_id),
            "recipients": [one.ref.gid for one in request.recipients[:10]],
            "recipient_count": len(request.recipients),
            "cancellation_key": request.cancellation_key,
        }
        line = LogLine(event="workflow_triggered", attempt=ask.attempt, data=told)
        return Conclusion(StepAnswer(reason=f"triggered {accepted.workflow_run_id}"), line)


def _why(error: NotAccepted) -> str:
    return "it is inactive" if isinstance(error, WorkflowInactive) else "it is not published"


async def _nesting(connection: Connection, ask: StepAsk, standing: Standing) -> Nesting:
    """Under a deterministic id; one that was withdrawn unanswered never ran, and another takes its place."""
    environment_id = ask.environment_id
    parent = await find_trigger(connection, environment_id, standing.facts["workflow_run_id"])
    depth = (parent["depth"] if parent else 0) + 1
    for number in count(1):
        again = f"/{number}" if number > 1 else ""
        trigger_id = uuid5(ask.recipient_run_id, f"{ask.step_ref}{again}")
        written = await find_trigger(connection, environment_id, trigger_id)
        if written is None or written["retired_at"] is None:
            return Nesting(trigger_id, depth, written)
    raise AssertionError("the numbers do not end")


def written_again(row: DictRow, nesting: Nesting) -> TriggerRequest:
    """What an earlier try asked for, from the row it wrote: the run's data may have changed since."""
    actor = None
    if row["actor_id"] is not None:
        actor = GivenRecipient(ref=RecipientRef(collection=row["actor_collection"], id=row["actor_id"]))
    tenant: Any = None if row["tenant_id"] is None else GivenTenant(id=row["tenant_id"], properties={})
    return TriggerRequest(
        workflow_key=row["workflow_key"],
        recipients=[GivenRecipient.model_validate(one) for one in row["recipients"]],
        request_id=row["request_id"],
        actor=actor,
        tenant=tenant,
        data=row["data"],
        cancellation_key=row["cancellation_key"],
        settings=row["settings"],
        origin=nesting.origin,
    )


def _is_of_crowd() -> bool:
    """Whether the run that triggers is of a crowd: held back, it asks for too little to look like one."""
    return activity.in_activity() and activity.info().task_queue == names.BULK
