"""Environments: every other row belongs to exactly one of them. A branch is one that holds content only."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, DateTime, Index, func, text
from sqlmodel import Field, SQLModel

from models.tables.columns import big_integer, moment


class Environment(SQLModel, table=True):
    """A world of its own: recipients, runs and messages of one never meet those of another.

    A branch has `branch_of`: its content is its own, everything else is its environment's (E-VERSION-8).
    `commit_number` counts the commits of its log; whoever commits holds the row's lock.
    """

    __tablename__ = "environments"
    __table_args__ = (
        Index(
            "environments_by_slug",
            "slug",
            unique=True,
            postgresql_where=text("branch_of IS NULL AND deleted_at IS NULL"),
        ),
        Index(
            "branches_by_slug",
            "branch_of",
            "slug",
            unique=True,
            postgresql_where=text("branch_of IS NOT NULL AND deleted_at IS NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    slug: str
    name: str
    position: int
    branch_of: UUID | None = Field(default=None, foreign_key="environments.id")
    commit_number: int = big_integer(default=0)
    label_color: str | None = None
    hide_pii_data: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    enhanced_security: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    """Whether public-key calls must carry a user token."""
    inserted_at: datetime = moment()
    updated_at: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=func.now())
    )
    deleted_at: datetime | None = moment(nullable=True)
