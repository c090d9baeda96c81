"""Published workflow versions, parsed once a process: they never change (D28)."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cachetools import LRUCache

from activities.published import Published
from models.database import Connection
from models.sealing import Sealer
from models.tables.resources import find_version
from workflows_engine.definition import WorkflowDefinition


@dataclass(frozen=True)
class Version:
    """A version as a performer uses it."""

    id: UUID
    key: str
    definition: WorkflowDefinition
    plan: dict[str, Any]
    partials: dict[str, str]
    """By key, the ids of the partial versions it was published with (E-TEMPLATE-24)."""
    text: str = ""
    """What its author wrote, as one text: what it does not mention need not be read for it."""

    def mentions(self, words: str) -> bool:
        return words in self.text


class Versions:
    """The bounded cache; asks the database for what it does not hold. `sealer` opens secrets beside it."""

    def __init__(self, sealer: Sealer, size: int = 1_000) -> None:
        self.sealer = sealer
        self._kept: LRUCache[UUID, Version] = LRUCache(size)
        self.published = Published()

    async def get(self, connection: Connection, environment_id: UUID, version_id: UUID) -> Version:
        """The version with this id; raises LookupError for none, which only a damaged database has."""
        kept = self._kept.get(version_id)
        if kept is not None:
            return kept
        row = await find_version(connection, environment_id, version_id)
        if row is None:
            raise LookupError(f"workflow version {version_id} is not in environment {environment_id}")
        version = Version(
            id=version_id,
            key=row["key"],
            definition=WorkflowDefinition.model_validate(row["content"]),
            plan=row["compiled"]["plan"],
            partials=row["compiled"].get("partials", {}),
            text=json.dumps(row["content"]),
        )
        self._kept[version_id] = version
        return version
