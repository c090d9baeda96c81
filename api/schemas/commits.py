"""Commits and branches as the management API shows them."""

from typing import Any

from psycopg.rows import DictRow
from pydantic import BaseModel, Field

from api.schemas.resource import Moment


class CommitAuthor(BaseModel):
    """A service token, by its name."""

    name: str | None
    email: str


class CommitResource(BaseModel):
    """What was committed; a translation's identifier is `locale[/namespace][~tenant]`."""

    type: str
    identifier: str


class Commit(BaseModel):
    """One resource reached one version."""

    id: str
    resource: CommitResource
    author: CommitAuthor
    commit_message: str | None = Field(default=None, exclude_if=lambda message: message is None)
    """Left out where there is none: the contract has a plain string."""
    environment: str
    created_at: Moment


class Branch(BaseModel):
    """A branch of development."""

    slug: str
    created_at: Moment
    updated_at: Moment
    deleted_at: Moment | None
    last_commit_at: Moment | None


def commit(row: DictRow) -> Commit:
    """From a row of `models/queries/commits.py`."""
    return Commit(
        id=str(row["id"]),
        resource=CommitResource(type=row["type"], identifier=row["key"]),
        author=CommitAuthor(name=row["author_name"], email=row["author_email"]),
        commit_message=row["message"],
        environment=row["main_slug"] or row["slug"],
        created_at=row["inserted_at"],
    )


def branch(row: DictRow) -> Branch:
    """From a row of `models/queries/branches.py`."""
    return Branch(
        slug=row["slug"],
        created_at=row["inserted_at"],
        updated_at=row["updated_at"],
        deleted_at=row["deleted_at"],
        last_commit_at=row["last_commit_at"],
    )


class Written(BaseModel):
    """One resource of a push."""

    type: str
    key: str
    content: dict[str, Any]


class PushRequest(BaseModel):
    """Resources that are written together, all or none; committed too with `commit`."""

    resources: list[Written]
    commit: bool = False
    commit_message: str | None = None
    force: bool = False


class ValidateRequest(PushRequest):
    """A push that is only looked at, with what will be there when it comes: types by key."""

    channels: dict[str, str] = {}
    channel_groups: dict[str, str] = {}


class Chosen(BaseModel):
    """One resource by its name."""

    type: str
    id: str


class CommitTheseRequest(BaseModel):
    """The drafts of exactly these, in one commit each, all or none."""

    resources: list[Chosen]
    commit_message: str | None = None
