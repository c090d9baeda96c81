"""What people label things with: tags, preference categories, and the properties of recipients."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from models.tables.columns import moment


class Tag(SQLModel, table=True):
    """A label of the account's resources."""

    __tablename__ = "tags"

    name: str = Field(primary_key=True)
    color: str | None = None
    description: str | None = None
    inserted_at: datetime = moment()
    updated_at: datetime = moment()


class PreferenceCategory(SQLModel, table=True):
    """A category that workflows may have and preference sets may name."""

    __tablename__ = "preference_categories"

    name: str = Field(primary_key=True)
    archived_at: datetime | None = moment(nullable=True)
    inserted_at: datetime = moment()
    updated_at: datetime = moment()


class ItemProperty(SQLModel, table=True):
    """What is known of one property of users, tenants, or the objects of a collection.

    `item` is `user`, `tenant` or `object`; `collection` is empty for the first two.
    """

    __tablename__ = "item_properties"

    environment_id: UUID = Field(primary_key=True, foreign_key="environments.id")
    item: str = Field(primary_key=True)
    collection: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    type: str | None = None
    item_type: str | None = None
    description: str | None = None
    preview_text: str | None = None
    visible: bool
    inserted_at: datetime = moment()
    updated_at: datetime = moment()
