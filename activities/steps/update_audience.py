"""Performs update audience steps: the run's user joins or leaves a static audience (E-UPDATE-10)."""

from activities.conclusions import Conclusion, left_out, skipped, write_down
from activities.performs import performs
from activities.scopes import build_scope
from activities.standing import Standing, load
from activities.versions import Versions
from models.database import Connection, Database
from models.queries.resources import find_resource
from models.tables.audience_members import Membership, add_members, remove_members
from models.tables.run_events import LogLine
from models.values.content import ContentType, Name
from workflows_engine import effects
from workflows_engine.effects.steps import StepAnswer, StepAsk
from workflows_engine.steps.update_audience import UpdateAudienceSettings


class AudienceSteps:
    """Performs `update_audience`."""

    def __init__(self, database: Database, versions: Versions) -> None:
        self._database = database
        self._versions = versions

    @performs(effects.update_audience)
    async def update_audience(self, ask: StepAsk) -> StepAnswer:
        """Who is in already, or out already, stays so; the log says that nothing changed."""
        async with self._database.connection() as connection:
            standing = await load(connection, self._versions, ask)
            scope = await build_scope(connection, standing)
            conclusion = left_out(ask, standing, scope) or await _unfit(connection, ask, standing)
            conclusion = conclusion or think(ask, standing)
        return await write_down(self._database, ask, standing, "update_audience", conclusion)


def think(ask: StepAsk, standing: Standing) -> Conclusion[StepAnswer]:
    """The run's user, with the run's tenant, joins or leaves (E-UPDATE-12)."""
    settings = _settings(ask, standing)
    membership = Membership(user_id=standing.ref.id, tenant_id=standing.facts["tenant_id"])

    async def change(connection: Connection) -> LogLine:
        audience = (connection, ask.environment_id, settings.audience_key)
        if settings.action == "add":
            changed = await add_members(*audience, [membership], ask.now)
        else:
            changed = await remove_members(*audience, [membership])
        told = {**settings.model_dump(), "tenant": membership.tenant_id, "changed": bool(changed)}
        return LogLine(event="audience_updated", attempt=ask.attempt, data=told)

    done = "added to" if settings.action == "add" else "removed from"
    return Conclusion(StepAnswer(reason=f"{done} an audience"), carry_out=change)


async def _unfit(connection: Connection, ask: StepAsk, standing: Standing) -> Conclusion[StepAnswer] | None:
    """Why nobody can be added or removed: objects are in no audience, dynamic ones have conditions."""
    if not standing.ref.is_user:
        return skipped("only users are members of audiences", is_error=True)
    name = Name(ContentType.AUDIENCE, _settings(ask, standing).audience_key)
    found = await find_resource(connection, standing.facts["content_environment_id"], name)
    told = {"audience_key": name.key}
    if found is None or found["content"] is None:
        return skipped("the audience is not published in this environment", is_error=True, **told)
    if found["content"].get("type") != "static":
        return skipped("the members of a dynamic audience are found by its conditions", is_error=True, **told)
    return None


def _settings(ask: StepAsk, standing: Standing) -> UpdateAudienceSettings:
    settings: UpdateAudienceSettings = standing.version.definition.step(ask.step_ref).settings
    return settings
