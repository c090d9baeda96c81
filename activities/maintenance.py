"""Carries cancels to many runs, and reconciles rows with Temporal (D5, D10)."""

from datetime import datetime

from psycopg.rows import DictRow
from temporalio import activity

from activities.performs import performs
from activities.reconciling import cancels, deliveries, runs, schedules, triggers, waits, windows
from dispatch.cancels import tell_run
from dispatch.temporal import Temporal
from models.database import Database
from models.tables.cancels import find_cancellable
from models.tables.reconciliation import list_environments
from workflows_engine import effects
from workflows_engine.effects.maintenance import (
    CarryCancelAnswer,
    CarryCancelAsk,
    ReconcileAnswer,
    ReconcileAsk,
)

PAGE = 200


class Maintenance:
    """Performs `reconcile` and `carry_cancel`."""

    def __init__(self, database: Database, temporal: Temporal) -> None:
        self._database = database
        self._temporal = temporal

    @performs(effects.carry_cancel)
    async def carry_cancel(self, ask: CarryCancelAsk) -> CarryCancelAnswer:
        """Signal every run that the cancel applies to, page by page; hearing it twice does no harm."""
        signalled, after = 0, None
        while True:
            async with self._database.connection() as connection:
                page = await find_cancellable(
                    connection, ask.environment_id, ask.acceptance, limit=PAGE, after=after
                )
            for run in page:
                signalled += await tell_run(self._temporal, run, ask.acceptance)
            activity.heartbeat(signalled)
            if len(page) < PAGE:
                return CarryCancelAnswer(signalled=signalled)
            after = page[-1]["id"]

    @performs(effects.reconcile)
    async def reconcile(self, ask: ReconcileAsk) -> ReconcileAnswer:
        """One round; each part repairs a bounded number of rows and leaves the rest to the next."""
        answer = ReconcileAnswer()
        async with self._database.connection() as connection:
            places = await list_environments(connection)
        for place in places:
            await self._reconcile(place, ask.now, answer)
        return answer

    async def _reconcile(self, place: DictRow, now: datetime, answer: ReconcileAnswer) -> None:
        database, temporal = self._database, self._temporal
        answer.retired += await triggers.retire_unanswered(database, temporal, place, now)
        answer.restarted += await triggers.restart_fan_outs(database, temporal, place, now)
        activity.heartbeat("triggers")
        repaired = await runs.repair(database, temporal, place, now)
        answer.cancelled += repaired.settled
        answer.restarted += repaired.restarted
        activity.heartbeat("runs")
        answer.windows += await windows.hand_over(database, temporal, place, now)
        activity.heartbeat("windows")
        answer.signalled += await waits.tell_again(database, temporal, place, now)
        await waits.forget(database, place, now)
        activity.heartbeat("waits")
        answer.signalled += await cancels.tell_again(database, temporal, place, now)
        answer.deliveries += await deliveries.take_up(database, temporal, place, now)
        answer.schedules += await schedules.keep_up(database, temporal, place, now)
