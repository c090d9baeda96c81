"""`tocsin clock`: sends sleeping runs of a development instance ahead in time."""

from typing import Annotated, Any

import typer

from cli.columns import print_columns
from cli.errors import CommandError
from cli.management import DEFAULT_TOKEN, DEFAULT_URL, Management, Token, Url, manage, told

_COMMAND = "tocsin clock"

_HELP = """The test clock of a development instance.

A run that sleeps three days is sent ahead by three days in a second: it goes on
as if the time had passed. Each run has a clock of its own, which stays ahead.

Examples:

  tocsin clock advance 36h --recipient ada
  tocsin clock advance 1d12h --run 01997e3c-...
  tocsin clock advance 7d --all
"""

clock = typer.Typer(help=_HELP, no_args_is_help=True)


@clock.callback()
def _clock() -> None:
    """Keeps `advance` a command of its own."""


@clock.command()
def advance(
    by: Annotated[str, typer.Argument(metavar="SPAN", help="How far: 90s, 36h, 1d12h.")],
    recipient: Annotated[
        str | None, typer.Option(metavar="ID", help="A user's id, or collection/id of an object.")
    ] = None,
    run: Annotated[
        str | None, typer.Option(metavar="ID", help="A recipient run, or a trigger's run.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that sleeps.")] = False,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """Let time pass for what sleeps; returns when everything that fell due is done."""
    body = {"by": by, "recipient": _recipient(recipient), "run": run, "all": everything}

    async def job(api: Management) -> dict[str, Any]:
        if [recipient is not None, run is not None, everything].count(True) != 1:
            raise CommandError("say whose clock moves: --recipient ID, --run ID or --all")
        return await api.post("/v1/tocsin/clock/advance", body)

    with told(_COMMAND):
        moved = manage(url, token, job)["moved"]
    if not moved:
        typer.echo("nothing slept")
        return
    print_columns(
        [(one["kind"], one["id"], one["now"]) for one in moved], headings=("what", "id", "its time now")
    )


def _recipient(given: str | None) -> str | dict[str, str] | None:
    if given is None or "/" not in given:
        return given
    collection, _, object_id = given.partition("/")
    return {"collection": collection, "id": object_id}
