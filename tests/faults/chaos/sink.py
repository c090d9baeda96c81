"""A mail sink that writes each mail it took to a file, and hangs while it is told to.

`python -m tests.faults.chaos.sink PORT FILE`: a line for each mail. SIGUSR1 makes it hang: it takes mails and
answers none until SIGUSR2. `date` is what the mail says, `at` when it came.
"""

import asyncio
import json
import signal
import sys
import time
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session


class _Taker:
    """What aiosmtpd calls, by these names."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a")
        self.answers = asyncio.Event()
        self.answers.set()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await self.answers.wait()
        mail = message_from_bytes(envelope.original_content or b"", policy=default)
        told = {"subject": mail["subject"], "to": envelope.rcpt_tos, "date": mail["date"], "at": time.time()}
        self._file.write(json.dumps(told) + "\n")
        self._file.flush()
        return "250 taken"


async def serve(port: int, file: Path) -> None:
    loop = asyncio.get_running_loop()
    taker = _Taker(file)
    loop.add_signal_handler(signal.SIGUSR1, taker.answers.clear)
    loop.add_signal_handler(signal.SIGUSR2, taker.answers.set)

    def protocol() -> SMTP:
        return SMTP(taker, hostname="sink.localhost", enable_SMTPUTF8=True, loop=loop)

    server = await loop.create_server(protocol, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


def numbers(file: Path) -> list[int]:
    """The numbers in the subjects (`n=17`) of all mails, as they came."""
    subjects = [json.loads(line)["subject"] for line in file.read_text().splitlines()]
    return [int(subject.removeprefix("n=")) for subject in subjects]


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
