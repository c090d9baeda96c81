"""The reading side of the development mailbox: a page for people, JSON for programs."""

from pathlib import Path

import psycopg
from psycopg_pool import PoolTimeout
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from cli.mailbox.everything import Everything
from cli.mailbox.messages import ReceivedMessage
from cli.mailbox.store import KEPT

_STATIC = Path(__file__).with_name("static")
_PUBLIC = {"id", "channel_type", "sender", "to", "subject", "text", "html", "received_at"}
_DETAILS = {*_PUBLIC, "headers", "attachments", "content", "origin"}
_PREVIEW_CHARACTERS = 120

# A shown mail may load its pictures, as in a mail program; its frame inherits everything else.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src * data:; font-src * data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
_LOOPBACK_ORIGINS = r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?"


def create_page(everything: Everything) -> Starlette:
    """GET / (the page), GET and DELETE /api/messages, GET /api/messages/{id}."""

    async def page(request: Request) -> Response:
        return _file("mailbox.html")

    async def static(request: Request) -> Response:
        return _file(request.url.path.removeprefix("/"))

    async def messages(request: Request) -> Response:
        """Newest first; `limit` bounds how many, `channel_type` which, `brief` leaves the bodies out."""
        given = request.query_params
        limit = given.get("limit", "")
        shown = await everything.newest(
            min(int(limit), KEPT) if limit.isdecimal() else KEPT, given.get("channel_type") or None
        )
        told = _brief if "brief" in given else _whole
        return JSONResponse([told(one) for one in shown])

    async def clear(request: Request) -> Response:
        everything.clear()
        return Response(status_code=204)

    async def message(request: Request) -> Response:
        found = await everything.find(request.path_params["message_id"])
        if found is None:
            return JSONResponse({"message": "no such message"}, status_code=404)
        return JSONResponse(_json(found, _DETAILS))

    async def without_database(request: Request, error: Exception) -> Response:
        return JSONResponse({"message": "the database does not answer"}, status_code=503)

    # Development pages on other ports of this machine show the mails too; pages of the internet do not.
    cors = Middleware(CORSMiddleware, allow_origin_regex=_LOOPBACK_ORIGINS, allow_methods=["GET", "DELETE"])
    return Starlette(
        routes=[
            Route("/", page),
            Route("/mailbox.css", static),
            Route("/mailbox.js", static),
            Route("/shapes.js", static),
            Route("/api/messages", messages, methods=["GET"]),
            Route("/api/messages", clear, methods=["DELETE"]),
            Route("/api/messages/{message_id}", message, methods=["GET"]),
        ],
        middleware=[cors],
        exception_handlers={psycopg.OperationalError: without_database, PoolTimeout: without_database},
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


def _whole(message: ReceivedMessage) -> dict[str, object]:
    return _json(message, _PUBLIC)


def _brief(message: ReceivedMessage) -> dict[str, object]:
    """Without its bodies, but with the first words where there is no subject."""
    brief = _json(message, _PUBLIC - {"text", "html"})
    return brief | {"subject": message.subject or " ".join(message.text[:_PREVIEW_CHARACTERS].split())}
