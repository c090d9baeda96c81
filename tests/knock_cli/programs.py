"""Knock's own CLI as a person runs it: in a folder, with a configuration of its own, at a terminal too."""

import asyncio
import json
import os
import pty
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.eventually import PATIENCE_SECONDS

PACKAGES = Path(__file__).parent / "node_modules"
PROGRAM = PACKAGES / "@knocklabs" / "cli" / "bin" / "run"


@dataclass(frozen=True)
class Said:
    """How a command ended, and everything that it wrote."""

    code: int
    text: str

    def __contains__(self, words: str) -> bool:
        return words in self.words

    @property
    def words(self) -> str:
        """All of it in one line, without the mark that errors have at the left of each line."""
        return " ".join(self.text.replace("\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}", " ").split())

    @property
    def json(self) -> Any:
        """What a command with --json says."""
        return json.loads(self.text[self.text.index("{") :])


class KnockCli:
    """The CLI against one API; `folder` is where its commands run."""

    def __init__(self, folder: Path, home: Path, url: str, token: str) -> None:
        self.folder = folder
        configuration = home / "knock" / "config.json"
        configuration.parent.mkdir(parents=True, exist_ok=True)
        configuration.write_text(json.dumps({"apiOrigin": url, "serviceToken": token}))
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home),
            "NO_COLOR": "1",
        }

    async def __call__(self, *words: str) -> Said:
        """Run to the end; fails the test when the CLI does."""
        said = await self.tried(*words)
        assert said.code == 0, said.text
        return said

    async def refused(self, *words: str) -> Said:
        """Run to the end; fails the test when the CLI does not."""
        said = await self.tried(*words)
        assert said.code != 0, said.text
        return said

    async def tried(self, *words: str) -> Said:
        child = await asyncio.create_subprocess_exec(
            "node",
            str(PROGRAM),
            *words,
            cwd=self.folder,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        written, _ = await asyncio.wait_for(child.communicate(), PATIENCE_SECONDS)
        return Said(child.returncode or 0, written.decode())

    async def at_a_terminal(self, *words: str, answers: str) -> Said:
        """Run with a terminal on which `answers` is typed as soon as something is asked."""
        ours, theirs = pty.openpty()
        child = await asyncio.create_subprocess_exec(
            "node",
            str(PROGRAM),
            *words,
            cwd=self.folder,
            env={**self._environment, "TERM": "xterm"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        written = await asyncio.wait_for(asyncio.to_thread(_converse, ours, answers), PATIENCE_SECONDS)
        return Said(await child.wait(), written)


def _converse(terminal: int, answers: str) -> str:
    """Everything that was shown until the program ended; types when the question mark stands there."""
    shown, left = b"", answers.encode()
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux says so when the other end is closed
            break
        if not piece:
            break
        shown += piece
        if left and b"?" in shown:
            os.write(terminal, left)
            left = b""
    os.close(terminal)
    return shown.decode(errors="replace")
