"""Building the run scope from rows: what this step's conditions and templates see (E-RUN-14)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from activities.memberships import memberships_of
from activities.preferences import layers_of
from activities.refs import refs_of
from activities.standing import Standing, rendered_recipient
from activities.subscriptions import subscription_of
from activities.variables import variable_values
from models.database import Connection
from models.tables.batches import find_gathered
from models.tables.schedules import find_schedule_of_run
from models.values.kinds import TriggerSource
from models.values.refs import TENANTS, RecipientRef
from rendering.branding import branding
from rendering.content import Content
from workflows_engine.scope import RunScope


async def build_scope(connection: Connection, standing: Standing) -> RunScope:
    """The scope of the run as it stands; after a batch, with the gathered activities (E-BATCH-22)."""
    facts = standing.facts
    recipient = rendered_recipient(standing.ref, facts["recipient_properties"], facts["recipient_updated_at"])
    recipient |= subscription_of(facts)
    recipient |= await _schedule_of(connection, facts)
    recipient["preferences"] = layers_of(standing).resolved()
    activities = [_activity(row, recipient) for row in await _gathered(connection, standing)]
    return RunScope(
        recipient=recipient,
        # After a batch the last of the rendered activities speaks for them (E-BATCH-33).
        actor=activities[-1]["actor"] if activities else _actor_of(facts),
        tenant=_tenant_of(facts),
        data=standing.data,
        workflow=_workflow_of(standing),
        variables=variable_values(facts["variables"]) | {"branding": branding_of(standing)},
        activities=activities,
        total_activities=1 if facts["window_id"] is None else facts["total_activities"] or 0,
        actors=_unique_actors(activities),
        total_actors=_total_actors(facts),
        secrets=standing.secrets,
        secret_keys=frozenset(facts["secrets"] or ()),
        refs=await refs_of(connection, standing),
        memberships=await memberships_of(connection, standing),
        timestamp=activities[-1]["inserted_at"] if activities else _iso(facts["inserted_at"]),
    )


async def _schedule_of(connection: Connection, facts: DictRow) -> dict[str, Any]:
    """`recipient.schedule` in a run that a schedule started, while that schedule exists (E-RUN-14)."""
    if facts["trigger_source"] != TriggerSource.SCHEDULE:
        return {}
    row = await find_schedule_of_run(connection, facts["environment_id"], facts["workflow_run_id"])
    if row is None:
        return {}
    moments = {name: row[name] and _iso(row[name]) for name in ("last_occurrence_at", "next_occurrence_at")}
    return {"schedule": {"id": str(row["id"]), **moments}}


def branding_of(standing: Standing, layout: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`vars.branding`: the tenant's, over the layout's, over the account's (E-TEMPLATE-4)."""
    settings = (standing.facts["tenant_properties"] or {}).get("settings")
    own = settings.get("branding") if isinstance(settings, dict) else None
    return branding(standing.facts["account_branding"], layout, own)


def content_of(standing: Standing, device_locale: str | None = None) -> Content:
    """The partials and translations for this run's recipient and tenant (E-TEMPLATE-31, E-TEMPLATE-32)."""
    facts = standing.facts
    if not facts["translations_enabled"]:
        return Content(standing.around.partials)
    locale = device_locale or (facts["recipient_properties"] or {}).get("locale")
    return standing.around.content(
        locale if isinstance(locale, str) else None, facts["account_locale"], facts["tenant_id"]
    )


async def _gathered(connection: Connection, standing: Standing) -> list[DictRow]:
    """The rows of the activities to render, oldest first: the run's own, or a closed window's."""
    facts = standing.facts
    if facts["window_id"] is None:
        return [facts]
    settings = standing.version.definition.step(facts["window_step_ref"]).settings
    return await find_gathered(
        connection,
        facts["environment_id"],
        facts["window_id"],
        limit=settings.render_limit,
        newest=settings.order == "desc",
    )


def _activity(row: DictRow, recipient: dict[str, Any]) -> dict[str, Any]:
    """An activity shows its trigger's data flat and under `data` (E-RUN-16)."""
    data = {**row["shared_data"], **(row["trigger_data"] or {})}
    stamp = _iso(row["inserted_at"])
    return {
        **data,
        "id": row["activity_id"],
        "inserted_at": stamp,
        "updated_at": stamp,
        "actor": _actor_of(row),
        "recipient": recipient,
        "data": data,
    }


def _actor_of(row: DictRow) -> dict[str, Any] | None:
    if row["actor_id"] is None:
        return None
    ref = RecipientRef(collection=row["actor_collection"], id=row["actor_id"])
    return rendered_recipient(ref, row["actor_properties"], row["actor_updated_at"])


def _unique_actors(activities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    unique: dict[tuple[str | None, str], dict[str, Any]] = {}
    for activity in activities:
        actor = activity["actor"]
        if actor is not None:
            unique.setdefault((actor.get("collection"), actor["id"]), actor)
    return list(unique.values())


def _total_actors(facts: DictRow) -> int:
    if facts["window_id"] is not None:
        return facts["total_actors"] or 0
    return 0 if facts["actor_id"] is None else 1


def _tenant_of(facts: DictRow) -> dict[str, Any] | None:
    if facts["tenant_id"] is None:
        return None
    ref = RecipientRef(collection=TENANTS, id=facts["tenant_id"])
    tenant = rendered_recipient(ref, facts["tenant_properties"], facts["tenant_updated_at"])
    settings = tenant.get("settings")
    if isinstance(settings, dict) and "preference_set" in settings:
        # Preference conditions in Knock's documents call it `preferences` (E-RUN-14).
        tenant["settings"] = {"preferences": settings["preference_set"], **settings}
    return tenant


def _workflow_of(standing: Standing) -> dict[str, Any]:
    definition = standing.version.definition
    return {
        "id": str(standing.version.id),
        "key": standing.version.key,
        "name": definition.name,
        "categories": definition.categories,
        "commercial": definition.settings.is_commercial,
        "override_preferences": definition.settings.override_preferences,
        "cancellation_key": standing.facts["cancellation_key"],
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat()
