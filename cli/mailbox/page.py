"""The reading side of the development mailbox: a page for people, JSON for programs."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from cli.mailbox.messages import ReceivedMessage
from cli.mailbox.store import KEPT, MessageStore

_STATIC = Path(__file__).with_name("static")
_PUBLIC = {"id", "channel_type", "sender", "to", "subject", "text", "html", "received_at"}

# A shown mail may load its pictures, as in a mail program; its frame inherits everything else.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src * data:; font-src * data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
_LOOPBACK_ORIGINS = r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?"


def create_page(store: MessageStore) -> Starlette:
    """GET / (the page), GET and DELETE /api/messages, GET /api/messages/{id}."""

    async def page(request: Request) -> Response:
        return _file("mailbox.html")

    async def static(request: Request) -> Response:
        return _file(request.url.path.removeprefix("/"))

    async def messages(request: Request) -> Response:
        """Newest first; `limit` bounds how many, `brief` leaves the bodies out."""
        limit = request.query_params.get("limit", "")
        shown = store.newest(int(limit) if limit.isdecimal() else KEPT)
        without = {"text", "html"} if "brief" in request.query_params else set()
        return JSONResponse([_json(message, _PUBLIC - without) for message in shown])

    async def clear(request: Request) -> Response:
        store.clear()
        return Response(status_code=204)

    async def message(request: Request) -> Response:
        found = store.find(request.path_params["message_id"])
        if found is None:
            return JSONResponse({"message": "no such message"}, status_code=404)
        return JSONResponse(_json(found, {*_PUBLIC, "headers", "attachments"}))

    # Development pages on other ports of this machine show the mails too; pages of the internet do not.
    cors = Middleware(CORSMiddleware, allow_origin_regex=_LOOPBACK_ORIGINS, allow_methods=["GET", "DELETE"])
    return Starlette(
        routes=[
            Route("/", page),
            Route("/mailbox.css", static),
            Route("/mailbox.js", static),
            Route("/api/messages", messages, methods=["GET"]),
            Route("/api/messages", clear, methods=["DELETE"]),
            Route("/api/messages/{message_id}", message, methods=["GET"]),
        ],
        middleware=[cors],
    )


def _file(name: str) -> Response:
    headers = {
        "Content-Security-Policy": _POLICY,
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
    }
    return FileResponse(_STATIC / name, headers=headers)


def _json(message: ReceivedMessage, fields: set[str]) -> dict[str, object]:
    return message.model_dump(mode="json", by_alias=True, include=fields)
