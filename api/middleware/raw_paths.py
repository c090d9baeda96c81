"""Routing on the path as it was sent, so that `%2F` stays part of an id."""

from starlette.types import ASGIApp, Receive, Scope, Send


class RawPaths:
    """Servers decode the path before routing, and `/v1/users/a%2Fb` would name another endpoint."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            raw_path = scope.get("raw_path")
            if raw_path and b"%" in raw_path:
                scope = {**scope, "path": raw_path.decode("latin-1")}
        await self.app(scope, receive, send)
