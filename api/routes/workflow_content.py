"""Workflows as content: the management API's get, list, validate, upsert and commit (spec/api.md §6)."""

import re
from typing import Any

from fastapi import APIRouter
from psycopg.rows import DictRow

from api.dependencies import Credential, Db, QueryString, ServiceCaller
from api.errors import InvalidParams, NotFound
from api.publishing import NotPublishable, commit, content_of, hash_of, save, validate
from api.schemas.workflows import WrappedWorkflowRequestRequest
from models.tables.workflows import find_workflow, list_workflows

router = APIRouter(prefix="/v1", tags=["Management: workflows"])

EDITABLE = "development"
"""Content is edited here and promoted from here (E-VERSION-4); `force=true` edits it elsewhere."""
KEY = re.compile(r"[a-z0-9_-]{1,255}")


@router.get("/workflows")
async def list_workflow_content(caller: ServiceCaller, database: Db) -> dict[str, Any]:
    """All workflows of the environment, drafts included."""
    async with database.connection() as connection:
        rows = await list_workflows(connection, caller.environment_id)
    entries = [_workflow(row, caller.slug) for row in rows]
    return {"entries": entries, "page_info": {"after": None, "before": None, "page_size": len(entries)}}


@router.get("/workflows/{key:id}")
async def get_workflow_content(key: str, caller: ServiceCaller, database: Db) -> dict[str, Any]:
    """The draft where there is one, else what is committed."""
    async with database.connection() as connection:
        row = await find_workflow(connection, caller.environment_id, key)
    if row is None:
        raise NotFound(f'There is no workflow "{key}" in {caller.slug}.')
    return _workflow(row, caller.slug)


@router.put("/workflows/{key:id}/validate")
async def validate_workflow_content(
    key: str, body: WrappedWorkflowRequestRequest, caller: ServiceCaller
) -> dict[str, Any]:
    """What would be refused is refused here too; nothing is kept."""
    content = _checked(key, body)
    return {"workflow": {**content, "key": key, "environment": caller.slug, "valid": True}}


@router.put("/workflows/{key:id}")
async def upsert_workflow_content(
    key: str, body: WrappedWorkflowRequestRequest, caller: ServiceCaller, database: Db, query: QueryString
) -> dict[str, Any]:
    """Keep the content as a draft; `commit=true` publishes it at once. Runs in flight keep their version."""
    _require_editable(caller, query)
    content = _checked(key, body)
    async with database.transaction() as connection:
        await save(connection, caller.environment_id, key, content)
        if query.text("commit") == "true":
            await commit(connection, caller.environment_id, key, query.text("commit_message"))
        row = await find_workflow(connection, caller.environment_id, key)
    assert row is not None  # it was saved in this transaction
    return {"workflow": _workflow(row, caller.slug)}


@router.put("/commits")
async def commit_all(caller: ServiceCaller, database: Db, query: QueryString) -> dict[str, Any]:
    """Publish the drafts of the environment, all or none; `committed` names those that changed.

    `resource_type` and `resource_id` choose one workflow among them.
    """
    key = _chosen(query)
    async with database.transaction() as connection:
        changed = await commit(connection, caller.environment_id, key, query.text("commit_message"))
    return {"result": "success", "committed": changed}


def _chosen(query: QueryString) -> str | None:
    """The one workflow to commit, or None for everything."""
    kind, key = query.text("resource_type"), query.text("resource_id")
    if kind not in (None, "workflow"):
        raise InvalidParams.of("resource_type", f'"{kind}" is not supported by this release; use "workflow"')
    if key is not None and kind is None:
        raise InvalidParams.of("resource_type", 'is needed beside resource_id: "workflow"')
    return key


def _checked(key: str, body: WrappedWorkflowRequestRequest) -> dict[str, Any]:
    if not KEY.fullmatch(key):
        raise InvalidParams.of("key", "must be 1 to 255 of a-z, 0-9, _ and -")
    content = content_of(body.workflow)
    try:
        validate(content)
    except NotPublishable as refused:
        errors = [mistake.error() for mistake in refused.mistakes]
        told = "; ".join(f"{mistake.path}: {mistake.message}" for mistake in refused.mistakes[:20])
        raise InvalidParams(f'The workflow "{key}" cannot be published. {told}', errors) from refused
    return content


def _require_editable(caller: Credential, query: QueryString) -> None:
    if caller.slug != EDITABLE and query.text("force") != "true":
        raise InvalidParams.of(
            "environment", f"content is edited in {EDITABLE}; add force=true to edit it in {caller.slug}"
        )


def _workflow(row: DictRow, environment: str) -> dict[str, Any]:
    content = row["definition"] if row["draft"] is None else row["draft"]
    return {
        "categories": [],
        "tags": [],
        "conditions": None,
        "settings": {"is_commercial": False, "override_preferences": False},
        "trigger_frequency": "every_trigger",
        **content,
        "key": row["key"],
        "active": row["active"],
        "valid": True,
        "environment": environment,
        "sha": hash_of(content),
        "created_at": row["inserted_at"],
        "updated_at": row["updated_at"],
    }
