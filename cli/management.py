"""The management API of a running Tocsin, as every command that is a thin client of it sees it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import typer

from cli.errors import CommandError
from models.values.development import SERVICE_TOKEN
from outbound.client import HttpClient, build_client
from outbound.exchange import Failure, Method, Request, perform

_EVERYWHERE = ["0.0.0.0/0", "::/0"]
"""The person at the keyboard names the instance; it may be anywhere."""
_PATIENCE_SECONDS = 60
_ANSWER_BYTES = 100_000_000
_PAGE = "100"

Body = Mapping[str, Any]
Query = Mapping[str, str | Sequence[str] | None]
Answer = TypeVar("Answer")

Url = Annotated[str, typer.Option("--url", envvar="TOCSIN_URL", metavar="URL", help="The running instance.")]
"""An option of every command that talks to an instance; its default is DEFAULT_URL."""
Token = Annotated[
    str, typer.Option("--token", envvar="KNOCK_SERVICE_TOKEN", metavar="TOKEN", help="A service token of it.")
]
"""Beside `Url`; its default is DEFAULT_TOKEN."""
DEFAULT_URL = "http://127.0.0.1:8000"
DEFAULT_TOKEN = SERVICE_TOKEN


@dataclass(frozen=True)
class Fault:
    """One mistake that the API names: where in the request, and what is wrong there.

    `resource` is the type and key of what it is about, where the request holds several.
    """

    field: str
    message: str
    resource: tuple[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class Refused(CommandError):
    """The API answered something else than 2xx; says each mistake as `field: message`."""

    def __init__(self, status: int, message: str, faults: Sequence[Fault]) -> None:
        told = "\n".join(f"  {fault}" for fault in faults)
        super().__init__(f"refused ({status}):\n{told}" if told else f"{message} ({status})")
        self.status = status
        self.message = message
        self.faults = list(faults) or [Fault("", message)]
        """Never empty."""


class Management:
    """Calls with a service token. Every method answers the JSON of a 2xx.

    In a query, None leaves the parameter out and a list repeats it. No environment is added: name it where
    the operation has one.

    Raises:
        Refused: the API answered 4xx or 5xx.
        CommandError: nothing answers, the token is refused, or what answers is no Tocsin.
    """

    def __init__(self, http: HttpClient, url: str, token: str) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._token = token.strip()
        if not self._token:
            raise CommandError("the service token is empty; set KNOCK_SERVICE_TOKEN")

    async def get(self, path: str, query: Query | None = None) -> dict[str, Any]:
        return await self._call("GET", path, query, None)

    async def put(self, path: str, body: Body | None = None, query: Query | None = None) -> dict[str, Any]:
        return await self._call("PUT", path, query, body or {})

    async def post(self, path: str, body: Body | None = None, query: Query | None = None) -> dict[str, Any]:
        return await self._call("POST", path, query, body or {})

    async def delete(self, path: str, query: Query | None = None) -> dict[str, Any]:
        return await self._call("DELETE", path, query, None)

    async def entries(self, path: str, query: Query | None = None) -> AsyncIterator[dict[str, Any]]:
        """Every entry of a listing, page after page."""
        after: str | None = None
        while True:
            page = await self.get(path, {"limit": _PAGE, **(query or {}), "after": after})
            for entry in page["entries"]:
                yield entry
            after = page.get("page_info", {}).get("after")
            if not after:
                return

    async def _call(
        self, method: Method, path: str, query: Query | None, body: Body | None
    ) -> dict[str, Any]:
        request = Request(
            method=method,
            url=f"{self._url}{path}",
            headers={"authorization": f"Bearer {self._token}", "content-type": "application/json"},
            query=tuple(_pairs(query or {})),
            body=None if body is None else json.dumps(body).encode(),
        )
        answer = await perform(
            self._http, request, deadline_seconds=_PATIENCE_SECONDS, max_bytes=_ANSWER_BYTES
        )
        if isinstance(answer, Failure):
            raise CommandError(
                f"{self._url} does not answer ({answer.detail}). Start it with `make up`, or set TOCSIN_URL."
            )
        if answer.status in (401, 403):
            raise CommandError(f"{self._url} refuses the service token; set KNOCK_SERVICE_TOKEN.")
        said = _json(answer.body)
        if not isinstance(said, dict):
            raise CommandError(f"{self._url} is no Tocsin: it answers {answer.status} without JSON.")
        if answer.status >= 300:
            raise _refusal(answer.status, said)
        return said


def manage(url: str, token: str, job: Callable[[Management], Awaitable[Answer]]) -> Answer:
    """Run `job` with the API at `url`; raises what `Management` raises."""

    async def run() -> Answer:
        async with build_client(_EVERYWHERE) as http:
            return await job(Management(http, url, token))

    return asyncio.run(run())


@contextmanager
def told(command: str) -> Iterator[None]:
    """A CommandError becomes a red paragraph on stderr that begins with `command`, and exit status 1."""
    try:
        yield
    except CommandError as error:
        typer.secho(f"{command}: {error}", fg="red", err=True)
        raise typer.Exit(1) from error


def segment(value: str) -> str:
    """A key or id as one segment of a path."""
    return quote(value, safe="")


def _pairs(query: Query) -> Iterator[tuple[str, str]]:
    for name, value in query.items():
        if isinstance(value, str):
            yield name, value
        elif value is not None:
            yield from ((name, item) for item in value)


def _json(body: bytes) -> Any:
    """What a body says; an empty one (204) says `{}`, and None stands for what is no JSON."""
    try:
        return json.loads(body or b"{}")
    except ValueError:
        return None


def _refusal(status: int, said: dict[str, Any]) -> Refused:
    return Refused(
        status, said.get("message", f"status {status}"), [_fault(one) for one in said.get("errors") or []]
    )


def _fault(error: dict[str, Any]) -> Fault:
    about = error.get("resource")
    resource = (about["type"], about["key"]) if isinstance(about, dict) else None
    return Fault(error.get("field", ""), error.get("message", ""), resource)
