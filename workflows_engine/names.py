"""Names on the wire: workflow ids, task queues, signals, search attributes. Pure functions of ids."""

import hashlib
from datetime import UTC, datetime
from uuid import UUID, uuid5

from models.values.refs import RecipientRef

RUNS = "runs"
"""The task queue of runs, their local activities and schedules (D27), but for crowds'."""
SENDS = "sends"
"""The task queue of everything that reaches a provider or a user-given URL."""
BULK = "bulk"
"""The task queue of fan-out, runs of crowds, bulk operations and maintenance."""

CANCEL = "cancel"
"""Signal: a cancel with this acceptance number applies to the run."""
LOOK = "look"
"""Signal: a row that the run's pause goes by has changed; only hastens (D31)."""
WAKE = "wake"
"""Signal of an operator: end the pause the run is in, or, with a time, pause until then instead."""
JOINED = "joined"
"""Signal: a recipient run joined the window this run holds; only hastens and shows (D9, D31)."""

MAINTENANCE = "tocsin-maintenance"
"""The one workflow that reconciles rows with Temporal."""

ENVIRONMENT = "TocsinEnvironment"
WORKFLOW = "TocsinWorkflow"
RECIPIENT = "TocsinRecipient"
TENANT = "TocsinTenant"
CANCELLATION_KEY = "TocsinCancellationKey"
WORKFLOW_RUN_ID = "TocsinWorkflowRunId"
WAITING_FOR = "TocsinWaitingFor"
WAITING_UNTIL = "TocsinWaitingUntil"
OUTCOME = "TocsinOutcome"

SEARCH_ATTRIBUTES = {
    ENVIRONMENT: "Keyword",
    WORKFLOW: "Keyword",
    RECIPIENT: "Keyword",
    TENANT: "Keyword",
    CANCELLATION_KEY: "Keyword",
    WORKFLOW_RUN_ID: "Keyword",
    WAITING_FOR: "Keyword",
    WAITING_UNTIL: "Datetime",
    OUTCOME: "Keyword",
}
"""Every search attribute we register, with its type."""

LONGEST_NAME = 255
"""Bytes that Temporal keeps of a workflow id or a keyword (D16)."""


def bounded(name: str) -> str:
    """The name itself, or, where it is too long for Temporal, its beginning and a hash."""
    if len(name.encode()) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()
    return name.encode()[: LONGEST_NAME - len(digest) - 1].decode(errors="ignore") + "~" + digest


def recipient_run_id(workflow_run_id: UUID, recipient: RecipientRef) -> UUID:
    """One recipient's run of one trigger (E-TRIGGER-21)."""
    return uuid5(workflow_run_id, recipient.gid)


def recipient_run_workflow(
    environment: str, workflow_key: str, recipient: RecipientRef, run_id: UUID, incarnation: int = 0
) -> str:
    """E.g. `development/new-comment/ada/0190…`; a run taken up again ends in `/2`, then `/3`."""
    again = f"/{incarnation + 1}" if incarnation else ""
    return bounded(f"{environment}/{workflow_key}/{recipient}/{run_id}{again}")


def workflow_run_workflow(environment: str, workflow_key: str, workflow_run_id: UUID) -> str:
    """The workflow that fans one trigger out to its recipients."""
    return bounded(f"{environment}/{workflow_key}/{workflow_run_id}")


def cancel_workflow(environment: str, workflow_key: str, acceptance: int) -> str:
    """The workflow that carries one cancel to many runs."""
    return bounded(f"{environment}/{workflow_key}/cancel-{acceptance}")


def delivery_workflow(message_id: str, retries: int = 0) -> str:
    """The workflow that goes on with what a first attempt, or a retry by hand, did not settle (D11)."""
    return f"delivery/{message_id}" if retries == 0 else f"delivery/{message_id}/{retries}"


def schedule_workflow(schedule_id: UUID) -> str:
    """The workflow that sleeps until a schedule's next occurrence (D12)."""
    return f"schedule/{schedule_id}"


def scheduled_run_id(schedule_id: UUID, due: datetime) -> UUID:
    """The trigger of one occurrence of a schedule: asked for twice it is one (D16)."""
    return uuid5(schedule_id, due.astimezone(UTC).isoformat())
