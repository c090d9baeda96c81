"""The messages of the development mailbox: one file each, the newest thousand, over restarts."""

from pathlib import Path

from cli.mailbox.messages import ReceivedMessage

KEPT = 1_000


class MessageStore:
    """Messages in a folder of which this process is the only writer, newest first."""

    def __init__(self, folder: Path, kept: int = KEPT) -> None:
        self._folder = folder
        self._kept = kept
        folder.mkdir(parents=True, exist_ok=True)
        files = sorted(folder.glob("*.json"), reverse=True)
        self._messages = [ReceivedMessage.model_validate_json(file.read_bytes()) for file in files[:kept]]
        for old in files[kept:]:
            old.unlink()

    def add(self, message: ReceivedMessage) -> None:
        """Keep a message: on return it survives a kill of this process; the oldest beyond the bound goes."""
        unfinished = self._file(message).with_suffix(".unfinished")
        unfinished.write_text(message.model_dump_json(by_alias=True))
        unfinished.replace(self._file(message))
        self._messages.insert(0, message)
        for old in self._messages[self._kept :]:
            self._file(old).unlink(missing_ok=True)
        del self._messages[self._kept :]

    def newest(self, limit: int = KEPT) -> list[ReceivedMessage]:
        """At most so many messages, newest first."""
        return self._messages[:limit]

    def find(self, message_id: str) -> ReceivedMessage | None:
        return next((message for message in self._messages if message.id == message_id), None)

    def clear(self) -> None:
        """Forget every message."""
        for message in self._messages:
            self._file(message).unlink(missing_ok=True)
        self._messages.clear()

    def _file(self, message: ReceivedMessage) -> Path:
        return self._folder / f"{message.id}.json"
