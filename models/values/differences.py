"""The differences between rows and Temporal that the reconciler heals, by name (D5)."""

from enum import StrEnum


class Difference(StrEnum):
    """One kind, as it is counted in the reconciler's report and in `tocsin_reconciled_total{kind}`."""

    TRIGGERS_WITHDRAWN = "triggers_withdrawn"
    TRIGGERS_ANSWERED_LATE = "triggers_answered_late"
    TRIGGERS_LOST = "triggers_lost"
    FAN_OUTS_RESTARTED = "fan_outs_restarted"
    FAN_OUTS_GIVEN_UP = "fan_outs_given_up"
    RUNS_RESTARTED = "runs_restarted"
    RUNS_SETTLED = "runs_settled"
    RUNS_RUN_AGAIN = "runs_run_again"
    WINDOWS_HANDED_OVER = "windows_handed_over"
    WAITS_TOLD = "waits_told"
    WAITS_ENDED = "waits_ended"
    CANCELS_TOLD = "cancels_told"
    DELIVERIES_RESTARTED = "deliveries_restarted"
    DELIVERIES_GIVEN_UP = "deliveries_given_up"
    DELIVERIES_REMEMBERED = "deliveries_remembered"
    MESSAGES_SENT_AGAIN = "messages_sent_again"
    SCHEDULES_RESTARTED = "schedules_restarted"
    SCHEDULES_MOVED = "schedules_moved"
    LEFT_OUT = "left_out"

    @property
    def sentence(self) -> str:
        """What was found and what was done about it, for people."""
        return _SENTENCES[self]


_SENTENCES = {
    Difference.TRIGGERS_WITHDRAWN: "triggers that were never answered and never started: withdrawn",
    Difference.TRIGGERS_ANSWERED_LATE: "triggers that were never answered but run: accepted after all",
    Difference.TRIGGERS_LOST: "triggers that Temporal knows and Postgres lost: ended, nobody can run them",
    Difference.FAN_OUTS_RESTARTED: "accepted fan-outs whose workflow is gone: started again",
    Difference.FAN_OUTS_GIVEN_UP: "fan-outs that were ended in Temporal: given up, the rest gets no run",
    Difference.RUNS_RESTARTED: "accepted runs whose workflow is gone: started again",
    Difference.RUNS_SETTLED: "open runs whose workflow was terminated, cancelled or failed: ended",
    Difference.RUNS_RUN_AGAIN: "runs that got further in Temporal than Postgres remembers: run again",
    Difference.WINDOWS_HANDED_OVER: "batch windows that lost their owner: given to the next member",
    Difference.WAITS_TOLD: "runs that missed their event or the end of their wait: told to look",
    Difference.WAITS_ENDED: "waits of runs that ended without them: ended",
    Difference.CANCELS_TOLD: "runs that did not hear their cancel: signalled again",
    Difference.DELIVERIES_RESTARTED: "messages that nobody delivers: their delivery started",
    Difference.DELIVERIES_GIVEN_UP: "messages whose delivery was ended in Temporal: undelivered",
    Difference.DELIVERIES_REMEMBERED: "messages that Temporal knows were sent: settled, not sent again",
    Difference.MESSAGES_SENT_AGAIN: "messages that were sent and that Postgres lost: sent a second time",
    Difference.SCHEDULES_RESTARTED: "schedules whose workflow is gone: started again",
    Difference.SCHEDULES_MOVED: "schedules computed in a time zone of before: computed again",
    Difference.LEFT_OUT: "rows that could not be repaired: left for the next round, see the worker's log",
}
