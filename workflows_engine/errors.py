"""Errors that fail a run.

EngineError   the one exception listed in `workflow_failure_exception_types`; every other exception leaves
              the workflow task retrying until a fixed worker comes (D26)
  PlanMismatch   a plan of an unknown format, or a position it does not have
"""

ROW_MISSING = "RowMissing"
"""The type of the failure of an effect whose run has no row: Postgres was restored to before its trigger."""


class EngineError(Exception):
    """The run cannot go on and no retry will help."""


class PlanMismatch(EngineError):
    """The plan was compiled by a release this worker does not know."""
