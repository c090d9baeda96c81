"""A database for one simulation, with a project published into its development environment."""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn

from cli.embedded.ports import LOOPBACK, free_port
from cli.embedded.postgres import EmbeddedPostgres
from cli.errors import CommandError
from cli.push import push
from cli.seeding import seed_development
from models.migrations import upgrade
from models.values.development import SERVICE_TOKEN

OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Nothing in it matters when the power fails."""
NO_MAILBOX = 9
"""The discard port: a simulation sends no mail."""
PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Throwaway:
    """Where the database is, and the master secret it is sealed under."""

    url: str
    secret_key: str


@contextmanager
def throwaway_database(project: Path) -> Iterator[Throwaway]:
    """A Postgres of its own, gone afterwards; raises CommandError, as a push of the project does."""
    with TemporaryDirectory(prefix="tocsin-simulate-") as folder:
        server = EmbeddedPostgres(Path(folder), 0, options=OPTIONS)
        try:
            server.start()
            made = Throwaway(server.url, secrets.token_urlsafe(32))
            upgrade(made.url)
            seed_development(made.url, made.secret_key, NO_MAILBOX, set())
            with _serving(made) as url:
                push(project, url, SERVICE_TOKEN)
            yield made
        finally:
            server.remove()


@contextmanager
def _serving(made: Throwaway) -> Iterator[str]:
    """The API on a loopback port, for as long as a push takes."""
    # Imported here: no other command waits for the API's modules.
    from api.app import create_app
    from api.settings import ApiSettings

    settings = ApiSettings(database_url=made.url, secret_key=made.secret_key, is_development=True)
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(create_app(settings), host=LOOPBACK, port=port, log_level="warning", access_log=False)
    )
    thread = threading.Thread(target=server.run, name="api")
    thread.start()
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise CommandError("the API that the project is published through did not start")
            time.sleep(0.01)
        yield f"http://{LOOPBACK}:{port}"
    finally:
        server.should_exit = True
        thread.join()
