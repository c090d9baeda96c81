"""The account: what holds in all environments, and each environment's default preferences."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Field, SQLModel

from models.tables.columns import document, moment


class Account(SQLModel, table=True):
    """The one row of an instance, made by its migration."""

    __tablename__ = "account"

    id: int = Field(primary_key=True)
    """Always 1."""
    name: str
    slug: str
    timezone: str
    locale: str
    translations_enabled: bool = True
    branding: dict[str, Any] = document()
    inserted_at: datetime = moment()
    updated_at: datetime = moment()


class PreferenceDefaults(SQLModel, table=True):
    """What recipients of an environment prefer until they say otherwise (E-PREF-2)."""

    __tablename__ = "preference_defaults"

    environment_id: UUID = Field(primary_key=True, foreign_key="environments.id")
    preference_set: dict[str, Any] = document()
    updated_at: datetime = moment()
