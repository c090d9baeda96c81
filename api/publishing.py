"""Publishing workflows: validate, keep as a draft, compile and commit (D28, D29)."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from models.database import Connection
from models.ids import new_uuid
from models.tables.workflows import (
    WorkflowVersion,
    insert_version,
    lock_drafts,
    save_draft,
    settle_draft,
)
from rendering.environment import TemplateError, parse
from workflows_engine.definition import WorkflowDefinition
from workflows_engine.steps import STEP_TYPES

CHANNEL_TYPES = ["in_app_feed", "email"]
UNION_TAGS = {*STEP_TYPES, *CHANNEL_TYPES, "Condition", "AllOf"}
"""What pydantic puts behind an index of a list whose items are of several types."""
VALUE_TAGS = {"str", "list[Pair]"}
"""What it puts behind a key that takes values of several types."""
IGNORED = ("$schema", "__annotation", "__readonly")
"""What the CLI adds for itself; keys that end in `@` name the file a value came from."""
READ_ONLY = (
    "environment",
    "key",
    "active",
    "valid",
    "sha",
    "created_at",
    "updated_at",
    "created_by",
    "updated_by",
    "deleted_at",
)
"""What a workflow that was read carries besides its content; sending it back changes nothing."""


@dataclass(frozen=True)
class Mistake:
    """Where in the workflow, and what is wrong or was expected."""

    path: str
    message: str

    def error(self) -> dict[str, str]:
        return {"field": self.path, "message": self.message, "type": "invalid"}


class NotPublishable(Exception):
    """The workflow cannot be published; nothing was changed."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__(f"{len(mistakes)} mistakes")
        self.mistakes = mistakes


def cleaned(raw: Any) -> Any:
    """The content without what the CLI sends beside it."""
    if isinstance(raw, dict):
        return {
            key: cleaned(value) for key, value in raw.items() if key not in IGNORED and not key.endswith("@")
        }
    return [cleaned(value) for value in raw] if isinstance(raw, list) else raw


def content_of(raw: dict[str, Any]) -> dict[str, Any]:
    """A workflow's content, without what it only shows when it is read."""
    content: dict[str, Any] = cleaned(raw)
    return {key: value for key, value in content.items() if key not in READ_ONLY}


def validate(content: dict[str, Any]) -> WorkflowDefinition:
    """The definition, with every template parsed; raises NotPublishable with all mistakes found."""
    try:
        definition = WorkflowDefinition.model_validate(content)
    except ValidationError as error:
        raise NotPublishable([_mistake(found) for found in error.errors()]) from error
    mistakes = list(_template_mistakes(definition))
    if mistakes:
        raise NotPublishable(mistakes)
    return definition


def _template_mistakes(definition: WorkflowDefinition) -> Iterable[Mistake]:
    for index, step in enumerate(definition.steps):
        for path, source in step.templates().items():
            try:
                parse(source)
            except TemplateError as error:
                where = f" in line {error.line}" if error.line else ""
                yield Mistake(f"steps[{index}].{path}", f"Liquid error{where}: {error.message}")


def _mistake(found: Any) -> Mistake:
    message = found["msg"].removeprefix("Value error, ")
    if found["type"] == "union_tag_invalid":
        given = found["ctx"]["tag"]
        message = (
            f'"{given}" is not supported by this release; expected one of {found["ctx"]["expected_tags"]}'
        )
    elif found["type"] == "union_tag_not_found":
        message = f"the key {found['ctx']['discriminator']} is missing"
    elif found["type"] == "extra_forbidden":
        message = "this key is unknown, or not supported by this release; remove it"
    return Mistake(_path(found["loc"]), message)


def _path(location: tuple[int | str, ...]) -> str:
    """As people write JSON paths; the tags that pydantic adds for unions are left out."""
    path, after_index = "", False
    for part in location:
        if isinstance(part, int):
            path, after_index = f"{path}[{part}]", True
        elif part not in VALUE_TAGS and not (after_index and part in UNION_TAGS):
            path, after_index = f"{path}.{part}" if path else part, False
    return path or "workflow"


async def save(connection: Connection, environment_id: UUID, key: str, content: dict[str, Any]) -> None:
    """Validate and keep as the draft; raises NotPublishable."""
    validate(content)
    await save_draft(connection, environment_id, key, content, datetime.now(UTC))


async def commit(
    connection: Connection, environment_id: UUID, key: str | None, message: str | None
) -> list[str]:
    """Publish the draft of one workflow, or all drafts at once; answers the keys whose content changed.

    Call it in a transaction: all are published or none.
    """
    changed = []
    now = datetime.now(UTC)
    for row in await lock_drafts(connection, environment_id, key):
        definition = validate(row["draft"])
        content_hash = hash_of(row["draft"])
        version_id = row["current_version_id"]
        if content_hash != row["content_hash"]:
            version_id = new_uuid()
            version = WorkflowVersion(
                id=version_id,
                environment_id=environment_id,
                workflow_key=row["key"],
                number=0,
                content_hash=content_hash,
                definition=row["draft"],
                plan=definition.plan().model_dump(mode="json"),
                commit_message=message,
                inserted_at=now,
            )
            await insert_version(connection, version)
            changed.append(row["key"])
        await settle_draft(connection, environment_id, row["key"], version_id, now)
    return changed


def hash_of(content: dict[str, Any]) -> str:
    """The same for the same content, whatever the order of its keys."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
