"""`tocsin why RUN|MESSAGE`: why something was sent, or was not."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from cli.errors import CommandError
from cli.management import DEFAULT_URL, Management, Refused, Url, manage, segment, told
from cli.why.heirs import heir_of, went_on
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

        async def look(api: Management) -> list[str]:
            if about is not None:
                return [await _account(api, await _run_id(api, about))]
            return await _latest(api, str(workflow), str(recipient), last)

        paragraphs = manage(url, key, look)
    typer.echo("\n\n".join(paragraphs))


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


async def _account(api: Management, run_id: str) -> str:
    run = await _run(api, run_id)
    lines = [*account(run)]
    heir = await heir_of(run, lambda other: _run(api, other))
    if heir is not None:
        lines.append(f"  {went_on(heir)}")
    return "\n".join(lines)


async def _run(api: Management, run_id: str) -> Run:
    return await _found(api, f"{RUNS}/{run_id}", f"recipient run {run_id}")


async def _latest(api: Management, workflow: str, recipient: str, last: int) -> list[str]:
    """The latest runs, and occurrences of schedules that were passed over since."""
    collection, slash, own = recipient.rpartition("/")
    is_object = bool(slash) and collection != USERS
    asked = {"workflow": workflow, "page_size": str(last)}
    if is_object:
        asked |= {"recipient[collection]": collection, "recipient[id]": own}
    else:
        asked |= {"recipient": own}
    runs = (await api.get(RUNS, asked))["items"]
    told = [await _account(api, run["id"]) for run in runs]
    begins = datetime.fromisoformat(runs[0]["inserted_at"]) if runs else None
    path = f"/v1/objects/{segment(collection)}" if is_object else "/v1/users"
    schedules = await _schedules(api, f"{path}/{segment(own)}/schedules", workflow)
    passed_over = [*passed_over_since(schedules, begins)]
    if not told and not passed_over:
        return [f"{workflow} has never run for {recipient}: nobody triggered it for them, or it was refused."]
    return [*told, *passed_over]


async def _schedules(api: Management, path: str, workflow: str) -> list[dict[str, Any]]:
    found = await api.get(path, {"workflow": workflow, "page_size": str(MOST)})
    return list(found["entries"])


def passed_over_since(schedules: list[dict[str, Any]], begins: datetime | None) -> Iterator[str]:
    """What schedules should have run after the last run began, and did not (E-SCHED-12)."""
    for one in schedules:
        at = one.get("tocsin_skipped_at")
        if at is not None and (begins is None or datetime.fromisoformat(at) > begins):
            yield (
                f"{one['workflow']} did not run at {moment(at)}, when its schedule {one['id']} was due: "
                f"{one['tocsin_skip_reason']}"
            )


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
