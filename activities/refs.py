"""What conditions and templates may know of a run's earlier steps (E-COND-22, E-WAITEVENT-11)."""

from typing import Any

from activities.standing import Standing
from models.database import Connection


async def refs_of(connection: Connection, standing: Standing) -> dict[str, Any]:
    """By step ref, for workflows that ask; nothing is read for others."""
    return {}
