"""`tocsin up` with real supervision and small parts: run by the tests as a program of its own.

The worker dies when a file `die` appears in the state folder; the API is ready at once. A project with
a file `refused` is refused, in words that name the token it came with.
"""

import sys
from pathlib import Path

from cli.errors import CommandError
from cli.instance import Instance, Parts
from cli.processes import Command
from cli.progress import Progress
from cli.settings import UpSettings, read_settings

_LISTEN = """
import http.server, sys
http.server.SimpleHTTPRequestHandler.do_GET = lambda self: (self.send_response(200), self.end_headers())
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
_WORK = """
import pathlib, sys, time
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.05)
print("the worker has no more coffee")
sys.exit(7)
"""


def commands(settings: UpSettings) -> list[Command]:
    python = [sys.executable, "-S", "-c"]
    return [
        Command("mailbox", [*python, _LISTEN, str(settings.mailbox_port)]),
        Command("api", [*python, _LISTEN, str(settings.api_port)]),
        Command("worker", [*python, _WORK, str(settings.home.absolute() / "die")]),
    ]


def prepare(*given: object) -> None:
    """Stand for migrating and seeding, which have tests of their own."""


def push(project: Path, url: str, token: str) -> None:
    if (project / "refused").exists():
        raise CommandError(f"Nothing was published with {token}")


PARTS = Parts(migrate=prepare, seed=prepare, push=push, commands=commands)


def main() -> int:
    try:
        Instance(read_settings(sys.argv[1:]), PARTS, Progress()).run()
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
