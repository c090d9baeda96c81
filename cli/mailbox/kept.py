"""Messages of development that are kept as rows, read for the mailbox; nothing is ever written there."""

from datetime import UTC, datetime
from pathlib import Path

from cli.mailbox.messages import ReceivedMessage
from cli.mailbox.rendered import read
from models.database import Database
from models.queries.mailbox import find_development, find_kept, list_kept


class KeptMessages:
    """What development's sinks and in-app channels hold. Deleting all hides what came before."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._cleared = folder / "cleared"

    async def newest(self, limit: int, channel_type: str | None = None) -> list[ReceivedMessage]:
        """At most so many, newest first."""
        async with self._database.connection() as connection:
            development = await find_development(connection)
            if development is None:
                return []
            rows = await list_kept(connection, development, limit, channel_type, self._cleared_at())
        return [read(row) for row in rows]

    async def find(self, message_id: str) -> ReceivedMessage | None:
        async with self._database.connection() as connection:
            development = await find_development(connection)
            row = None if development is None else await find_kept(connection, development, message_id)
        return None if row is None else read(row)

    def clear(self) -> None:
        """Show only what comes from now on; the rows are the instance's own and stay."""
        self._cleared.write_text(datetime.now(UTC).isoformat())

    def _cleared_at(self) -> datetime | None:
        try:
            return datetime.fromisoformat(self._cleared.read_text())
        except FileNotFoundError:
            return None
