"""What `tocsin up` tells the person in front of it: steps with their durations, then one table."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.settings import UpSettings
from models.values.development import PUBLIC_KEY, SECRET_KEY, SERVICE_TOKEN


class _Terminal(Console):
    def on_broken_pipe(self) -> None:
        # A closed terminal must not keep the children from being stopped.
        self.quiet = True


class Progress:
    """Lines on a terminal; they are never the reason why something fails."""

    def __init__(self) -> None:
        self._console = _Terminal(highlight=False)

    @contextmanager
    def step(self, doing: str) -> Iterator[None]:
        """Show that this is being done, and, once it is, how long it took."""
        started = time.monotonic()
        with self._console.status(f"{doing} …"):
            yield
        self.say(Text.assemble(("✓ ", "green"), f"{doing} ", (f"{time.monotonic() - started:.1f} s", "dim")))

    def say(self, line: Text | str) -> None:
        with suppress(OSError):
            self._console.print(line, soft_wrap=True)

    def warn(self, message: str) -> None:
        """Something is not as wished, and nothing ends because of it."""
        self.say(Text.assemble(("warning: ", "yellow"), message))

    def show_instance(self, settings: UpSettings) -> None:
        """Everything a newcomer needs next: addresses, keys, and a trigger to paste."""
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(style="bold", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ignore")
        for name, value in _rows(settings):
            table.add_row(name, value)
        with suppress(OSError):
            self._console.print()
            self._console.print(table, soft_wrap=True)
            self._console.print()
            self._console.print(_trigger(settings), soft_wrap=True, markup=False)
            self._console.print()
            self._console.print(
                "Ctrl-C stops everything; what happened is kept for the next start.", style="dim"
            )


def _rows(settings: UpSettings) -> list[tuple[str, str]]:
    rows = [
        ("Look here first", f"{settings.api_url}/demo"),
        ("API", settings.api_url),
        ("API docs", f"{settings.api_url}/docs"),
        ("Temporal UI", settings.temporal_ui),
        ("Mailbox", settings.mailbox_url),
        ("Secret key", SECRET_KEY),
        ("Public key", PUBLIC_KEY),
        ("Service token", SERVICE_TOKEN),
        ("State", f"{settings.home.absolute()}"),
    ]
    return [row for row in rows if row[1]]


def _trigger(settings: UpSettings) -> str:
    ada = '{"id": "ada", "name": "Ada", "email": "ada@example.com"}'
    grace = '{"id": "grace", "name": "Grace"}'
    data = '{"page_id": "p1", "page_name": "Launch plan", "comment_body": "Looks good!"}'
    return f"""\
Trigger a workflow, with curl:

  curl -X POST {settings.api_url}/v1/workflows/new-comment/trigger \\
    -H 'Authorization: Bearer {SECRET_KEY}' -H 'Content-Type: application/json' \\
    -d '{{"recipients": [{ada}],
         "actor": {grace},
         "data": {data}}}'

or with Knock's Python SDK (pip install knockapi):

  from knockapi import Knock

  knock = Knock(api_key="{SECRET_KEY}", base_url="{settings.api_url}")
  knock.workflows.trigger(
      "new-comment",
      recipients=[{ada}],
      actor={grace},
      data={data},
  )"""
