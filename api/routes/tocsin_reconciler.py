"""The reconciler's report for operators, as JSON or as a page."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from api.dependencies import Db, OperatingCaller
from api.errors import NotFound
from api.reconciler_page import page
from api.schemas import tocsin_reconciler as schemas
from models.tables.reconciliations import find_report

router = APIRouter(prefix="/v1/tocsin/reconciler", tags=["Reconciler"])


@router.get("", response_model=schemas.Report)
async def get_report(caller: OperatingCaller, database: Db, request: Request) -> Response:
    """What the last rounds found in the environment; a page where the caller would rather have HTML."""
    async with database.connection() as connection:
        row = await find_report(connection, caller.environment_id)
    if row is None:
        raise NotFound("The reconciler has made no round here yet: does a worker serve the task queue bulk?")
    report = schemas.report(row)
    if _prefers_html(request.headers.get("accept", "")):
        return HTMLResponse(page(report, datetime.now(UTC)))
    return JSONResponse(report.model_dump(mode="json"))


def _prefers_html(accept: str) -> bool:
    weights = {"text/html": 0.0, "application/json": 0.0}
    for place, one in enumerate(accept.split(",")):
        kind, _, parameters = one.partition(";")
        weight = parameters.replace(" ", "").removeprefix("q=") or "1"
        if kind.strip() in weights and weight.replace(".", "", 1).isdecimal():
            # Of two that are equally welcome, the first.
            weights[kind.strip()] = float(weight) - place / 10_000
    return weights["text/html"] > weights["application/json"]
