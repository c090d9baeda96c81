"""Counts every request, where the API serves metrics."""

from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.figures import REFUSALS, RequestFigures

METHODS = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
UNMATCHED = "unmatched"
"""The route of what no route takes: whoever tries paths must not make a series of each."""
CUT_OFF = 499
"""The status of a request whose caller went away before there was an answer."""


class Counting:
    """Outermost, so that it sees every answer; routes and refusals note themselves in the scope."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = perf_counter(), CUT_OFF

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_watched)
        finally:
            _count(scope, status, perf_counter() - started)


def _count(scope: Scope, status: int, seconds: float) -> None:
    figures: RequestFigures = scope["app"].state.figures
    method = scope["method"] if scope["method"] in METHODS else "OTHER"
    figures.count(getattr(scope.get("route"), "path_format", UNMATCHED), method, status, seconds)
    refusal = scope.get("state", {}).get("refusal")
    if status in REFUSALS and refusal is not None:
        figures.refuse(status, refusal)
