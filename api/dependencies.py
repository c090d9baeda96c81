"""What routes ask for: the database, Temporal, and who is calling.

All of them are coroutines, since FastAPI sends plain functions through a thread pool; and they call each
other instead of depending on each other, since it takes longer to resolve a dependency than to call it.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from psycopg.rows import DictRow

from api.errors import (
    Forbidden,
    InvalidParams,
    InvalidUserToken,
    KeyExpired,
    KeyMissing,
    NotFound,
    Unauthenticated,
    UserTokenMissing,
)
from api.query import Query, parse
from api.settings import ApiSettings
from api.user_tokens import subject_of
from dispatch.log_lines import tell
from dispatch.temporal import Temporal
from dispatch.triggers import Place
from models.database import Database
from models.queries.branches import find_branch
from models.queries.keys import find_key_and_environment
from models.queries.signing_keys import find_active_signing_keys
from models.sealing import Sealer
from models.tables.keys import digest_of, find_key
from models.values.kinds import KeyKind
from publishing.space import Author, Space

BRANCH_HEADER = "x-knock-branch"
DEFAULT_ENVIRONMENT = "development"
"""What a management call means when it names no environment; one of Knock's clients loses the parameter."""


@dataclass(frozen=True)
class Credential:
    """The environment a call is made in, and with which kind of key.

    `user_id` is the only user the caller may act for, where a user token says so.
    """

    key_id: UUID
    environment_id: UUID
    slug: str
    kind: KeyKind
    user_id: str | None = None
    branch_id: UUID | None = None
    """The branch whose content is meant, where the call names one (`X-Knock-Branch`)."""

    @property
    def place(self) -> Place:
        return Place(self.environment_id, self.slug, self.branch_id)


async def _settings(request: Request) -> ApiSettings:
    settings: ApiSettings = request.app.state.settings
    return settings


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def _temporal(request: Request) -> Temporal:
    temporal: Temporal = request.app.state.temporal
    return temporal


async def _sealer(request: Request) -> Sealer:
    sealer: Sealer = request.app.state.sealer
    return sealer


async def _request_id(request: Request) -> str:
    request_id: str = request.state.request_id
    return request_id


async def _query(request: Request) -> Query:
    return Query(parse(request.scope["query_string"]))


Settings = Annotated[ApiSettings, Depends(_settings)]
Db = Annotated[Database, Depends(_database)]
TemporalClient = Annotated[Temporal, Depends(_temporal)]
Secrets = Annotated[Sealer, Depends(_sealer)]
RequestId = Annotated[str, Depends(_request_id)]
QueryString = Annotated[Query, Depends(_query)]


async def _secret_caller(request: Request) -> Credential:
    """Raises Unauthenticated and its kin, or Forbidden."""
    row = await _key_of(request)
    kind = _kind_of(row, {KeyKind.SECRET})
    assert row is not None  # _kind_of refused an unknown key
    return await _credential(request, row, kind)


async def _user_caller(request: Request) -> Credential:
    """As `_secret_caller`, but a browser's public key will do, with its user token where it has one."""
    row = await _key_of(request)
    kind = _kind_of(row, {KeyKind.SECRET, KeyKind.PUBLIC})
    assert row is not None  # _kind_of refused an unknown key
    user_id = await _token_user(request, row) if kind is KeyKind.PUBLIC else None
    if user_id is not None and request.path_params.get("user_id", user_id) != user_id:
        raise InvalidUserToken(f'The user token is for the user "{user_id}", not for the one of this path.')
    return await _credential(request, row, kind, user_id)


async def _service_caller(request: Request) -> Credential:
    """Raises Unauthenticated and its kin, Forbidden, or NotFound for an environment that does not exist."""
    return (await _managing(request))[0]


async def _operating(request: Request) -> Credential:
    """A secret key in its own environment, or a service token in the one that `?environment=` names."""
    row = await _key_of(request)
    if _kind_of(row, {KeyKind.SECRET, KeyKind.SERVICE}) is KeyKind.SERVICE:
        return (await _managing(request))[0]
    return await _secret_caller(request)


async def _managing(request: Request) -> tuple[Credential, DictRow]:
    slug = (await _query(request)).text("environment") or DEFAULT_ENVIRONMENT
    digests = await _digests(request)
    async with (await _database(request)).connection() as connection:
        row = await find_key_and_environment(connection, digests, slug)
    kind = _kind_of(row, {KeyKind.SERVICE})
    if row is None or row["environment_id"] is None:
        raise NotFound(f'There is no environment "{slug}".')
    tell(environment=row["slug"])
    return Credential(row["id"], row["environment_id"], row["slug"], kind), row


@dataclass(frozen=True)
class Workspace:
    """Whose content a management call means, and who makes it."""

    credential: Credential
    space: Space
    author: Author


async def _content_caller(request: Request) -> Workspace:
    """As `_service_caller`; `?branch=` names a branch of development, else InvalidParams or NotFound."""
    credential, row = await _managing(request)
    slug = (await _query(request)).text("branch")
    author = ServiceToken.of(row).author
    if slug is None:
        return Workspace(
            credential, Space(credential.environment_id, credential.environment_id, credential.slug), author
        )
    if credential.slug != DEFAULT_ENVIRONMENT:
        raise InvalidParams.of("branch", f"goes with environment={DEFAULT_ENVIRONMENT} only")
    branch_id = await branch_named(request, credential.environment_id, slug)
    space = Space(branch_id, credential.environment_id, credential.slug, slug)
    return Workspace(replace(credential, branch_id=branch_id), space, author)


@dataclass(frozen=True)
class ServiceToken:
    """Who manages: a service token, and how people call it."""

    key_id: UUID
    name: str
    hint: str

    @classmethod
    def of(cls, row: DictRow) -> "ServiceToken":
        return cls(row["id"], row["name"] or f"Service token …{row['hint']}", row["hint"])

    @property
    def author(self) -> Author:
        """Commits are signed with an address, which a token does not have."""
        return Author(f"{self.hint}@service-token.invalid", self.name)


async def _account_caller(request: Request) -> ServiceToken:
    """As `_service_caller`, for what belongs to no environment."""
    row = await _key_of(request)
    _kind_of(row, {KeyKind.SERVICE})
    assert row is not None  # _kind_of refused an unknown key
    return ServiceToken.of(row)


Caller = Annotated[Credential, Depends(_secret_caller)]
"""A server: a secret key."""
UserCaller = Annotated[Credential, Depends(_user_caller)]
"""A server or a browser: a secret key, or a public one, which acts for its token's user, else for any."""
ServiceCaller = Annotated[Credential, Depends(_service_caller)]
"""Management: a service token, in the environment that `?environment=` names."""
OperatingCaller = Annotated[Credential, Depends(_operating)]
"""Whoever runs a team's workflows: its server's secret key, or a service token as for `ServiceCaller`."""
ContentCaller = Annotated[Workspace, Depends(_content_caller)]
"""Management of content: as `ServiceCaller`, on the branch that `?branch=` names, if any."""
AccountCaller = Annotated[ServiceToken, Depends(_account_caller)]
"""Management of the whole account: a service token."""


async def _credential(
    request: Request, row: DictRow, kind: KeyKind, user_id: str | None = None
) -> Credential:
    """Raises NotFound for a branch that is not there."""
    environment_id: UUID = row["environment_id"]
    slug = request.headers.get(BRANCH_HEADER, "").strip()
    branch_id = await branch_named(request, environment_id, slug) if slug else None
    tell(environment=row["slug"])
    return Credential(row["id"], environment_id, row["slug"], kind, user_id, branch_id)


async def branch_named(request: Request, environment_id: UUID, slug: str) -> UUID:
    """Raises NotFound with the code that Knock's CLI looks for."""
    async with (await _database(request)).connection() as connection:
        row = await find_branch(connection, environment_id, slug)
    if row is None:
        raise NotFound(f'There is no branch "{slug}".', code="branch_not_found")
    branch_id: UUID = row["id"]
    return branch_id


async def _token_user(request: Request, key: DictRow) -> str | None:
    """The user whom the call's token speaks for; None without a token, where none is demanded."""
    token = request.headers.get("x-knock-user-token", "").strip()
    if token:
        async with (await _database(request)).connection() as connection:
            signing_keys = await find_active_signing_keys(connection, key["environment_id"])
        return subject_of(token, signing_keys)
    if key["enhanced_security"]:
        raise UserTokenMissing(
            f'The environment "{key["slug"]}" has enhanced security: with a public key, send a signed '
            "user token in X-Knock-User-Token."
        )
    return None


async def _key_of(request: Request) -> DictRow | None:
    digests = await _digests(request)
    async with (await _database(request)).connection() as connection:
        return await find_key(connection, digests)


async def _digests(request: Request) -> list[bytes]:
    """What the key may be stored as, one for each master secret of now and before."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise KeyMissing("Send a key: `Authorization: Bearer <key>`.")
    settings = await _settings(request)
    return [digest_of(key.strip(), secret) for secret in settings.secrets]


def _kind_of(row: DictRow | None, allowed: set[KeyKind]) -> KeyKind:
    """The kind of a key that may be used here; the key is looked up, its prefix means nothing."""
    if row is None:
        raise Unauthenticated("This key is not known here, or it was revoked.")
    if row["expires_at"] is not None and row["expires_at"] <= datetime.now(UTC):
        raise KeyExpired(f"This key expired at {row['expires_at'].isoformat()}. Create another one.")
    kind = KeyKind(row["kind"])
    if kind not in allowed:
        wanted = " or ".join(f"a {name.value} key" for name in sorted(allowed, reverse=True))
        raise Forbidden(f"This endpoint takes {wanted}, not a {kind.value} one.")
    return kind
