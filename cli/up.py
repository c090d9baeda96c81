"""`tocsin up`: everything on this machine, with one command."""

import tempfile
import traceback
from pathlib import Path
from typing import NoReturn

import typer

from cli.errors import CommandError

# The flags, and the help, are those of UpSettings.
UP_CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True}


def up(context: typer.Context) -> None:
    """Start Postgres, Temporal, API, worker and mailbox on this machine; Ctrl-C stops them."""
    # Imported here: the container image has no embedded servers, and the other commands start faster.
    from cli.instance import Instance
    from cli.parts import PARTS
    from cli.progress import Progress
    from cli.settings import read_settings

    try:
        Instance(read_settings(context.args), PARTS, Progress()).run()
    except CommandError as error:
        _fail(str(error))
    except Exception as error:
        log = Path(tempfile.gettempdir()) / "tocsin-up.log"
        log.write_text(traceback.format_exc())
        _fail(f"something went wrong that should not ({error!r}); the details are in {log}")


def _fail(message: str) -> NoReturn:
    typer.secho(f"tocsin up: {message}", fg="red", err=True)
    raise typer.Exit(1)
