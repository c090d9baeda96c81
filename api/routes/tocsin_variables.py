"""Variables of an environment: `vars.<key>` in templates and conditions (E-VARS)."""

import re
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from psycopg.rows import DictRow
from pydantic import BaseModel

from api.dependencies import Db, ServiceCaller
from api.errors import InvalidParams, NotFound
from api.schemas.resource import Moment
from models.queries import variables as queries
from models.values.variables import RESERVED, text_of, value_of

router = APIRouter(prefix="/v1/tocsin/variables", tags=["Variables"])

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")


class VariableRequest(BaseModel):
    """A text, or any JSON, which is kept as text."""

    value: Any


class Variable(BaseModel):
    """`value` is what templates see; `text` is what was given. Every variable is public: feeds show it."""

    key: str
    value: Any
    text: str
    type: str = "public"
    updated_at: Moment


class ListVariablesResponse(BaseModel):
    entries: list[Variable]


@router.get("")
async def list_variables(caller: ServiceCaller, database: Db) -> ListVariablesResponse:
    async with database.connection() as connection:
        rows = await queries.list_variables(connection, caller.environment_id)
    return ListVariablesResponse(entries=[_shown(row) for row in rows])


@router.get("/{key:id}")
async def get_variable(key: str, caller: ServiceCaller, database: Db) -> Variable:
    async with database.connection() as connection:
        row = await queries.find_variable(connection, caller.environment_id, key)
    if row is None:
        raise NotFound(f'There is no variable "{key}" in the environment "{caller.slug}".')
    return _shown(row)


@router.put("/{key:id}")
async def put_variable(key: str, body: VariableRequest, caller: ServiceCaller, database: Db) -> Variable:
    """Effective at once, for runs in flight too (E-VARS-1)."""
    if not _KEY.fullmatch(key):
        raise InvalidParams.of(
            "key", "must be letters, digits and underscores, and must not begin with a digit"
        )
    if key in RESERVED:
        raise InvalidParams.of(
            "key", f'"{key}" is a name that templates find filled in already; choose another'
        )
    async with database.connection() as connection:
        row = await queries.upsert_variable(
            connection, caller.environment_id, key, text_of(body.value), datetime.now(UTC)
        )
    return _shown(row)


def _shown(row: DictRow) -> Variable:
    return Variable(
        key=row["key"], value=value_of(row["value"]), text=row["value"], updated_at=row["updated_at"]
    )
