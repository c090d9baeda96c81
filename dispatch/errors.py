"""Why a trigger or cancel was not accepted.

NotAccepted
  WorkflowMissing       no published workflow with this key in the environment
  WorkflowInactive      it is switched off
  ActorMissing          the actor is an id that was never identified
  DataMismatch          the data does not follow the workflow's schema
  IdempotencyMismatch   the key was used with other parameters
  Unavailable           Temporal or Postgres is away; nothing is lost, the caller may try again
  Backlogged            what was accepted before waits too long already
"""

LONGEST_RETRY_AFTER_SECONDS = 30
"""Knock's SDKs do not heed more than a minute."""


class NotAccepted(Exception):
    """Nothing was enqueued; the message tells the caller what to do, and may quote what they sent.

    `kind` quotes nothing, for Temporal's history and the worker's own log (D23).
    """

    kind = "it was not accepted"


class WorkflowMissing(NotAccepted):
    kind = "the workflow is not published"

    def __init__(self, workflow_key: str) -> None:
        super().__init__(
            f'no workflow "{workflow_key}" is published in this environment; check its key or commit it'
        )


class WorkflowInactive(NotAccepted):
    kind = "the workflow is inactive"

    def __init__(self, workflow_key: str) -> None:
        super().__init__(f'the workflow "{workflow_key}" is inactive in this environment; activate it first')


class ActorMissing(NotAccepted):
    kind = "the actor is unknown"

    def __init__(self, actor_id: str) -> None:
        super().__init__(
            f'the actor "{actor_id}" is unknown; identify the user first, or give the actor as an object'
        )


class DataMismatch(NotAccepted):
    """`mistakes` are pairs of a path in `data` and what is wrong there."""

    kind = "the data does not follow its schema"

    def __init__(self, mistakes: list[tuple[str, str]]) -> None:
        told = "; ".join(f"{path}: {message}" for path, message in mistakes)
        super().__init__(f"the data does not follow the workflow's trigger_data_json_schema. {told}")
        self.mistakes = mistakes


class IdempotencyMismatch(NotAccepted):
    kind = "the idempotency key was used otherwise"

    def __init__(self) -> None:
        super().__init__("this Idempotency-Key was used with other parameters; a new request needs a new key")


class Unavailable(NotAccepted):
    """Retry with the same Idempotency-Key resumes where this stopped (D5); `reason` is for metrics."""

    reason = "temporal"

    def __init__(self, message: str, *, reason: str = "temporal") -> None:
        super().__init__(message)
        self.reason = reason


class Backlogged(NotAccepted):
    """More would only wait behind what was accepted: runs that begin now had waited for `waited_seconds`."""

    kind = "what was accepted before waits for workers"

    def __init__(self, waited_seconds: float) -> None:
        super().__init__(
            f"what was triggered before waits for {waited_seconds:.0f} s until it begins; "
            "send this again after Retry-After"
        )
        self.waited_seconds = waited_seconds
        self.retry_after_seconds = min(max(round(waited_seconds / 2), 1), LONGEST_RETRY_AFTER_SECONDS)
