"""Recipients: users, tenants and objects, one row each, told apart by their collection (E-SHAPE-5)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Field, SQLModel

from models.tables.columns import document, moment


class Recipient(SQLModel, table=True):
    """Whom we notify, with every property the caller gave, reserved ones included."""

    __tablename__ = "recipients"

    environment_id: UUID = Field(primary_key=True, foreign_key="environments.id")
    collection: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    properties: dict[str, Any] = document()
    inserted_at: datetime = moment()
    updated_at: datetime = moment()
