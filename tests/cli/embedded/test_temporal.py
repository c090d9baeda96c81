import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cli.embedded.ports import free_port
from cli.embedded.temporal import EmbeddedTemporal, TemporalTuning, find_temporal
from cli.errors import CommandError
from tests.cli.instances import soon
from workflows_engine.names import SEARCH_ATTRIBUTES


@pytest.fixture(scope="module")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedTemporal]:
    temporal = EmbeddedTemporal(
        tmp_path_factory.mktemp("temporal"), 0, None, TemporalTuning(namespace="tests", retention_days=7)
    )
    temporal.start()
    yield temporal
    temporal.stop()


def operator(temporal: EmbeddedTemporal, *words: str) -> str:
    at = ["--address", temporal.address, "--namespace", temporal.namespace]
    return subprocess.run(
        [find_temporal(), "operator", *words, *at], check=True, capture_output=True, text=True
    ).stdout


def test_closed_runs_stay_for_the_days_we_set(temporal: EmbeddedTemporal) -> None:
    described = json.loads(operator(temporal, "namespace", "describe", "-o", "json"))
    assert described["config"]["workflowExecutionRetentionTtl"] == f"{7 * 86400}s"


def test_every_search_attribute_is_registered_also_one_that_a_release_adds(
    temporal: EmbeddedTemporal,
) -> None:
    operator(temporal, "search-attribute", "remove", "--name", "TocsinTenant", "--yes")

    temporal.stop()
    temporal.start()

    listed = dict(
        line.split()[:2] for line in operator(temporal, "search-attribute", "list").splitlines()[1:]
    )
    assert {name: listed.get(name) for name in SEARCH_ATTRIBUTES} == SEARCH_ATTRIBUTES


def test_a_server_that_a_dead_owner_left_is_ended_and_replaced(temporal: EmbeddedTemporal) -> None:
    left = temporal.pid
    heir = EmbeddedTemporal(temporal.home, temporal.port, None)
    heir.start()

    assert soon(lambda: temporal.exit_code() is not None)
    assert heir.pid != left
    os.kill(heir.pid, signal.SIGKILL)
    assert soon(lambda: heir.exit_code() is not None)
    temporal.start()


def test_a_port_in_use_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        temporal = EmbeddedTemporal(tmp_path, free_port(), taken.getsockname()[1])
        with pytest.raises(CommandError, match=r"--temporal-ui-port / TOCSIN_TEMPORAL_UI_PORT"):
            temporal.start()
        assert temporal.exit_code() is None


def test_a_broken_state_file_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "temporal.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(CommandError, match="tocsin up --reset") as refused:
        EmbeddedTemporal(tmp_path, 0, None).start()
    assert str(tmp_path / "temporal.db") in str(refused.value)


def test_a_queue_has_one_partition_only_where_the_state_was_made_so(tmp_path: Path) -> None:
    # An older release wrote to four: what lies in the others must still be read.
    def partitions() -> set[str]:
        temporal = EmbeddedTemporal(tmp_path, 0, None)
        temporal.start()
        told = psutil.Process(temporal.pid).cmdline()
        temporal.stop()
        return {word for word in told if "Partitions" in word}

    one = {"matching.numTaskqueueReadPartitions=1", "matching.numTaskqueueWritePartitions=1"}
    assert [partitions(), partitions()] == [one, one]
    (tmp_path / "one-partition").unlink()
    assert partitions() == set()
