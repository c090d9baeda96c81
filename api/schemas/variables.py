"""Variables as Knock's management API and ours show them; secret values never are."""

import re
from typing import Any, Literal

from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict, Field, field_validator

from api.errors import InvalidParams
from api.management_pages import ManagementPageInfo
from api.schemas.resource import Moment
from models.values.variables import RESERVED, text_of, value_of

OBFUSCATED = "******"
"""What stands for a secret value, whatever its length."""
LONGEST_VALUE = 64 * 1024
"""Characters; every step of every run reads them."""

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")

Kind = Literal["public", "secret"]


class Variable(BaseModel):
    """As in Knock: values are texts; `environment_values` is there where no environment was named."""

    key: str
    type: Kind
    description: str | None
    value: str | None
    environment_values: dict[str, str | None] | None = None
    inserted_at: Moment
    updated_at: Moment


class PaginatedVariableResponse(BaseModel):
    entries: list[Variable]
    page_info: ManagementPageInfo


class TocsinVariable(BaseModel):
    """`value` is what templates see, `text` what was given; both are null for a secret.

    `environment` is the one whose value it is, null for the base value.
    """

    key: str
    type: Kind
    description: str | None
    environment: str | None
    is_override: bool
    value: Any
    text: str | None
    updated_at: Moment


class ListTocsinVariablesResponse(BaseModel):
    entries: list[TocsinVariable]
    page_info: ManagementPageInfo


class VariableRequest(BaseModel):
    """`value` is a text, or any JSON, which is kept as text. What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    value: Any = None
    type: Kind | None = None
    description: str | None = Field(default=None, max_length=1000)

    @field_validator("value")
    @classmethod
    def _is_short(cls, value: Any) -> Any:
        if len(text_of(value)) > LONGEST_VALUE:
            raise ValueError(f"has more than {LONGEST_VALUE} characters, which every step would read")
        return value

    @property
    def text(self) -> str | None:
        """The value as it is kept; None where none was given."""
        return text_of(self.value) if "value" in self.model_fields_set else None


def checked_key(key: str) -> str:
    """A key that templates can read and that is not filled in already; raises InvalidParams."""
    if not _KEY.fullmatch(key):
        raise InvalidParams.of(
            "key", "must be letters, digits and underscores, and must not begin with a digit"
        )
    if key in RESERVED:
        raise InvalidParams.of(
            "key", f'"{key}" is a name that templates find filled in already; choose another'
        )
    return key


def variable(row: DictRow, overrides: list[DictRow] | None = None) -> Variable:
    """A variable with its overrides, or, without any list of them, as one environment has it."""
    return Variable(
        **{name: row[name] for name in ("key", "type", "description", "inserted_at", "updated_at")},
        value=_shown(row),
        environment_values=None
        if overrides is None
        else {one["slug"]: _shown(one) for one in overrides if one["key"] == row["key"]},
    )


def tocsin_variable(row: DictRow, environment: str | None) -> TocsinVariable:
    text = row["value"]
    return TocsinVariable(
        **{name: row[name] for name in ("key", "type", "description", "updated_at")},
        environment=environment,
        is_override=bool(row.get("is_override")),
        value=None if text is None else value_of(text),
        text=text,
    )


def _shown(row: DictRow) -> str | None:
    text: str | None = row["value"]
    return OBFUSCATED if row["is_sealed"] else text
