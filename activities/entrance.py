"""What a run must pass before its first step: the trigger's conditions, and how often it may run."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from activities.judging import judged
from activities.scopes import build_scope
from activities.standing import Standing, stopped
from models.database import Connection
from models.parts import Part
from models.tables.first_runs import first_run
from models.tables.run_events import LogLine, log_part
from models.values.kinds import Outcome, TriggerSource
from workflows_engine.effects.steps import StepAnswer


@dataclass(frozen=True)
class Entrance:
    """How the conditions were judged, if there are any; `scope` is set where a workflow runs only once."""

    standing: Standing
    conditions: list[dict[str, Any]] | None = None
    halt: StepAnswer | None = None
    scope: str | None = None

    @property
    def is_limited(self) -> bool:
        """Whether `used_up` must be asked, in the transaction that begins the run."""
        return self.scope is not None and self.halt is None

    async def used_up(self, connection: Connection, now: datetime) -> StepAnswer | None:
        """Ends every run but the first that passed the conditions (E-TRIGGER-25)."""
        if not self.is_limited:
            return None
        facts = self.standing.facts
        first = await first_run(connection, facts, self.scope or "", now)
        if first == facts["id"]:
            return None
        frequency = self.standing.version.definition.trigger_frequency
        return stopped(
            Outcome.HALTED, f"the workflow runs {frequency.replace('_', ' ')}, and run {first} was the one"
        )

    def parts(self, now: datetime) -> list[Part]:
        """The line in the run's log, for workflows with conditions."""
        if self.conditions is None:
            return []
        facts, data = self.standing.facts, {"held": self.halt is None, "conditions": self.conditions}
        line = LogLine(event="trigger_conditions_evaluated", data=data)
        return [replace(log_part(facts["environment_id"], facts["id"], line, now), name="judged")]


async def find_entrance(connection: Connection, standing: Standing, now: datetime) -> Entrance:
    """Judge the workflow's conditions for this recipient (E-TRIGGER-23); nothing is read without any."""
    scope = _scope(standing)
    group = standing.version.definition.conditions
    if group is None or not group.leaves():
        return Entrance(standing, scope=scope)
    judgement = judged(group, await build_scope(connection, standing), now)
    if judgement.holds:
        return Entrance(standing, judgement.trace, scope=scope)
    reason = "the trigger's conditions do not hold"
    if judgement.unjudged is not None:
        reason = f"the trigger's conditions cannot be judged: {judgement.unjudged}"
    return Entrance(standing, judgement.trace, stopped(Outcome.HALTED, reason), scope)


def _scope(standing: Standing) -> str | None:
    """Within what the workflow runs once; None if it always runs, as every rehearsal does (E-TRIGGER-24)."""
    if standing.facts["trigger_source"] == TriggerSource.REHEARSAL:
        return None
    match standing.version.definition.trigger_frequency:
        case "once_per_recipient":
            return ""
        case "once_per_recipient_per_tenant":
            # No tenant is a value of its own.
            tenant = standing.facts["tenant_id"]
            return "$tenant" if tenant is None else f"$tenant/{tenant}"
        case _:
            return None
