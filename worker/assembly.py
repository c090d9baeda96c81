"""The composition root: what a worker is made of."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from temporalio.worker import (
    Interceptor,
    PollerBehaviorAutoscaling,
    UnsandboxedWorkflowRunner,
    Worker,
    WorkflowRunner,
)

from activities.delivery import Deliveries
from activities.maintenance import Maintenance
from activities.pauses import Pauses
from activities.recipients import Recipients
from activities.renewal import Renewal
from activities.runs import Leading, Runs
from activities.schedules import Schedules
from activities.steps.ai_agent import AgentSteps
from activities.steps.batch import BatchSteps
from activities.steps.branch import BranchSteps
from activities.steps.channel import ChannelSteps
from activities.steps.delay import DelaySteps
from activities.steps.http_fetch import FetchSteps
from activities.steps.passing_over import PassedOverSteps
from activities.steps.random_cohort import RandomCohortSteps
from activities.steps.throttle import ThrottleSteps
from activities.steps.trigger_workflow import TriggerSteps
from activities.steps.update_audience import AudienceSteps
from activities.steps.update_data import DataSteps
from activities.steps.update_recipient import RecipientSteps
from activities.steps.wait_for_event import WaitSteps
from activities.versions import Versions
from dispatch.crowds import Crowds
from dispatch.room import Room
from dispatch.temporal import Temporal
from models.database import Database
from models.sealing import Sealer
from outbound.client import HttpClient
from worker.courtesy import Courtesy
from workflows_engine import names
from workflows_engine.delivery import DeliveryWorkflow
from workflows_engine.errors import EngineError
from workflows_engine.maintenance import CancelWorkflow, MaintenanceWorkflow
from workflows_engine.recipient_run import RecipientRunWorkflow
from workflows_engine.schedule import ScheduleWorkflow
from workflows_engine.workflow_run import WorkflowRunWorkflow

WORKFLOWS: list[type] = [
    RecipientRunWorkflow,
    WorkflowRunWorkflow,
    DeliveryWorkflow,
    MaintenanceWorkflow,
    CancelWorkflow,
    ScheduleWorkflow,
]
"""Every Temporal workflow we run."""

QUEUES = (names.RUNS, names.SENDS, names.BULK)
"""The task queues a worker may serve (D27)."""

STICKY = timedelta(seconds=2)
"""A killed worker's runs go on after this long, not after the default ten seconds."""
GRACE = timedelta(seconds=40)
"""On shutdown: longer than the longest send (35 s), so that none is cut off."""
CACHED_RUNS = 1_000
FAN_OUTS_AT_ONCE = 500
"""Activities of the bulk queue: those of crowds wait in line, and others', with cancels, find a place."""
RUNS_AT_ONCE = 8
"""Workflow tasks that a worker holds at a time, of each queue, those that it waits for among them. What it
holds it serves as it came, and what waits in Temporal's queues tenant by tenant. A process has one core's
worth of Python: with a hundred, as is usual, a burst ends later, and others wait behind it (decision 11)."""


@dataclass(frozen=True)
class Parts:
    """What performers are built from."""

    database: Database
    temporal: Temporal
    http: HttpClient
    sealer: Sealer
    sends: bool = True
    """Whether messages leave; a simulation records them instead."""
    retention: timedelta | None = None
    """How long what is over is kept; None erases nothing."""
    leads: bool = True
    """Whether runs are begun with their first step and ended with their last.

    A worker of the release before cannot carry on the former, and would end the latter a second time."""
    crowds: Crowds = field(default_factory=Crowds)
    room: Room = field(default_factory=Room)
    """Who asks for much at a time, and what is left to others meanwhile: one of each in a process."""


def performers(parts: Parts) -> list[Callable[..., Any]]:
    """One method for each effect, all of them here."""
    database, temporal = parts.database, parts.temporal
    versions = Versions(parts.sealer)
    channel = ChannelSteps(database, versions, temporal, settles=parts.leads)
    branch = BranchSteps(database, versions)
    cohort = RandomCohortSteps(database, versions)
    delay = DelaySteps(database, versions)
    batch = BatchSteps(database, versions, temporal, settles=parts.leads)
    pauses = Pauses(database)
    renewal = Renewal(database, temporal)
    throttle = ThrottleSteps(database, versions)
    leading: dict[str, Leading] = {
        "channel": channel.compose_messages,
        "batch": batch.join_batch,
        "delay": delay.resolve_delay,
        "throttle": throttle.pass_throttle,
    }
    runs = Runs(database, versions, temporal, leading if parts.leads else {})
    waits = WaitSteps(database, versions)
    passed = PassedOverSteps(database, versions)
    fetch = FetchSteps(database, versions, parts.http)
    deliveries = Deliveries(database, temporal, parts.sealer, sends=parts.sends)
    recipients = Recipients(database, temporal, crowds=parts.crowds, room=parts.room)
    maintenance = Maintenance(database, temporal, parts.retention)
    schedules = Schedules(database, temporal, parts.crowds)
    return [
        runs.begin_run,
        runs.finish_run,
        recipients.expand_recipients,
        channel.compose_messages,
        passed.pass_over_step,
        branch.choose_branch,
        cohort.draw_cohort,
        delay.resolve_delay,
        batch.join_batch,
        batch.leave_batch,
        batch.close_batch,
        pauses.move_pause,
        renewal.renew_run,
        throttle.pass_throttle,
        waits.register_wait,
        waits.look_for_event,
        fetch.fetch,
        DataSteps(database, versions).update_data,
        RecipientSteps(database, versions, temporal).update_recipient,
        AudienceSteps(database, versions).update_audience,
        TriggerSteps(database, versions, temporal, parts.crowds).trigger_workflow,
        AgentSteps(database, versions, parts.http).ask_agent,
        deliveries.deliver_message,
        deliveries.hand_over_delivery,
        maintenance.reconcile,
        maintenance.carry_cancel,
        schedules.keep_schedule,
    ]


def polling(runs_at_once: int) -> PollerBehaviorAutoscaling:
    """Of workflow tasks: a poll keeps one of the places, so half are for new runs, half for the others.

    The SDK's default split would leave one poller for the first task of every new run.
    """
    half = max(runs_at_once // 2, 1)
    return PollerBehaviorAutoscaling(initial=half, maximum=half)


@asynccontextmanager
async def working(
    parts: Parts,
    *,
    queues: tuple[str, ...] = QUEUES,
    runs_at_once: int = RUNS_AT_ONCE,
    runner: WorkflowRunner | None = None,
    interceptors: Sequence[Interceptor] = (),
) -> AsyncIterator[list[Worker]]:
    """Serve these task queues until the block ends, then let what is in flight finish.

    `runs_at_once`: workflow tasks at a time of each queue, at least 2.
    """
    activities = performers(parts)
    courtesy: dict[str, list[Interceptor]] = {
        names.RUNS: [Courtesy(parts.room, yields=False)],
        names.BULK: [Courtesy(parts.room, yields=True)],
    }
    async with AsyncExitStack() as stack:
        workers = []
        for queue in queues:
            worker = Worker(
                parts.temporal.client,
                task_queue=queue,
                workflows=WORKFLOWS if queue != names.SENDS else [],
                activities=activities,
                workflow_runner=runner or UnsandboxedWorkflowRunner(),
                interceptors=[*interceptors, *courtesy.get(queue, [])],
                workflow_failure_exception_types=[EngineError],
                max_concurrent_workflow_tasks=runs_at_once,
                workflow_task_poller_behavior=polling(runs_at_once),
                activity_task_poller_behavior=PollerBehaviorAutoscaling(),
                max_concurrent_activities=FAN_OUTS_AT_ONCE if queue == names.BULK else None,
                max_cached_workflows=CACHED_RUNS if queue != names.SENDS else 0,
                sticky_queue_schedule_to_start_timeout=STICKY,
                graceful_shutdown_timeout=GRACE,
            )
            workers.append(await stack.enter_async_context(worker))
        try:
            yield workers
        finally:
            # All at once: one that is not told yet would take new work while another finishes its own.
            await asyncio.gather(*(worker.shutdown() for worker in workers))
