"""Development's sinks: they take every message and send none on; the mailbox page shows them."""

from typing import Final

from pydantic import BaseModel

from activities.channels.provider import Receipt
from models.values.providers import SINK_IDS


class Sink(BaseModel):
    """A channel without a vendor: what was rendered is kept as the message's content, and that is all."""

    async def deliver(self, message: object) -> Receipt:
        """Take the message; see `Provider`."""
        return Receipt(outcome="sent", detail="kept for the mailbox page; nothing was sent")


PROVIDERS: Final[dict[str, type[Sink]]] = dict.fromkeys(SINK_IDS, Sink)
"""One for each channel type, by the names that channels give them."""
