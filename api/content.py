"""What the routes of all kinds of content share: how it is read, shown, written (spec/api.md §6)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg.rows import DictRow

from api.content_database import ContentDatabase
from api.dependencies import ContentCaller
from api.errors import InvalidParams, NotFound
from api.pagination import read_page, slice_of
from api.query import Query
from models.database import Connection
from models.queries.resources import TranslationFilter, archive_resource, find_resource, list_resources
from models.tables.audience_members import forget_audience
from models.values.content import ContentType, Name, TranslationName
from publishing import drafts
from publishing.annotations import annotate
from publishing.drafts import Written
from publishing.hashing import hash_of
from publishing.kinds import KINDS
from publishing.mistakes import Blocked, Missing
from publishing.space import Space

LARGEST_PAGE = 100
KEY_SHAPE = (str,)


@dataclass(frozen=True)
class Shelf:
    """One kind of content as its routes have it: `wrapper` names the resource in bodies."""

    type: ContentType

    @property
    def wrapper(self) -> str:
        return self.type.value

    async def list(
        self,
        database: ContentDatabase,
        caller: ContentCaller,
        query: Query,
        translations: TranslationFilter | None = None,
    ) -> dict[str, Any]:
        """Drafts included, unless `hide_uncommitted_changes=true` asks for what is committed only."""
        page = read_page(query, KEY_SHAPE, LARGEST_PAGE, "limit")
        committed = query.flag("hide_uncommitted_changes") is True
        async with database.connection() as connection:
            rows = await list_resources(
                connection,
                caller.space.id,
                self.type,
                page,
                only_committed=committed,
                translations=translations,
            )
        part = slice_of(rows, page, lambda row: (row["key"],))
        entries = [shown(row, caller.space, query) for row in part.rows]
        return {"entries": entries, "page_info": part.info.model_dump(exclude={"typename"})}

    async def get(
        self, database: ContentDatabase, caller: ContentCaller, query: Query, key: str
    ) -> dict[str, Any]:
        """The draft where there is one, else what is committed."""
        name = Name(self.type, key)
        async with database.connection() as connection:
            row = await found(connection, caller.space, name)
        if query.flag("hide_uncommitted_changes") is True and row["current_version_id"] is None:
            raise NotFound(f"There is no committed {name} in {caller.space}.")
        return shown(row, caller.space, query)

    async def validate(
        self, database: ContentDatabase, caller: ContentCaller, query: Query, key: str, body: Any
    ) -> dict[str, Any]:
        """What would be refused is refused here too; nothing is kept."""
        written = self._written(key, body)
        async with database.transaction() as connection:
            contents = await drafts.validate(connection, caller.space, [written])
            row = await find_resource(connection, caller.space.id, written.name)
        kept = {**(row or _unsaved(written.name)), "draft": contents[written.name]}
        return {self.wrapper: shown(kept, caller.space, query, drafts_count=True)}

    async def upsert(
        self, database: ContentDatabase, caller: ContentCaller, query: Query, key: str, body: Any
    ) -> dict[str, Any]:
        """Keep the content as a draft; `commit=true` publishes it at once. Runs in flight keep theirs."""
        drafts.require_editable(caller.space, force=query.flag("force") is True)
        written = self._written(key, body)
        async with database.transaction() as connection:
            await drafts.save(connection, caller.space, [written])
            if query.flag("commit") is True:
                message = query.text("commit_message")
                if query.flag("allow_empty") is True:
                    await drafts.commit_even_empty(
                        connection, caller.space, written.name, caller.author, message
                    )
                else:
                    await drafts.commit_these(
                        connection, caller.space, [written.name], caller.author, message
                    )
            row = await found(connection, caller.space, written.name)
        return {self.wrapper: shown(row, caller.space, query)}

    async def archive(self, database: ContentDatabase, caller: ContentCaller, key: str) -> dict[str, Any]:
        """Out of all environments and branches, for good; runs that wait end when they wake (E-RUN-12)."""
        name = Name(self.type, key)
        async with database.transaction() as connection:
            await archive(connection, caller.space, name)
        return {"result": "success"}

    def _written(self, key: str, body: Any) -> Written:
        raw = body.get(self.wrapper) if isinstance(body, dict) else None
        if not isinstance(raw, dict):
            raise InvalidParams.of(self.wrapper, f'is required: {{"{self.wrapper}": {{…}}}}')
        return Written(Name(self.type, key), raw)


async def found(connection: Connection, space: Space, name: Name) -> DictRow:
    """The resource; raises Missing where there is none, or it was archived."""
    row = await find_resource(connection, space.id, name)
    if row is None:
        raise Missing(f"There is no {name} in {space}.")
    return row


async def archive(connection: Connection, space: Space, name: Name) -> None:
    """Raises Missing, or Blocked on a branch: archiving reaches everywhere at once."""
    if space.branch is not None:
        raise Blocked("branch_not_allowed", "archiving reaches every environment; it is not done on a branch")
    await found(connection, space, name)
    await archive_resource(connection, name, datetime.now(UTC))
    if name.type is ContentType.AUDIENCE:
        await forget_audience(connection, name.key)


def shown(row: Any, space: Space, query: Query, *, drafts_count: bool | None = None) -> dict[str, Any]:
    """A resource as the management API shows it: its content, and what the server knows of it."""
    if drafts_count is None:
        drafts_count = query.flag("hide_uncommitted_changes") is not True
    draft = row["draft"] if drafts_count or row["content"] is None else None
    content: dict[str, Any] = row["content"] if draft is None else draft
    kind = KINDS[ContentType(row["type"])]
    known = _known(row, space, content)
    readonly = {key: value for key, value in known.items() if key in kind.readonly}
    # In the order that it was written: files of it stay as they are (Knock's CLI).
    unsaid = {key: value for key, value in kind.shown.items() if key not in content}
    resource = {**content, **unsaid, **readonly}
    if query.flag("annotate") is True:  # for files, which come back as they were sent
        return annotate(kind.type, resource)
    return kind.without_nulls(resource)


def _known(row: Any, space: Space, content: dict[str, Any]) -> dict[str, Any]:
    name: dict[str, Any] = {}
    if row["type"] == ContentType.TRANSLATION:
        parts = TranslationName.read(row["key"])
        name = {"locale_code": parts.locale, "namespace": parts.namespace or "", "tenant": parts.tenant}
    if row["type"] == ContentType.GUIDE:
        name = {"type": next((step["schema_key"] for step in content["steps"]), None)}
    return {
        **name,
        "key": row["key"],
        "environment": space.slug,
        "active": row["active"],
        "active_from": row["active_from"],
        "active_until": row["active_until"],
        "valid": True,
        "sha": hash_of(content),
        "created_at": row["inserted_at"],
        "inserted_at": row["inserted_at"],
        "updated_at": row["updated_at"],
    }


def _unsaved(name: Name) -> dict[str, Any]:
    """A row for what is only validated, as if it were saved now."""
    now = datetime.now(UTC)
    fields = ("draft", "content", "active_from", "active_until", "archived_at", "current_version_id")
    times = {"inserted_at": now, "updated_at": now}
    return {**dict.fromkeys(fields), **times, "type": name.type, "key": name.key, "active": True}
