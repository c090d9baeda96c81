"""Bulk operations as the API shows them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from psycopg.rows import DictRow
from pydantic import Field

from api.schemas.resource import Moment, Resource

MOST_ROWS = 1000
"""Of one bulk call (E-LIMITS 36)."""


class BulkOperation(Resource):
    """Every row of the call is counted, as a success or as an error."""

    typename: str = Field("BulkOperation", alias="__typename")
    id: UUID
    name: str
    status: str
    progress_path: str
    estimated_total_rows: int
    processed_rows: int
    success_count: int
    error_count: int
    error_items: list[dict[str, Any]]
    inserted_at: Moment
    updated_at: Moment
    started_at: Moment | None
    completed_at: Moment | None
    failed_at: Moment | None


class Progress:
    """Shows operations with the URL at which this caller reaches them."""

    def __init__(self, request: Request) -> None:
        public_url = request.app.state.settings.public_url
        self._base = (public_url or str(request.base_url)).rstrip("/")

    def shown(self, row: DictRow) -> BulkOperation:
        path = f"{self._base}/v1/bulk_operations/{row['id']}"
        values = {name: row[name] for name in BulkOperation.model_fields if name in row}
        return BulkOperation(**values, progress_path=path)


BulkProgress = Annotated[Progress, Depends(Progress)]
