"""Setting up environments between development and production."""

from datetime import UTC, datetime

from fastapi import APIRouter
from psycopg.rows import DictRow
from pydantic import TypeAdapter, ValidationError

from api.dependencies import AccountCaller, Db
from api.errors import InvalidParams, Refused
from api.naming import existing_environment
from api.schemas import environments as schemas
from models.ids import new_uuid
from models.queries import environments as queries
from models.queries.environments import NewEnvironment
from models.queries.signing_keys import find_active_signing_keys

router = APIRouter(prefix="/v1/tocsin/environments", tags=["Environments"])

_SLUG: TypeAdapter[str] = TypeAdapter(schemas.Slug)


@router.get("/{slug:id}")
async def get_environment(slug: str, caller: AccountCaller, database: Db) -> schemas.TocsinEnvironment:
    """Also says whether public-key calls must carry user tokens."""
    async with database.connection() as connection:
        return schemas.tocsin_environment(await existing_environment(connection, slug))


@router.put("/{slug:id}")
async def put_environment(
    slug: str, body: schemas.EnvironmentRequest, caller: AccountCaller, database: Db
) -> schemas.TocsinEnvironment:
    """Make an environment, or change one. A new one is empty: promote to it what stands before it."""
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        standing = await queries.lock_environments(connection)
        known = next((row for row in standing if row["slug"] == slug), None)
        if known is None:
            if await queries.is_branch(connection, _checked(slug)):
                raise InvalidParams.of("slug", f'"{slug}" is a branch of development; choose another')
            new = NewEnvironment(new_uuid(), _checked(slug), body.name or slug, _position(standing, body))
            await queries.insert_environment(connection, new, now)
            environment_id = new.id
        else:
            environment_id = known["id"]
            _refuse_moving(body)
        if body.enhanced_security and not await find_active_signing_keys(connection, environment_id):
            raise InvalidParams.of(
                "enhanced_security",
                "would shut out every browser: this environment has no signing key; create one first",
            )
        await queries.update_environment(connection, environment_id, body.model_dump(), now)
        return schemas.tocsin_environment(await existing_environment(connection, slug))


@router.delete("/{slug:id}", status_code=204)
async def delete_environment(slug: str, caller: AccountCaller, database: Db) -> None:
    """Archive an environment that was made here and holds nothing; its keys are refused from now on."""
    if schemas.is_system(slug):
        raise _refused(f'The environment "{slug}" is one that every account has; it stays.')
    async with database.transaction() as connection:
        await queries.lock_environments(connection)
        row = await existing_environment(connection, slug)
        held = await queries.find_contents(connection, row["id"])
        if held:
            raise _refused(f'The environment "{slug}" is not empty: it holds {", ".join(held)}.')
        await queries.archive_environment(connection, row["id"], datetime.now(UTC))


def _checked(slug: str) -> str:
    try:
        return _SLUG.validate_python(slug)
    except ValidationError:
        raise InvalidParams.of(
            "slug", "must be lower-case letters, digits and -, and must not begin with a dash"
        ) from None


def _position(standing: list[DictRow], body: schemas.EnvironmentRequest) -> int:
    """Where a new environment goes: by default just before the last one."""
    if body.before is not None and body.after is not None:
        raise InvalidParams.of("after", "does not go with before; name one of them")
    slugs = [row["slug"] for row in standing]
    if body.after is not None:
        index = _index(slugs, "after", body.after) + 1
    else:
        index = _index(slugs, "before", body.before) if body.before else len(slugs) - 1
    if index < 1 or index >= len(slugs):
        field = "after" if body.after else "before"
        raise InvalidParams.of(field, f"must leave {schemas.FIRST} first and {schemas.LAST} last")
    position: int = standing[index]["position"]
    return position


def _index(slugs: list[str], field: str, slug: str) -> int:
    if slug not in slugs:
        raise InvalidParams.of(field, f"names no environment; they are {', '.join(slugs)}")
    return slugs.index(slug)


def _refuse_moving(body: schemas.EnvironmentRequest) -> None:
    for field in ("before", "after"):
        if getattr(body, field) is not None:
            raise InvalidParams.of(
                field, "is for a new environment only: commits were promoted in the order there is"
            )


def _refused(message: str) -> Refused:
    return Refused(message, [{"field": "slug", "message": message, "type": "invalid"}])
