"""The development mailbox as one process: SMTP in, page and JSON out, both on loopback."""

from pathlib import Path

import uvicorn

from cli.embedded.ports import LOOPBACK
from cli.mailbox.page import create_page
from cli.mailbox.smtp import listen
from cli.mailbox.store import MessageStore


async def serve_mailbox(folder: Path, smtp_port: int, page_port: int) -> None:
    """Serve until SIGINT or SIGTERM; the messages stay in `folder`."""
    store = MessageStore(folder)
    smtp = await listen(store, LOOPBACK, smtp_port)
    config = uvicorn.Config(
        create_page(store),
        host=LOOPBACK,
        port=page_port,
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    async with smtp:
        await uvicorn.Server(config).serve()
