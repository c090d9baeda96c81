"""The last resort: an exception that nobody caught becomes an answer, inside of CORS."""

import asyncio
import traceback

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import InternalError, Unavailable
from api.faults import as_api_error

log = structlog.get_logger(__name__)


class FaultBarrier:
    """Answers in Knock's shape for what routes did not mean to raise; our own faults go to the log in full.

    Starlette's own barrier sits outside of CORS: a browser would see a network error and try again thrice.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_answered = False

        async def send_watched(message: Message) -> None:
            nonlocal is_answered
            is_answered = True
            await send(message)

        try:
            await self.app(scope, receive, send_watched)
        except asyncio.CancelledError:
            # The server stops and waits no longer; uvicorn would answer 500 without a word of coming again.
            if not is_answered:
                stopping = Unavailable("The server is stopping; send it again.", reason="stopping")
                scope["state"]["refusal"] = stopping.reason
                await stopping.response()(scope, receive, send)
            raise
        except Exception as error:
            if is_answered:
                raise
            told = as_api_error(error, scope["method"], scope["path"])
            where = {"method": scope["method"], "path": scope["path"], **scope["state"]}
            if isinstance(told, InternalError):
                # Our own rendering: structlog's would print every local variable, with the caller's key
                # and data among them, and take minutes over a long stack.
                trace = "".join(traceback.format_exception(error))
                log.error("request_failed", exception=trace, **where)
            else:
                log.warning("request_refused", code=told.code, reason=str(error), **where)
            scope["state"]["refusal"] = told.reason
            await told.response()(scope, receive, send)
