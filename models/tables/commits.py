"""The commit log: one line of numbered commits for each environment and branch (E-VERSION-3, E-VERSION-7)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.tables.columns import big_integer, moment


class Commit(SQLModel, table=True):
    """One resource reached one version; `number` is its place in the log of its environment.

    A promoted or merged commit names its source, the commit it was made from. Promoted ones also name their
    origin, where the content was written first, however many environments ago; so what is later stays later,
    also when an environment is put in between.
    """

    __tablename__ = "commits"
    __table_args__ = (
        UniqueConstraint("environment_id", "number"),
        Index("commits_by_resource", "environment_id", "type", "key", "number"),
        Index("commits_by_source", "source_commit_id"),
    )

    id: UUID = Field(primary_key=True)
    environment_id: UUID = Field(foreign_key="environments.id")
    number: int = big_integer()
    type: str
    key: str
    version_id: UUID
    previous_version_id: UUID | None = None
    message: str | None = None
    is_empty: bool = False
    reverts_commit_id: UUID | None = None
    source_commit_id: UUID | None = None
    source_environment_id: UUID | None = None
    source_number: int | None = big_integer(nullable=True)
    origin_environment_id: UUID
    origin_number: int = big_integer()
    author_name: str | None = None
    author_email: str
    inserted_at: datetime = moment()
