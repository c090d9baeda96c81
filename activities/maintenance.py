"""Carries cancels to many runs, and reconciles rows with Temporal (D5, D10)."""

from datetime import timedelta

from temporalio import activity

from activities.performs import performs
from activities.reconciling.items import Healed
from activities.reconciling.restored import catch_up, oldest_of
from activities.reconciling.rounds import make_round
from dispatch.cancels import tell_run
from dispatch.temporal import Temporal
from models.database import Database
from models.tables.cancels import find_cancellable
from models.tables.reconciliation import list_environments
from models.tables.reconciliations import count_rounds
from models.values.differences import Difference
from workflows_engine import effects
from workflows_engine.effects.maintenance import (
    CarryCancelAnswer,
    CarryCancelAsk,
    ReconcileAnswer,
    ReconcileAsk,
)

PAGE = 200
_RESTARTED = (Difference.FAN_OUTS_RESTARTED, Difference.RUNS_RESTARTED, Difference.RUNS_RUN_AGAIN)


class Maintenance:
    """Performs `reconcile` and `carry_cancel`."""

    def __init__(self, database: Database, temporal: Temporal, retention: timedelta | None = None) -> None:
        self._database = database
        self._temporal = temporal
        self._retention = retention

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
        await catch_up(self._database, self._temporal, ask.now)
        healed = Healed()
        async with self._database.connection() as connection:
            places = await list_environments(connection)
        for place in places:
            healed += await make_round(
                self._database, self._temporal, place, ask.now, retention=self._retention
            )
        async with self._database.connection() as connection:
            told = _told(healed, await count_rounds(connection))
        return told.model_copy(update={"oldest": oldest_of(places)})


def _told(healed: Healed, rounds: int) -> ReconcileAnswer:
    """The short form that Temporal keeps; the report says more."""
    return ReconcileAnswer(
        retired=healed[Difference.TRIGGERS_WITHDRAWN],
        restarted=sum(healed[kind] for kind in _RESTARTED),
        cancelled=healed[Difference.RUNS_SETTLED],
        signalled=healed[Difference.WAITS_TOLD] + healed[Difference.CANCELS_TOLD],
        windows=healed[Difference.WINDOWS_HANDED_OVER],
        deliveries=healed[Difference.DELIVERIES_RESTARTED],
        schedules=healed[Difference.SCHEDULES_RESTARTED] + healed[Difference.SCHEDULES_MOVED],
        rounds=rounds,
    )
