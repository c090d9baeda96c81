"""Environments: every other row belongs to exactly one of them."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from models.tables.columns import moment


class Environment(SQLModel, table=True):
    """A world of its own: recipients, runs and messages of one never meet those of another."""

    __tablename__ = "environments"

    id: UUID = Field(primary_key=True)
    slug: str = Field(unique=True)
    name: str
    position: int
    inserted_at: datetime = moment()
