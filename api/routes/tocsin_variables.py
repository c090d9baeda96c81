"""Setting variables: `vars.<key>` in templates and conditions (E-VARS)."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter
from psycopg.rows import DictRow

from api.dependencies import AccountCaller, Db, QueryString, Secrets
from api.errors import InvalidParams, NotFound
from api.management_pages import management_slice, read_limited_page
from api.naming import named_environment
from api.query import Query
from api.schemas import variables as schemas
from models.database import Connection
from models.queries import variables as queries
from models.queries.variables import Kept
from models.sealing import Sealer
from models.tables.variables import seal_purpose

router = APIRouter(prefix="/v1/tocsin/variables", tags=["Variables"])


@router.get("")
async def list_variables(
    caller: AccountCaller, database: Db, query: QueryString
) -> schemas.ListTocsinVariablesResponse:
    """Those with a value in `?environment=`, each as templates see it; without it, base values."""
    page = read_limited_page(query, (str,))
    async with database.connection() as connection:
        environment = await named_environment(connection, query)
        found = await queries.list_variables(
            connection, environment["id"] if environment else None, query.text("type"), page
        )
    rows, info = management_slice(found, page, lambda row: (row["key"],))
    slug = environment["slug"] if environment else None
    entries = [schemas.tocsin_variable(row, slug) for row in rows]
    return schemas.ListTocsinVariablesResponse(entries=entries, page_info=info)


@router.get("/{key:id}")
async def get_variable(
    key: str, caller: AccountCaller, database: Db, query: QueryString
) -> schemas.TocsinVariable:
    async with database.connection() as connection:
        return await _found(connection, key, await named_environment(connection, query))


# FastAPI gives these routes what they ask for by type; each is one thing.
@router.put("/{key:id}")
async def put_variable(
    key: str,
    body: schemas.VariableRequest,
    caller: AccountCaller,
    database: Db,
    sealer: Secrets,
    query: QueryString,
) -> schemas.TocsinVariable:
    """Effective at once, for runs in flight too. `?environment=`: its own value; without: the base value."""
    async with database.transaction() as connection:
        return await _written(connection, schemas.checked_key(key), body, sealer, query)


@router.put("/{key:id}/validate")
async def validate_variable(
    key: str,
    body: schemas.VariableRequest,
    caller: AccountCaller,
    database: Db,
    sealer: Secrets,
    query: QueryString,
) -> schemas.TocsinVariable:
    """What PUT would answer; nothing is kept."""
    async with database.connection() as connection, connection.transaction(force_rollback=True):
        return await _written(connection, schemas.checked_key(key), body, sealer, query)


@router.delete("/{key:id}", status_code=204)
async def delete_variable(key: str, caller: AccountCaller, database: Db, query: QueryString) -> None:
    """`?environment=`: its own value only, the base value holds again; without: the variable whole."""
    async with database.transaction() as connection:
        environment = await named_environment(connection, query)
        if environment is None:
            is_gone = await queries.delete_variable(connection, key)
        else:
            is_gone = await queries.delete_override(connection, environment["id"], key)
    if not is_gone:
        raise _missing(key, environment)


async def _written(
    connection: Connection, key: str, body: schemas.VariableRequest, sealer: Sealer, query: Query
) -> schemas.TocsinVariable:
    await queries.lock_variables(connection)
    now = datetime.now(UTC)
    environment = await named_environment(connection, query)
    known = await queries.find_variable(connection, key)
    kind = body.type or (known["type"] if known else "public")
    if known is None and body.text is None:
        raise InvalidParams.of("value", "is missing, and there is no such variable yet")
    if known is not None and known["type"] == "secret" and kind == "public":
        raise InvalidParams.of(
            "type", "of a secret variable cannot become public; delete it and set a public one"
        )
    has_description = "description" in body.model_fields_set
    description = body.description if has_description or known is None else known["description"]
    await queries.upsert_variable(connection, key, kind, description, now)
    if known is not None and known["type"] != kind:
        await _seal_all(connection, known, sealer, now)
    if body.text is not None:
        kept = _kept(body.text, kind, seal_purpose(key, environment["id"] if environment else None), sealer)
        if environment is None:
            await queries.write_base(connection, key, kept, now)
        else:
            await queries.write_override(connection, environment["id"], key, kept, now)
    return await _found(connection, key, environment, lenient=True)


async def _seal_all(connection: Connection, known: DictRow, sealer: Sealer, now: datetime) -> None:
    """A public variable becomes secret, with all its values."""
    key = known["key"]
    if known["value"] is not None:
        kept = _kept(known["value"], "secret", seal_purpose(key, None), sealer)
        await queries.write_base(connection, key, kept, now)
    for override in await queries.find_overrides(connection, [key]):
        environment_id: UUID = override["environment_id"]
        kept = _kept(override["value"], "secret", seal_purpose(key, environment_id), sealer)
        await queries.write_override(connection, environment_id, key, kept, now)


def _kept(text: str, kind: str, purpose: str, sealer: Sealer) -> Kept:
    return Kept(value=text) if kind == "public" else Kept(sealed=sealer.seal(text, purpose))


async def _found(
    connection: Connection, key: str, environment: DictRow | None, *, lenient: bool = False
) -> schemas.TocsinVariable:
    """The variable in this environment, or of the account; `lenient` also shows one without a value here."""
    row = None
    if environment is not None:
        row = await queries.find_resolved(connection, environment["id"], key)
    if row is None and (environment is None or lenient):
        row = await queries.find_variable(connection, key)
    if row is None:
        raise _missing(key, environment)
    return schemas.tocsin_variable(row, environment["slug"] if environment else None)


def _missing(key: str, environment: DictRow | None) -> NotFound:
    where = f' in the environment "{environment["slug"]}"' if environment else ""
    return NotFound(f'There is no variable "{key}"{where}.')
