"""Columns that many tables share."""

from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, text
from sqlalchemy.dialects.postgresql import ARRAY, JSON, JSONB, TEXT
from sqlmodel import Field


def moment(*, nullable: bool = False, index: bool = False, primary_key: bool = False) -> Any:
    """A timestamp with time zone."""
    column = Column(DateTime(timezone=True), nullable=nullable, index=index, primary_key=primary_key)
    return Field(sa_column=column) if not nullable else Field(default=None, sa_column=column)


def document(*, nullable: bool = False) -> Any:
    """JSON that the database may take apart; key order is not kept."""
    column: Column[Any] = Column(JSONB(none_as_null=True), nullable=nullable)
    return Field(sa_column=column) if not nullable else Field(default=None, sa_column=column)


def verbatim_document(*, nullable: bool = False) -> Any:
    """JSON as it came in: `data | json` in a template prints the caller's own key order (D13)."""
    column: Column[Any] = Column(JSON(none_as_null=True), nullable=nullable)
    return Field(sa_column=column) if not nullable else Field(default=None, sa_column=column)


def texts() -> Any:
    return Field(default_factory=list, sa_column=Column(ARRAY(TEXT), nullable=False, server_default="{}"))


def visibility() -> Any:
    """Where people see a channel or a group offered: `workflow`, `broadcast`; both by default."""
    default = text("'{workflow,broadcast}'")
    return Field(sa_column=Column(ARRAY(TEXT), nullable=False, server_default=default))


def big_integer(*, nullable: bool = False, primary_key: bool = False, default: int | None = None) -> Any:
    column: Column[Any] = Column(
        BigInteger,
        nullable=nullable,
        primary_key=primary_key,
        autoincrement=False,
        server_default=None if default is None else str(default),
    )
    return (
        Field(default=default, sa_column=column)
        if nullable or default is not None
        else Field(sa_column=column)
    )


def sealed() -> Any:
    """A value encrypted at rest; see `models/sealing.py`."""
    return Field(default=None, sa_column=Column(LargeBinary, nullable=True))
