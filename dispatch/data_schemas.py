"""The data schemas of workflows, compiled once a process: versions never change (D28)."""

import asyncio
from typing import Any
from uuid import UUID

from cachetools import LRUCache

from dispatch.errors import DataMismatch
from models.database import Connection
from models.tables.resources import find_data_schema
from workflows_engine.json_schemas import Check, checker

_CHECKS: LRUCache[UUID, Check | None] = LRUCache(1_000)
"""By version; None for one without a schema, so that it is not asked for again."""


async def check_data(
    connection: Connection, environment_id: UUID, version_id: UUID, data: dict[str, Any]
) -> None:
    """Hold a trigger's shared data against the schema of the version to run (E-TRIGGER-7).

    Raises DataMismatch, which says where.
    """
    if version_id in _CHECKS:
        check = _CHECKS[version_id]
    else:
        schema = await find_data_schema(connection, environment_id, version_id)
        check = _CHECKS[version_id] = checker(schema) if schema else None
    if check is None:
        return
    # Ten megabytes take a while; other callers do not wait for it.
    violations = await asyncio.to_thread(check, data)
    if violations:
        raise DataMismatch([(one.path, one.message) for one in violations])
