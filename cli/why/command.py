"""`tocsin why RUN|MESSAGE`: why something was sent, or was not."""

from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

import typer

from cli.errors import CommandError
from cli.management import DEFAULT_URL, Management, Refused, Url, manage, segment, told
from cli.why.sentences import Line, because, moment, sentence
from models.values.development import SECRET_KEY
from models.values.refs import USERS

RUNS = "/v1/workflow_recipient_runs"
Key = Annotated[
    str, typer.Option("--key", envvar="KNOCK_API_KEY", metavar="KEY", help="A secret key of its environment.")
]
MOST = 50

Run = dict[str, Any]


def why(
    about: Annotated[str | None, typer.Argument(metavar="RUN|MESSAGE", help="The id of either.")] = None,
    workflow: Annotated[str | None, typer.Option(metavar="KEY", help="Runs of this workflow …")] = None,
    recipient: Annotated[
        str | None, typer.Option(metavar="ID", help="… for this user, or object as collection/id.")
    ] = None,
    last: Annotated[int, typer.Option(min=1, max=MOST, help="How many of them, the newest first.")] = 1,
    url: Url = DEFAULT_URL,
    key: Key = SECRET_KEY,
) -> None:
    """Tell in words why something was sent, or was not: what each step did and what it looked at."""
    with told("tocsin why"):
        if (about is None) == (workflow is None or recipient is None):
            raise CommandError("name a run or a message, or both --workflow and --recipient")

        async def look(api: Management) -> list[Run]:
            if about is not None:
                return [await _run(api, await _run_id(api, about))]
            return await _runs(api, str(workflow), str(recipient), last)

        runs = manage(url, key, look)
    if not runs:
        typer.echo(
            f"{workflow} has never run for {recipient}: nobody triggered it for them, or it was refused."
        )
    for number, run in enumerate(runs):
        typer.echo(("\n" if number else "") + "\n".join(account(run)))


async def _run_id(api: Management, about: str) -> str:
    """A run's own id, or that of the run that made a message."""
    try:
        return str(UUID(about))
    except ValueError:
        message = await _found(api, f"/v1/messages/{segment(about)}", f"message {about}")
    run_id = message["source"].get("workflow_recipient_run_id")
    if run_id is None:
        raise CommandError(f"message {about} was not made by a workflow's run")
    return str(run_id)


async def _run(api: Management, run_id: str) -> Run:
    return await _found(api, f"{RUNS}/{run_id}", f"recipient run {run_id}")


async def _runs(api: Management, workflow: str, recipient: str, last: int) -> list[Run]:
    collection, slash, own = recipient.rpartition("/")
    asked = {"workflow": workflow, "page_size": str(last)}
    if slash and collection != USERS:
        asked |= {"recipient[collection]": collection, "recipient[id]": own}
    else:
        asked |= {"recipient": own}
    found = await api.get(RUNS, asked)
    return [await _run(api, run["id"]) for run in found["items"]]


async def _found(api: Management, path: str, what: str) -> dict[str, Any]:
    try:
        return await api.get(path)
    except Refused as refused:
        if refused.status == 404:
            raise CommandError(
                f"there is no {what} in this environment; is --key that of another?"
            ) from refused
        raise


def account(run: Run) -> Iterator[str]:
    """One run in lines: who and why, then what each step did, and what it looked at."""
    yield f"{run['workflow']} for {_named(run['recipient'])}: {run['status']}{_errors(run)}"
    source = run["trigger_source"]
    by = str(source["type"]).replace("_", " ")
    actor = f" by {_named(run['actor'])}" if run.get("actor") else ""
    tenant = f", tenant {run['tenant']}" if run.get("tenant") else ""
    key = f", cancellation key {source['cancellation_key']}" if source.get("cancellation_key") else ""
    yield f"  {moment(run['inserted_at'])}  triggered ({by}){actor}{tenant}{key}; run {run['id']}"
    for event in run["events"]:
        line = line_of(event)
        yield f"  {moment(event['inserted_at'])}  {sentence(line)}"
        yield from (f"{' ' * 29}· {reason}" for reason in because(line))
    if run["status"] == "queued":
        yield "  It has not begun yet: a worker takes it up as soon as one is free."


def line_of(event: dict[str, Any]) -> Line:
    data = event.get("data") or {}
    return Line(event["event"], event.get("step_ref"), event["status"], event["attempt"], data)


def _named(reference: Any) -> str:
    return reference if isinstance(reference, str) else f"{reference['collection']}/{reference['id']}"


def _errors(run: Run) -> str:
    count = run["error_count"]
    return f", with {count} {'error' if count == 1 else 'errors'}" if count else ""
