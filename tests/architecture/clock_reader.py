"""A workflow that breaks the law on purpose: the sandbox must refuse it."""

from datetime import UTC, datetime

from temporalio import workflow

LOADED_AT = datetime.now(UTC)


@workflow.defn
class ClockReaderWorkflow:
    """Read the clock while its module was imported."""

    @workflow.run
    async def run(self) -> str:
        return LOADED_AT.isoformat()
