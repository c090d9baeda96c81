import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from psycopg.rows import DictRow
from temporalio import activity, bridge, workflow
from temporalio.client import Client
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.testing import ActivityEnvironment
from temporalio.worker import Worker

from activities.performs import performs
from activities.reconciling.items import each
from activities.reconciling.rounds import make_round
from cli.embedded.ports import free_port
from cli.embedded.temporal import EmbeddedTemporal
from dispatch.figures import serving
from dispatch.looking import count_running
from dispatch.temporal import Temporal
from models.tables.reconciliations import count_runs, note_round
from models.values.differences import Difference
from tests.architecture.sources import ROOT
from tests.builders import delay_step, in_app_step
from tests.builders import workflow as built
from tests.environments import TestEnvironment
from tests.eventually import PATIENCE_SECONDS
from tests.monitoring import asked_for, rules
from tests.runs import NOON, write_run
from tests.virtual_time import VirtualTime
from worker.figures import set_figures
from workflows_engine import effects
from workflows_engine.effects.maintenance import ReconcileAnswer, ReconcileAsk

OF_THE_API = "tocsin_api_"
"""What only an API serves; its own test looks at it."""
OPERATING = (ROOT / "docs" / "operating.md").read_text()
BOUND = re.compile(r"(temporal_\w+_bucket)\b.*> (\d+)", re.DOTALL)
"""A histogram of Temporal's that an alert asks for, and the milliseconds above which it wakes somebody."""


class Away:
    """A performer whose Postgres does not answer."""

    @performs(effects.reconcile)
    async def reconcile(self, ask: ReconcileAsk) -> ReconcileAnswer:
        raise ConnectionError(f"nobody answers at {ask.now}")


async def exported(
    virtual: VirtualTime, temporal: Temporal, environment: TestEnvironment, address: str
) -> str:
    """What a worker's page of metrics says after a round that healed, one row left out, and a failure."""
    config = PrometheusConfig(bind_address=address)
    runtime = Runtime(telemetry=TelemetryConfig(metrics=config))  # kept: it serves while it lives
    meter = runtime.metric_meter
    doing = ActivityEnvironment()
    doing.metric_meter = meter
    place: DictRow = {"id": environment.id, "slug": environment.slug}
    await doing.run(make_round, virtual.database, virtual.temporal, place, NOON.replace(hour=13))
    await virtual.idle(environment)
    await doing.run(each, [{"id": 1}], _unrepairable)
    with pytest.raises(ConnectionError):
        await doing.run(Away().reconcile, ReconcileAsk(now=NOON))
    # The server of virtual time lists nothing; the whole one does, and has none of these runs.
    running = await count_running(temporal, environment.slug)
    async with virtual.database.connection() as connection:
        await count_runs(connection, environment.id, NOON, running)
    await set_figures(virtual.database, meter)
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:
        return (await http.get(f"http://{address}/metrics")).text


async def _unrepairable(row: DictRow) -> Difference | None:
    raise LookupError(row["id"])


async def test_every_metric_of_ours_that_is_looked_at_is_exported_and_every_one_is_described(
    virtual: VirtualTime, temporal: Temporal, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "welcome", built(delay_step(), in_app_step()))
    await write_run(virtual.database, environment, "welcome")

    page = await exported(virtual, temporal, environment, f"127.0.0.1:{free_port()}")

    served = set(re.findall(r"^(tocsin_\w+?)(?:\{| )", page, re.MULTILINE))
    asked = {name for name in asked_for("tocsin_") if not name.startswith(OF_THE_API)}
    assert asked - served == set()
    assert {name for name in served if f"`{name}" not in OPERATING} == set()
    ours = [line for line in page.splitlines() if f'environment="{environment.slug}"' in line]
    said = {line.partition("{")[0]: float(line.rpartition(" ")[2]) for line in ours if "kind=" not in line}
    assert (said["tocsin_accepted_runs"], said["tocsin_open_runs"], said["tocsin_finished_runs"]) == (1, 1, 0)
    assert any('kind="runs_restarted"' in line and line.endswith(" 1") for line in ours)


@pytest.mark.parametrize("name", sorted(asked_for("temporal_")))
def test_every_metric_of_temporal_that_is_looked_at_is_known_to_its_sdk(name: str) -> None:
    (library,) = Path(bridge.__path__[0]).glob("temporal_sdk_bridge*")
    known = name.removeprefix("temporal_").removesuffix("_bucket")
    assert known.encode() in library.read_bytes()


async def test_of_a_deleted_environment_and_of_what_is_not_known_no_figure_stays_as_it_was(
    virtual: VirtualTime, temporal: Temporal, environment: TestEnvironment
) -> None:
    address = f"127.0.0.1:{free_port()}"
    runtime = serving(address)
    assert runtime is not None

    async def told(running: int | None, rounds_at: datetime) -> tuple[str, str]:
        """The time of the last round, and the runs that Temporal counts."""
        async with virtual.database.connection() as connection:
            await note_round(connection, environment.id, rounds_at, {})
            await count_runs(connection, environment.id, rounds_at, running)
        await set_figures(virtual.database, runtime.metric_meter)
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:
            page = (await http.get(f"http://{address}/metrics")).text
        mine = [line for line in page.splitlines() if f'environment="{environment.slug}"' in line]
        (at,) = [line.split()[-1] for line in mine if line.startswith("tocsin_reconciler_last_round")]
        (seen,) = [line.split()[-1] for line in mine if line.startswith("tocsin_running_in_temporal")]
        return at, seen

    before = await told(3, NOON)
    async with virtual.database.connection() as connection:
        await connection.execute(
            "UPDATE environments SET deleted_at = now() WHERE id = %s", (environment.id,)
        )
    after = await told(None, NOON + timedelta(seconds=10))

    assert (before[1], after[1]) == ("3", "NaN")
    assert float(after[0]) == float(before[0]) + 10


@workflow.defn(sandboxed=False)
class Errand:
    """Waits for a worker twice: for its own task and for an activity's."""

    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(go, start_to_close_timeout=timedelta(seconds=PATIENCE_SECONDS))


@activity.defn
async def go() -> None:
    """Nothing: that it waited is what counts."""


async def test_alerts_of_how_long_temporal_s_work_waits_ask_for_a_bound_of_its_histograms(
    temporal_server: EmbeddedTemporal,
) -> None:
    # Between two bounds Prometheus draws a line, which says nothing where one is ten times the other.
    address = f"127.0.0.1:{free_port()}"
    client = await Client.connect(temporal_server.address, runtime=serving(address))
    async with Worker(client, task_queue="errands", workflows=[Errand], activities=[go]):
        await client.execute_workflow(Errand.run, id="an-errand", task_queue="errands")
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:
            page = (await http.get(f"http://{address}/metrics")).text

    asked = [found for rule in rules() for found in BOUND.findall(rule["expr"])]
    served = {(name, float(bound)) for name, bound in re.findall(r'^(\w+)\{.*le="(\d+)"', page, re.MULTILINE)}
    assert len(asked) == 3
    assert {(name, float(bound)) for name, bound in asked} <= served


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_every_alert_says_how_urgent_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"]["summary"]
    assert f"`{rule['alert']}`" in OPERATING
