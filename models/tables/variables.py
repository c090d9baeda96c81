"""Variables: values that templates and conditions read as `vars.<key>` (E-VARS)."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from models.tables.columns import moment


class Variable(SQLModel, table=True):
    """A public value of one environment, kept as the text it was given as."""

    __tablename__ = "variables"

    environment_id: UUID = Field(primary_key=True, foreign_key="environments.id")
    key: str = Field(primary_key=True)
    value: str
    updated_at: datetime = moment()
