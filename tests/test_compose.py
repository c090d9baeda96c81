"""The compose file and the image fit the code: commands, ports, variables, search attributes, grace."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from api.settings import ApiSettings
from cli.embedded.temporal import _DYNAMIC_CONFIG
from cli.main import app
from models.values import development
from tests.architecture.test_documentation import variables_of
from tests.composed import dynamic_config
from worker.assembly import GRACE
from worker.settings import WorkerSettings
from workflows_engine.names import SEARCH_ATTRIBUTES

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"

OWN = ("migrate", "api", "worker")
"""The services that run our image."""
SETTINGS_OF = {
    "migrate": {"DATABASE_URL"} | variables_of(ApiSettings),
    "api": variables_of(ApiSettings),
    "worker": variables_of(WorkerSettings),
}
NOT_HERE = {
    "api": {"TOCSIN_DEVELOPMENT", "TOCSIN_MAILBOX_URL"},
    "worker": {"TOCSIN_WORKFLOW_SANDBOX"},
}
"""Settings for development, not for an instance that serves."""
ITS_OWN = {
    "api": {"DATABASE_URL", "TOCSIN_API_HOST", "TOCSIN_API_PORT", "TOCSIN_API_METRICS_ADDRESS"},
    "worker": {"DATABASE_URL", "TOCSIN_METRICS_ADDRESS"},
}
"""Where Postgres is and what listens where, which are the file's own."""
TEMPORAL_OWN = {"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE"}
"""Read by temporalio.envconfig, as in every Temporal tool."""
OPENTELEMETRY_OWN = {"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"}
"""Read by OpenTelemetry's SDK, likewise."""
SHARED_BY_ALL = {"TOCSIN_SECRET_KEY", "TOCSIN_FORMER_SECRET_KEYS", "TOCSIN_PAYLOAD_KEYS"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    found: dict[str, Any] = parsed["services"]
    return found


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (word, rest) with continued lines joined."""
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    return [(line[0], line[1]) for line in lines]


def seconds(text: str) -> int:
    match = re.fullmatch(r"(\d+)s", text)
    assert match is not None, text
    return int(match[1])


def test_the_file_is_valid_compose() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    checked = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", COMPOSE], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("name", OWN)
def test_each_command_exists(services: dict[str, Any], name: str) -> None:
    program, *words = services[name]["command"]
    assert program == "tocsin"
    command: Any = get_command(app)
    for word in words:
        command = command.commands[word]
    assert callable(command.callback)


@pytest.mark.parametrize("name", OWN)
def test_each_variable_is_read(services: dict[str, Any], name: str) -> None:
    given = set(services[name]["environment"])
    assert given <= SETTINGS_OF[name] | TEMPORAL_OWN | OPENTELEMETRY_OWN
    assert {"DATABASE_URL"} | SHARED_BY_ALL <= given


@pytest.mark.parametrize("name", ["api", "worker"])
def test_each_variable_is_handed_on(services: dict[str, Any], name: str) -> None:
    given = services[name]["environment"]
    handed_on = {variable for variable, value in given.items() if value.startswith(f"${{{variable}:")}
    assert SETTINGS_OF[name] - handed_on == NOT_HERE[name] | ITS_OWN[name]


def test_each_port_is_the_one_that_is_set(services: dict[str, Any]) -> None:
    api = services["api"]
    assert api["environment"]["TOCSIN_API_PORT"] == str(ApiSettings.model_fields["port"].default)
    assert [port.rsplit(":", 1)[1] for port in api["ports"]] == [api["environment"]["TOCSIN_API_PORT"]]
    assert f":{api['environment']['TOCSIN_API_PORT']}/healthz" in api["healthcheck"]["test"][-1]
    metrics = services["worker"]["environment"]["TOCSIN_METRICS_ADDRESS"].rsplit(":", 1)[1]
    assert f":{metrics}/metrics" in services["worker"]["healthcheck"]["test"][-1]


def test_what_everyone_may_reach_is_only_this_machine_s(services: dict[str, Any]) -> None:
    published = [port for one in services.values() for port in one.get("ports", [])]
    assert published
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_secrets_are_demanded_and_never_given(services: dict[str, Any]) -> None:
    for name in OWN:
        environment = services[name]["environment"]
        assert environment["TOCSIN_SECRET_KEY"].startswith("${TOCSIN_SECRET_KEY:?")
        assert "${POSTGRES_PASSWORD:?" in environment["DATABASE_URL"]
    assert development.SECRET_KEY not in COMPOSE.read_text()


def test_the_search_attributes_are_ours(services: dict[str, Any]) -> None:
    script = services["temporal-namespace"]["command"][0]
    created = dict(re.findall(r"search-attribute create --name (\w+) --type (\w+)", script))
    assert created == SEARCH_ATTRIBUTES
    assert "namespace update --retention 168h" in script


def test_temporal_is_as_fair_as_the_embedded_one() -> None:
    assert dynamic_config()["matching.enableFairness"] == _DYNAMIC_CONFIG["matching.enableFairness"]


def test_temporal_is_told_nothing_that_the_embedded_one_is_not() -> None:
    assert dynamic_config().items() <= _DYNAMIC_CONFIG.items()


def test_a_worker_may_finish_before_it_is_killed(services: dict[str, Any]) -> None:
    assert seconds(services["worker"]["stop_grace_period"]) > GRACE.total_seconds()


@pytest.mark.parametrize("name", ["postgres", "temporal", "mailbox", "api", "worker"])
def test_what_lives_on_says_whether_it_is_well(services: dict[str, Any], name: str) -> None:
    assert services[name]["healthcheck"]["test"]
    assert services[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", OWN)
def test_our_processes_wait_for_what_they_need(services: dict[str, Any], name: str) -> None:
    needed = services[name]["depends_on"]
    assert set(needed) <= set(services)
    if name != "migrate":
        assert needed["migrate"]["condition"] == "service_completed_successfully"
        assert needed["temporal-namespace"]["condition"] == "service_completed_successfully"


def test_the_data_outlives_its_container(services: dict[str, Any]) -> None:
    named = yaml.safe_load(COMPOSE.read_text())["volumes"]
    assert [mount.split(":")[0] for mount in services["postgres"]["volumes"]] == list(named)


def test_the_image_does_not_run_as_root() -> None:
    user = [rest for word, rest in instructions() if word == "USER"][-1]
    assert user not in ("root", "0")
    assert any(word == "RUN" and f"--uid {user} " in rest for word, rest in instructions())


def test_the_image_copies_every_package_and_the_lock() -> None:
    copied = [rest.split() for word, rest in instructions() if word == "COPY" and "--from" not in rest]
    sources = {source for words in copied for source in words[:-1]}
    wheel = re.search(r"^packages = (\[[^\]]*\])", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert wheel is not None
    packages = set(json.loads(wheel[1]))
    assert packages <= sources
    assert sources - packages == {"requirements/core.txt", "pyproject.toml", "README.md", "LICENSE"}
    assert all((ROOT / source).exists() for source in sources)
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert let_in == sources


def test_the_image_installs_the_lock_with_its_hashes() -> None:
    runs = [shlex.split(rest) for word, rest in instructions() if word == "RUN"]
    assert any("--require-hashes" in words and "requirements/core.txt" in words for words in runs)


@pytest.mark.parametrize("name", OWN)
def test_each_command_gets_as_far_as_its_settings(services: dict[str, Any], name: str) -> None:
    program = Path(sys.executable).with_name("tocsin")
    started = subprocess.run(
        [program, *services[name]["command"][1:]], capture_output=True, text=True, env={"PATH": "/usr/bin"}
    )
    assert started.returncode == 1
    assert "DATABASE_URL" in started.stderr
