"""The development mailbox as one process: SMTP in, page and JSON out, both on loopback."""

from pathlib import Path

import uvicorn

from cli.embedded.ports import LOOPBACK
from cli.mailbox.everything import Everything
from cli.mailbox.kept import KeptMessages
from cli.mailbox.page import create_page
from cli.mailbox.smtp import listen
from cli.mailbox.store import MessageStore
from models.database import Database


async def serve_mailbox(
    folder: Path, smtp_port: int, page_port: int, database_url: str | None = None
) -> None:
    """Serve until SIGINT or SIGTERM; the mails stay in `folder`.

    With a database the page also shows what development's sinks and in-app channels hold.
    """
    store = MessageStore(folder)
    database = None if database_url is None else Database(database_url, pool_size=2)
    kept = None if database is None else KeptMessages(database, folder)
    smtp = await listen(store, LOOPBACK, smtp_port)
    config = uvicorn.Config(
        create_page(Everything(store, kept)),
        host=LOOPBACK,
        port=page_port,
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    async with smtp:
        if database is not None:
            await database.open()
        try:
            await uvicorn.Server(config).serve()
        finally:
            if database is not None:
                await database.close()
