import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.embedded.temporal import EmbeddedTemporal
from cli.errors import CommandError
from cli.instance import Instance
from cli.progress import Progress
from cli.settings import read_settings
from tests.cli.instances import SmallInstance, small_instance, soon
from tests.cli.small_instance import PARTS


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[SmallInstance]:
    with small_instance(tmp_path / "home") as instance:
        yield instance


def refusal(instance: SmallInstance) -> str:
    with pytest.raises(CommandError) as refused:
        Instance(read_settings(instance.arguments()), PARTS, Progress()).run()
    return str(refused.value)


def test_nothing_survives_a_kill_of_up_nor_a_ctrl_c_and_the_state_does(instance: SmallInstance) -> None:
    process = instance.start_and_await()
    assert len(instance.processes()) >= 6
    secret = (instance.home / "secret.key").read_text()
    process.kill()
    process.communicate()
    assert soon(lambda: instance.processes() == [])

    process = instance.start_and_await()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)

    assert (process.returncode, errors) == (0, "")
    assert instance.processes() == []
    assert (instance.home / "secret.key").read_text() == secret


def test_a_dead_child_is_named_with_its_log_and_stops_the_rest(
    instance: SmallInstance, tmp_path: Path
) -> None:
    temporal = EmbeddedTemporal(tmp_path / "temporal", 0, None)
    temporal.start()
    elsewhere = ["--database-url", "postgresql://elsewhere", "--temporal-address", temporal.address]
    process = instance.start_and_await(*elsewhere)

    (instance.home / "die").touch()
    _, errors = process.communicate(timeout=30)
    temporal.stop()

    assert process.returncode == 1
    assert "worker ended by itself (exit code 7)" in errors
    assert "the worker has no more coffee" in errors
    assert str(instance.home / "logs" / "worker.log") in errors
    assert instance.processes() == []


def test_a_port_in_use_is_named_with_its_flag_before_anything_starts(instance: SmallInstance) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        instance.ports["mailbox"] = port
        told = refusal(instance)

    assert f"port {port} is in use by another program" in told
    assert "--mailbox-port / TOCSIN_MAILBOX_PORT" in told
    assert not (instance.home / "logs").exists()


def test_one_port_given_twice_is_refused(instance: SmallInstance) -> None:
    instance.ports["smtp"] = instance.ports["api"]
    assert "is given twice: --api-port and --smtp-port" in refusal(instance)


def test_a_project_folder_that_is_not_there_is_refused(instance: SmallInstance) -> None:
    instance.project = "/nowhere/at/all"
    assert "the project folder /nowhere/at/all is not there" in refusal(instance)


def test_a_refused_project_is_a_warning_and_everything_stays_up(
    instance: SmallInstance, tmp_path: Path
) -> None:
    project = tmp_path / "my project"
    project.mkdir()
    (project / "refused").touch()
    instance.project = str(project)

    process = instance.start_and_await("--knock-service-token", "st_mine")
    assert "Nothing was published with st_mine" in instance.said
    assert f"tocsin push '{project}' --url http://127.0.0.1:{instance.ports['api']}" in instance.said
    assert len(instance.processes()) >= 6
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)

    assert (process.returncode, errors) == (0, "")
