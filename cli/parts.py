"""The parts of a real instance: our own processes, and what prepares the database for them."""

import sys

from cli.instance import Parts
from cli.processes import Command
from cli.push import push
from cli.seeding import seed_development
from cli.settings import UpSettings
from models.migrations import upgrade


def commands(settings: UpSettings) -> list[Command]:
    """Our own processes in the order they start."""
    # -P: a folder named `api` where the person stands must not be run instead of ours.
    python = [sys.executable, "-P", "-m"]
    ports = ["--smtp-port", str(settings.smtp_port), "--mailbox-port", str(settings.mailbox_port)]
    mailbox = [*python, "cli", "mailbox", "--home", str(settings.home.absolute()), *ports]
    return [
        Command("mailbox", mailbox),
        Command("api", [*python, "api"]),
        # Longer than the longest send that it may have in hand.
        Command("worker", [*python, "worker"], patience=45.0),
    ]


PARTS = Parts(migrate=upgrade, seed=seed_development, push=push, commands=commands)
