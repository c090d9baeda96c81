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
                inner = {**scope, "path": raw_path.decode("latin-1")}
                try:
                    await self.app(inner, receive, send)
                finally:
                    # Whoever is outside counts by route.
                    scope["route"] = inner.get("route")
                return
        await self.app(scope, receive, send)
