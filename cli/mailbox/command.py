"""`tocsin mailbox`: the development mail sink as a process of its own."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer


def mailbox(
    home: Annotated[Path, typer.Option(envvar="TOCSIN_HOME", help="State folder.")] = Path(".tocsin"),
    smtp_port: Annotated[
        int, typer.Option(envvar="TOCSIN_SMTP_PORT", help="Port that receives mails.")
    ] = 1025,
    mailbox_port: Annotated[int, typer.Option(envvar="TOCSIN_MAILBOX_PORT", help="Port of the page.")] = 8025,
    database_url: Annotated[
        str | None,
        typer.Option(envvar="DATABASE_URL", help="Where the messages of the other channels are kept."),
    ] = None,
) -> None:
    """Receive every mail sent to this machine's SMTP port, send none on, and show them on a page.

    With a database (as under `tocsin up`) the page also shows what development's other channels hold.
    """
    from cli.database_url import checked
    from cli.mailbox.server import serve_mailbox
    from cli.management import told

    with told("tocsin mailbox"):
        database_url = checked(database_url) if database_url else None
    asyncio.run(serve_mailbox(home / "mailbox", smtp_port, mailbox_port, database_url))
