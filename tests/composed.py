"""The services of `docker-compose.yml` as local processes, by its commands, variables, order and checks."""

import asyncio
import json
import os
import re
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cli.embedded.ports import LOOPBACK, free_port
from cli.embedded.temporal import find_temporal
from tests.eventually import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[1]
OWN = ("migrate", "api", "worker")
"""The services that run our image."""
PLAYED = (*OWN, "temporal-namespace")
"""And the one whose script needs nothing but a shell and the `temporal` program."""
STOOD_IN = ("postgres", "temporal")
"""Of other people's images: the embedded servers take their place."""

_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?:(:-|:\?)([^}]*))?\}|(.?))")
_ENV_LINE = re.compile(r"^ENV (.+)$", re.MULTILINE)


class Unset(Exception):
    """A variable that the file demands was not given."""


def interpolated(node: Any, given: Mapping[str, str]) -> Any:
    """What `docker compose` makes of the file's strings before it looks at them.

    Raises:
        Unset: a variable of the form `${NAME:?why}` is not given, or empty.
    """
    if isinstance(node, dict):
        return {key: interpolated(value, given) for key, value in node.items()}
    if isinstance(node, list):
        return [interpolated(value, given) for value in node]
    return _VARIABLE.sub(lambda match: _filled_in(match, given), node) if isinstance(node, str) else node


def _filled_in(match: re.Match[str], given: Mapping[str, str]) -> str:
    dollar, name, sign, word, other = match.groups()
    if dollar:
        return "$"
    if name is None:
        raise ValueError(f"compose would not take ${other}")
    value = given.get(name, "")
    if value or sign is None:
        return value
    if sign == ":?":
        raise Unset(f"{name}: {word}")
    return str(word)


def read_services(given: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Every service of the file, filled in with what its operator set."""
    parsed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    services: dict[str, dict[str, Any]] = interpolated(parsed["services"], given)
    return services


def dynamic_config() -> dict[str, str]:
    """What the file's Temporal reads at the path that it is told, each value as the command line has it."""
    parsed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    server = parsed["services"]["temporal"]
    (mount,) = server["configs"]
    assert mount["target"] == server["environment"]["DYNAMIC_CONFIG_FILE_PATH"]
    read = yaml.safe_load(parsed["configs"][mount["source"]]["content"])
    found = {}
    for key, values in read.items():
        (only,) = values
        assert set(only) == {"value"}, f"{key} is not for everybody"
        found[key] = json.dumps(only["value"])
    return found


def image_environment() -> dict[str, str]:
    """What our image's last stage sets, with this environment's programs in the place of its own."""
    stage = (ROOT / "Dockerfile").read_text().rsplit("\nFROM ", 1)[1]
    words = [word for line in _ENV_LINE.findall(stage) for word in line.split()]
    found = dict(word.split("=", 1) for word in words)
    programs = f"{Path(sys.executable).parent}:{find_temporal().parent}"
    found["PATH"] = found["PATH"].replace("/opt/tocsin/bin", programs).replace("$PATH", os.defpath)
    return found


@dataclass(frozen=True)
class Ended:
    """A command that ran to its end."""

    code: int
    stdout: str
    stderr: str


@dataclass
class Composed:
    """One `docker compose up` without containers.

    `hosts` says where the stand-ins listen: `postgres:5432` and `temporal:7233` to host:port. What services
    would listen on in networks of their own, they listen on at loopback, each port on a free one.
    """

    folder: Path
    given: Mapping[str, str]
    hosts: Mapping[str, str]
    services: dict[str, dict[str, Any]] = field(init=False)
    running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    """What has ended well or is healthy, in this order."""
    _ports: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.services = read_services(self.given)

    def port(self, name: str, written: str) -> int:
        """Where this service listens in the place of the port that is written in the file."""
        return self._ports.setdefault((name, written), free_port())

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port('api', '8000')}"

    def environment(self, name: str) -> dict[str, str]:
        """Of the image and of the file, and of nobody else."""
        image = image_environment() if name in OWN else {"PATH": image_environment()["PATH"]}
        written = {key: self._moved(name, value) for key, value in self.services[name]["environment"].items()}
        return {"HOME": str(self.folder / "nobody"), **image, **written}

    def _moved(self, name: str, text: str) -> str:
        for there, here in self.hosts.items():
            text = re.sub(rf"(?<![\w-]){there}\b", here, text)
        for written in ("8000", "9464"):
            text = re.sub(rf"(?<![\w-]){written}\b", lambda port: str(self.port(name, port[0])), text)
        return text.replace("0.0.0.0", LOOPBACK)

    async def up(self) -> None:
        """Everything that is played, until it has ended well or is healthy."""
        for name in PLAYED:
            await self._bring(name)

    async def _bring(self, name: str) -> None:
        """First what it depends on, as far as the file's condition says."""
        if name in (*STOOD_IN, *self.done):
            return
        for needed, how in self.services[name]["depends_on"].items():
            is_to_end = how["condition"] == "service_completed_successfully"
            assert is_to_end != ("healthcheck" in self.services[needed]), f"{name} cannot wait for {needed}"
            await self._bring(needed)
        if "healthcheck" in self.services[name]:
            await self.start(name)
            await self.until_well(name)
        else:
            await self.run_to_its_end(name)
        self.done.append(name)

    async def start(self, name: str) -> None:
        """Start a service that lives on; it may not be well yet."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = await asyncio.create_subprocess_exec(
                *self.command(name), env=self.environment(name), cwd=self.folder, stdout=log, stderr=log
            )

    def command(self, name: str) -> list[str]:
        service = self.services[name]
        return [*service.get("entrypoint", []), *service["command"]]

    async def run(self, name: str, argv: list[str]) -> Ended:
        """`docker compose run --rm` of another command in a service's place."""
        return await run(argv, self.environment(name), self.folder)

    async def run_to_its_end(self, name: str) -> None:
        """A one-shot service, started again as often as its `restart` says."""
        tries = 1 + int(self.services[name]["restart"].removeprefix("on-failure:"))
        for _ in range(tries):
            ended = await self.run(name, self.command(name))
            if ended.code == 0:
                return
        raise AssertionError(f"{name} ended with {ended.code} {tries} times: {ended.stderr}")

    async def until_well(self, name: str, patience: float = 2 * PATIENCE_SECONDS) -> None:
        """Its health check, again and again; fails with its log when it ends, or is not well in time."""
        deadline = time.monotonic() + patience
        while not await self.is_well(name):
            code = self.running[name].returncode
            assert code is None, f"{name} ended with {code}: {self.log(name)}"
            assert time.monotonic() < deadline, f"{name} is not well: {self.log(name)}"
            await asyncio.sleep(0.3)

    async def is_well(self, name: str) -> bool:
        """The service's own health check as it is written, once; too late an answer is none."""
        check = self.services[name]["healthcheck"]
        kind, *argv = check["test"]
        assert kind == "CMD", check
        moved = [self._moved(name, word) for word in argv]
        try:
            checked = await run(moved, self.environment(name), self.folder, seconds(check["timeout"]))
        except TimeoutError:
            return False
        return checked.code == 0

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    async def stop(self, name: str) -> int:
        """`docker compose stop`: SIGTERM; its exit code, which is that of a kill once its grace is over."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(process.wait(), seconds(self.services[name]["stop_grace_period"]))
        except TimeoutError:
            process.kill()
            return await process.wait()

    async def kill(self) -> None:
        """End what still runs at once."""
        for process in self.running.values():
            process.kill()
            await process.wait()

    async def down(self) -> dict[str, int]:
        """Stop everything, what depends on others first; the exit codes."""
        return {name: await self.stop(name) for name in reversed(list(self.running))}


async def run(
    argv: list[str], environment: Mapping[str, str], folder: Path, patience: float = 2 * PATIENCE_SECONDS
) -> Ended:
    """A command to its end, with this environment alone; raises TimeoutError, and then it is killed."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        env=environment,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        stdout, stderr = await asyncio.wait_for(process.communicate(), patience)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode is not None
    return Ended(process.returncode, stdout.decode(), stderr.decode())


def seconds(written: str) -> int:
    """A duration of the file; ours are all in seconds."""
    match = re.fullmatch(r"(\d+)s", written)
    assert match is not None, written
    return int(match[1])
