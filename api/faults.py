"""What went wrong, told as an answer: every exception that may leave a route becomes an ApiError."""

from collections.abc import Sequence
from typing import Any

import psycopg
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from temporalio.service import RPCError

from api.errors import (
    ApiError,
    BodyTooLarge,
    InternalError,
    InvalidParams,
    Malformed,
    MethodNotAllowed,
    NotFound,
    Refused,
    Unavailable,
)
from dispatch import errors as dispatch_errors
from models.values.given import GivenMistake
from models.values.unfitting import unfitting
from publishing.mistakes import Blocked, Missing, Mistake, NotPublishable

_SHOWN_MISTAKES = 20
_SHOWN_REFUSALS = 500
"""A push is told all that is wrong at once."""


async def answer(request: Request, error: Exception) -> Response:
    """The handler of everything that routes and FastAPI raise on purpose."""
    told = as_api_error(error, request.method, request.url.path)
    request.state.refusal = told.reason
    return told.response()


HANDLERS: dict[Any, Any] = dict.fromkeys(
    (ApiError, HTTPException, RequestValidationError, NotPublishable, Blocked, Missing), answer
)
"""What FastAPI is told to answer by itself; the fault barrier answers the rest."""

_REFUSALS = {
    dispatch_errors.WorkflowInactive: "workflow_inactive",
    dispatch_errors.ActorMissing: "actor_missing",
    dispatch_errors.IdempotencyMismatch: "invalid_params",
}


def as_api_error(error: Exception, method: str, path: str) -> ApiError:
    """The answer to any exception; InternalError for what nobody foresaw."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, RequestValidationError):
        return _of_validation(error)
    if isinstance(error, HTTPException):
        return _of_http(error, method, path)
    return (
        _of_dispatch(error)
        or _of_publishing(error)
        or _of_database(error)
        or InternalError(
            "Something went wrong on our side. The x-request-id header finds it in the server's log."
        )
    )


def _of_dispatch(error: Exception) -> ApiError | None:
    if isinstance(error, GivenMistake):
        return InvalidParams.of(error.field, error.message)
    if isinstance(error, dispatch_errors.WorkflowMissing):
        return NotFound(_sentence(error), code="workflow_missing")
    if isinstance(error, dispatch_errors.DataMismatch):
        entries = [{"field": path, "message": told, "type": "invalid"} for path, told in error.mistakes]
        return InvalidParams(_sentence(error), entries)
    if isinstance(error, dispatch_errors.Unavailable):
        return Unavailable(_sentence(error), reason=error.reason)
    if isinstance(error, dispatch_errors.Backlogged):
        wait = error.retry_after_seconds
        return Unavailable(_sentence(error), retry_after_seconds=wait, reason="backlog")
    if isinstance(error, dispatch_errors.NotAccepted):
        return Refused(_sentence(error), code=_REFUSALS[type(error)])
    if isinstance(error, RPCError):
        return Unavailable(
            f"Temporal does not answer ({error.status.name}); send the request again.", reason="temporal"
        )
    return None


def _of_publishing(error: Exception) -> ApiError | None:
    if isinstance(error, Missing):
        return NotFound(str(error))
    if isinstance(error, Blocked):
        return Refused(
            _sentence(error), [_entry(one) for one in error.mistakes[:_SHOWN_REFUSALS]], code=error.code
        )
    if isinstance(error, NotPublishable):
        mistakes = error.mistakes[:_SHOWN_REFUSALS]
        told = "; ".join(_told(one) for one in mistakes[:_SHOWN_MISTAKES])
        return InvalidParams(f"Nothing was published. {told}", [_entry(one) for one in mistakes])
    return None


def _told(mistake: Mistake) -> str:
    where = " ".join(part for part in (str(mistake.name or ""), mistake.path) if part)
    return f"{where}: {mistake.message}" if where else mistake.message


def _entry(mistake: Mistake) -> dict[str, Any]:
    entry: dict[str, Any] = {"field": mistake.path, "message": mistake.message, "type": "invalid"}
    if mistake.name is not None:
        entry["resource"] = {"type": mistake.name.type.value, "key": mistake.name.key}
    return entry


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _of_http(error: HTTPException, method: str, path: str) -> ApiError:
    if error.status_code == 404:
        return NotFound(f"There is no endpoint {method} {path}. GET /docs lists those there are.")
    if error.status_code == 405:
        allowed = dict(error.headers or {})
        return MethodNotAllowed(
            f"{path} takes {allowed.get('Allow', 'another method')}, not {method}.", headers=allowed
        )
    if error.status_code == 413:
        return BodyTooLarge(str(error.detail))
    return Malformed(f"The request cannot be read: {error.detail}.")


def _of_validation(error: RequestValidationError) -> ApiError:
    mistakes = error.errors()
    first = mistakes[0]
    if first["type"] == "json_invalid":
        return _of_json(error.body, first)
    if isinstance(first.get("input"), bytes):
        return InvalidParams.of("", "The body is not JSON by its Content-Type; send application/json.")
    if first["loc"] == ("body",) and first["type"] == "missing":
        return InvalidParams.of("", "This endpoint needs a JSON body.")
    told = unfitting(mistakes, _sent(error, mistakes))
    errors = [
        {"field": field_of(one.location), "message": one.message, "type": one.type}
        for one in told[:_SHOWN_MISTAKES]
    ]
    sentences = "; ".join(f"{entry['field']} {entry['message']}" for entry in errors)
    return InvalidParams(f"The request is not valid: {sentences}.", errors)


def _sent(error: RequestValidationError, mistakes: Sequence[Any]) -> dict[str, Any]:
    """What the mistakes' locations lead into; of parameters, all that is named was meant."""
    parameters: dict[str, Any] = {}
    for mistake in mistakes:
        where, *names = mistake["loc"]
        if where != "body" and names:
            parameters.setdefault(where, {})[names[0]] = mistake.get("input")
    return {"body": error.body, **parameters}


def field_of(location: tuple[int | str, ...] | list[int | str]) -> str:
    """A pydantic location as callers write paths: `recipients[0].id`."""
    path = ""
    for part in location[1:] if location and location[0] in ("body", "query", "path") else location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path or "body"


def _of_json(body: Any, mistake: dict[str, Any]) -> Malformed:
    why = mistake.get("ctx", {}).get("error", "cannot be parsed")
    if not isinstance(body, str):
        return Malformed(f"The body is not valid JSON: {why}.")
    position = int(mistake["loc"][1])
    line = body.count("\n", 0, position) + 1
    column = position - (body.rfind("\n", 0, position) + 1) + 1
    return Malformed(f"The body is not valid JSON: {why} at line {line}, column {column}.")


def _of_database(error: Exception) -> ApiError | None:
    if isinstance(error, psycopg.DataError):
        return InvalidParams.of("", "A value in the request cannot be stored.")
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return Unavailable(
            "Another request changes what this one needs, and takes long; send it again.", reason="lock"
        )
    away = (
        psycopg.OperationalError,
        psycopg.InterfaceError,
        # A migration made a prepared plan stale; its connection is gone, a new one works.
        psycopg.NotSupportedError,
        # The process was frozen in the middle of a transaction, and went on too late.
        psycopg.errors.TransactionTimeout,
    )
    if isinstance(error, (*away, ConnectionError)):
        return Unavailable(
            "The database does not answer just now; send the request again.", reason="database"
        )
    return None
