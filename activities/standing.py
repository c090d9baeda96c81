"""How a run stands when a step begins: its rows, its version, and whether it may go on."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from pydantic import Field

from activities.ledger import Entry
from activities.published import NOTHING_PUBLISHED, PublishedContent
from activities.variables import secret_values
from activities.versions import Version, Versions
from models.database import Connection
from models.tables.cancels import lock_key
from models.tables.recipient_runs import find_facts, later_cancel, set_status
from models.values.kinds import Outcome, RunStatus
from models.values.refs import TENANTS, RecipientRef
from workflows_engine.effects.steps import StepAnswer, StepAsk, Verdict


@dataclass(frozen=True)
class Standing:
    """The facts of one run, as of one read."""

    facts: DictRow
    version: Version
    around: PublishedContent = NOTHING_PUBLISHED
    """The layouts, partials and translations of the version's environment, published by now."""
    secrets: dict[str, Any] = field(default_factory=dict, repr=False)
    """Secret variables, opened: for templates, never for a log."""

    @property
    def ref(self) -> RecipientRef:
        return RecipientRef(collection=self.facts["recipient_collection"], id=self.facts["recipient_id"])

    @property
    def actor_ref(self) -> RecipientRef | None:
        if self.facts["actor_id"] is None:
            return None
        return RecipientRef(collection=self.facts["actor_collection"], id=self.facts["actor_id"])

    @property
    def given_data(self) -> dict[str, Any]:
        """What the trigger gave this recipient: shared data, `$trigger_data` over it (E-TRIGGER-13)."""
        return {**self.facts["shared_data"], **(self.facts["trigger_data"] or {})}

    @property
    def data(self) -> dict[str, Any]:
        """The run's data now, after batches and fetches."""
        changed: dict[str, Any] | None = self.facts["data"]
        return self.given_data if changed is None else changed

    def setting(self, name: str) -> bool:
        """A switch of the trigger's `settings` (E-TRIGGER-9)."""
        return bool(self.facts["trigger_settings"].get(name))

    @property
    def stop(self) -> StepAnswer | None:
        """Why the run ends before this step, or None (E-RUN-11, E-RUN-13, D10)."""
        facts = self.facts
        if facts["finished_at"] is not None:
            return stopped(Outcome(facts["outcome"]), "the run is finished")
        if facts["later_cancel"] is not None:
            return cancelled(facts["later_cancel"])
        if facts["workflow_archived_at"] is not None:
            return stopped(Outcome.WORKFLOW_INACTIVE, "the workflow was archived")
        if not facts["active"]:
            return stopped(Outcome.WORKFLOW_INACTIVE, "the workflow is inactive")
        if facts["recipient_properties"] is None:
            return stopped(Outcome.RECIPIENT_DELETED, "the recipient is gone")
        return None

    async def enter(self, entry: Entry, now: datetime) -> StepAnswer | None:
        """Go from reading to writing: a run that was paused is at work again, unless it was cancelled."""
        cancel = await self.cancelled_meanwhile(entry.connection)
        if cancel is None and self.was_paused:
            run = (self.facts["environment_id"], self.facts["id"])
            await set_status(entry.connection, *run, RunStatus.PROCESSING, now)
        return cancel

    @property
    def was_paused(self) -> bool:
        return bool(self.facts["status"] == RunStatus.PAUSED)

    async def cancelled_meanwhile(self, connection: Connection) -> StepAnswer | None:
        """Look again for a cancel inside the write transaction; stops the run if there is one."""
        cancel = await self.cancel_under_lock(connection)
        return None if cancel is None else cancelled(cancel)

    async def cancel_under_lock(self, connection: Connection) -> int | None:
        """The newest cancel that applies, excluding cancellers until the transaction ends (D10)."""
        key = self.facts["cancellation_key"]
        if key is None:
            return None
        environment_id = self.facts["environment_id"]
        await lock_key(connection, environment_id, self.facts["workflow_key"], key, shared=True)
        return await later_cancel(connection, environment_id, self.facts["id"])


def cancelled(acceptance: int) -> StepAnswer:
    reason = f"cancelled by cancellation key (cancel {acceptance})"
    return StepAnswer(verdict=Verdict.STOP, outcome=Outcome.CANCELLED, reason=reason, cancel=acceptance)


def stopped(outcome: Outcome, reason: str) -> StepAnswer:
    return StepAnswer(verdict=Verdict.STOP, outcome=outcome, reason=reason)


class RowMissing(LookupError):
    """A run without a row: Postgres was restored to before its trigger. No later try finds it."""


class LedAsk(StepAsk):
    """A step asked for by the beginning of its run, which hands on the facts it has just read."""

    facts: dict[str, Any] = Field(exclude=True, repr=False)


async def load(connection: Connection, versions: Versions, ask: StepAsk) -> Standing:
    """The run of this ask; its row was written before its workflow started."""
    if isinstance(ask, LedAsk):
        facts: DictRow | None = ask.facts
    else:
        facts = await find_facts(connection, ask.environment_id, ask.recipient_run_id)
    if facts is None:
        raise RowMissing(f"recipient run {ask.recipient_run_id} has no row")
    version = await versions.get(connection, ask.environment_id, facts["workflow_version_id"])
    content = (facts["content_environment_id"], facts["content_number"])
    around = await versions.published.get(connection, *content, version.partials)
    return Standing(facts, version, around, secret_values(facts, versions.sealer))


def rendered_recipient(
    ref: RecipientRef, properties: dict[str, Any] | None, updated_at: Any
) -> dict[str, Any]:
    """A user, object or tenant as templates and conditions see it: properties at the top level."""
    typename = "User" if ref.is_user else "Tenant" if ref.collection == TENANTS else "Object"
    head: dict[str, Any] = {"__typename": typename, "id": ref.id}
    if not ref.is_user:
        head["collection"] = ref.collection
    stamp = None if updated_at is None else updated_at.isoformat()
    return {"created_at": None, **(properties or {}), "updated_at": stamp, **head}
