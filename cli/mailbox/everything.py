"""All that the mailbox shows: mails that came by SMTP, and messages of development that are rows."""

from cli.mailbox.kept import KeptMessages
from cli.mailbox.messages import ReceivedMessage
from cli.mailbox.store import KEPT, MessageStore
from models.values.kinds import ChannelType


class Everything:
    """Both kinds as one list; without a database only the mails."""

    def __init__(self, store: MessageStore, kept: KeptMessages | None = None) -> None:
        self._store = store
        self._kept = kept

    async def newest(self, limit: int = KEPT, channel_type: str | None = None) -> list[ReceivedMessage]:
        """At most so many messages (of this type), newest first."""
        mails = self._store.newest(limit) if channel_type in (None, ChannelType.EMAIL) else []
        others = [] if self._kept is None else await self._kept.newest(limit, channel_type)
        return sorted([*mails, *others], key=lambda one: one.received_at, reverse=True)[:limit]

    async def find(self, message_id: str) -> ReceivedMessage | None:
        found = self._store.find(message_id)
        return found if found is not None or self._kept is None else await self._kept.find(message_id)

    def clear(self) -> None:
        """Forget the mails; show only such rows as come from now on."""
        self._store.clear()
        if self._kept is not None:
            self._kept.clear()
