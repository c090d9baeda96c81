"""`tocsin simulate DIR`: what a workflow would send over days, told in seconds."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import CommandError
from cli.management import told
from cli.push import read

START = "2035-01-01T09:00:00Z"
NOWHERE = "http://127.0.0.1"
"""Stands for the instance in settings while the project is only looked at."""


def simulate_command(  # noqa: PLR0913 - each is an option of the command line
    directory: Annotated[Path, typer.Argument(help="A project folder, as `tocsin push` takes it.")],
    workflow: Annotated[str, typer.Option(metavar="KEY", help="The workflow that events mean by default.")],
    events: Annotated[Path, typer.Option(metavar="FILE", help="What happens, as JSON (docs/simulate.md).")],
    duration: Annotated[str, typer.Option("--for", metavar="SPAN", help="How long, e.g. 36h or 7d.")] = "7d",
    start: Annotated[
        str, typer.Option("--from", metavar="TIME", help="When it begins; it lies ahead.")
    ] = START,
    fetch: Annotated[bool, typer.Option("--fetch", help="Let fetch steps really ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The entries as JSON, alike in every run.")] = False,
) -> None:
    """Run the real engine in skipped time; messages are recorded, and nothing is sent.

    Needs no running instance: it makes a database of its own and throws it away.
    """
    with told("tocsin simulate"):
        begins, lasts = _start(start), _span(duration)
        from simulation.scenario import ScenarioMistake, read_events

        try:
            happening = read_events(events, begins, begins + lasts)
        except ScenarioMistake as mistake:
            raise CommandError(str(mistake)) from mistake
        _check_workflow(directory, workflow)
        from cli.test_server import ensure_test_server

        ensure_test_server()
        # Imported here: nobody waits for the engine's modules to be told of a mistake.
        from cli.throwaway import throwaway_database
        from cli.timelines import as_text
        from simulation.clock import StillBusy
        from simulation.simulate import Restless, Simulation, simulate

        simulation = Simulation(workflow, happening, begins, lasts, fetches=fetch)
        try:
            typer.echo(f"Simulating {workflow} of {directory} for {duration} …", err=True)
            with throwaway_database(directory) as made:
                played = asyncio.run(simulate(simulation, made.url, made.secret_key))
        except (StillBusy, Restless, LookupError) as error:
            raise CommandError(str(error)) from error
    if as_json:
        typer.echo(json.dumps(played.to_json(), indent=2, ensure_ascii=False))
    else:
        typer.echo(as_text(simulation, played))


def _check_workflow(directory: Path, key: str) -> None:
    from models.values.content import ContentType

    project = read(directory, NOWHERE)
    keys = sorted(one.key for one in project.resources if one.type is ContentType.WORKFLOW)
    if key not in keys:
        raise CommandError(f"{directory} holds no workflow {key!r}; it holds {', '.join(keys) or 'none'}")


def _start(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--from {text!r} is no ISO time, e.g. {START}") from error
    moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    if moment <= datetime.now(UTC):
        raise CommandError(f"--from {text} is past: skipped time only goes forward")
    return moment


def _span(text: str) -> timedelta:
    from simulation.scenario import read_span

    try:
        return read_span(text)
    except ValueError as error:
        raise CommandError(f"--for: {error}") from error
