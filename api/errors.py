"""What a caller may be told went wrong, by what they must do.

ApiError (code, status, message)
  x Unauthenticated        401  send a key that exists
      x KeyMissing         401  api_key_missing
      x KeyExpired         401  api_key_expired
  x Forbidden              403  use another kind of key: incorrect_token_type
      x UserTokenMissing   403  missing_user_token
      x InvalidUserToken   403  invalid_user_token
      x SigningKeyMissing  403  missing_jwt_signing_key
  x NotFound               404  resource_missing, workflow_missing, branch_not_found
  x MethodNotAllowed       405  method_not_allowed
  x Conflict               409  conflict: send it again in a moment
  x BodyTooLarge           413  body_too_large
  x Malformed              400  invalid_params: the body is not JSON
  x InvalidParams          422  invalid_params, with one entry per mistake
      x Refused            422  workflow_inactive, actor_missing, channel_invalid
  x InternalError          500  internal_error: our fault
  x NotBuilt               501  not_implemented: what Knock has and this release has not
  x Unavailable            503  unavailable: send it again after Retry-After

Codes and statuses are Knock's where it publishes one; `docs/errors.md` lists them all.
"""

from typing import Any, ClassVar

from starlette.responses import JSONResponse

CODES = {
    "api_key_missing": 401,
    "api_key_expired": 401,
    "authentication_required": 401,
    "incorrect_token_type": 403,
    "missing_user_token": 403,
    "invalid_user_token": 403,
    "missing_jwt_signing_key": 403,
    "resource_missing": 404,
    "branch_not_found": 404,
    "workflow_missing": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "body_too_large": 413,
    "invalid_params": 422,
    "actor_missing": 422,
    "branch_already_exists": 422,
    "branch_merge_conflict": 422,
    "branch_not_allowed": 422,
    "branch_rebase_blocked": 422,
    "channel_invalid": 422,
    "commit_not_promotable": 422,
    "commit_not_revertible": 422,
    "commit_superseded": 422,
    "environment_not_editable": 422,
    "workflow_inactive": 422,
    "internal_error": 500,
    "not_implemented": 501,
    "unavailable": 503,
}
"""Every code and its status; malformed JSON alone is `invalid_params` with 400."""


class ApiError(Exception):
    """An answer that is not 2xx, in Knock's shape `{code, message, status, type}`."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "api_error"
    code: str = "internal_error"

    def __init__(
        self, message: str, *, code: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.headers = headers or {}

    @property
    def reason(self) -> str:
        """What metrics count it as; one of a few words."""
        return self.code

    def body(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "status": self.status, "type": self.type}

    def response(self) -> JSONResponse:
        return JSONResponse(self.body(), status_code=self.status, headers=self.headers)


class Unauthenticated(ApiError):
    """The key is unknown or was revoked."""

    status = 401
    type = "authentication_error"
    code = "authentication_required"


class KeyMissing(Unauthenticated):
    """No key came with the request."""

    code = "api_key_missing"


class KeyExpired(Unauthenticated):
    """The key was good once."""

    code = "api_key_expired"


class Forbidden(ApiError):
    """The key is good, but not of the kind this endpoint takes."""

    status = 403
    type = "authentication_error"
    code = "incorrect_token_type"


class UserTokenMissing(Forbidden):
    """The environment demands that public-key calls prove whose they are."""

    code = "missing_user_token"


class InvalidUserToken(Forbidden):
    """The token is forged, expired, or somebody else's."""

    code = "invalid_user_token"


class SigningKeyMissing(Forbidden):
    """A token came, and the environment has no key to check it with."""

    code = "missing_jwt_signing_key"


class NotFound(ApiError):
    """Nothing of that name in this environment."""

    status = 404
    type = "not_found_error"
    code = "resource_missing"


class MethodNotAllowed(ApiError):
    """The path exists, the method on it does not."""

    status = 405
    type = "invalid_request_error"
    code = "method_not_allowed"


class Conflict(ApiError):
    """Another request is in the way; clients try again by themselves."""

    status = 409
    type = "invalid_request_error"
    code = "conflict"


class BodyTooLarge(ApiError):
    """More than any request may carry."""

    status = 413
    type = "invalid_request_error"
    code = "body_too_large"


class Malformed(ApiError):
    """The body cannot be read at all."""

    status = 400
    type = "invalid_request_error"
    code = "invalid_params"


class InvalidParams(ApiError):
    """The request was understood and is wrong; `errors` holds `{field, message, type}` for each mistake."""

    status = 422
    type = "invalid_request_error"
    code = "invalid_params"

    def __init__(
        self, message: str, errors: list[dict[str, Any]] | None = None, *, code: str | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.errors = errors or []

    @classmethod
    def of(cls, field: str, message: str) -> "InvalidParams":
        """One mistake in one field."""
        error = {"field": field, "message": message, "type": "invalid"}
        return cls(f"{field} {message}" if field else message, [error])

    def body(self) -> dict[str, Any]:
        return super().body() | {"errors": self.errors}


class Refused(InvalidParams):
    """A rule of the product says no; the code names it."""


class InternalError(ApiError):
    """A mistake of ours; the request id finds it in the log."""


class NotBuilt(ApiError):
    """An operation of Knock's that is not here yet; the message says what to use instead."""

    status = 501
    code = "not_implemented"


class Unavailable(ApiError):
    """Something we need does not answer; nothing was accepted."""

    status = 503
    code = "unavailable"

    def __init__(self, message: str, *, retry_after_seconds: int = 1, reason: str = "unavailable") -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after_seconds)})
        self._reason = reason

    @property
    def reason(self) -> str:
        return self._reason
