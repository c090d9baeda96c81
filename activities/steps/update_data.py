"""Performs update data steps: what is rendered becomes data of the run (E-UPDATE-13)."""

from activities.conclusions import (
    Conclusion,
    Mishap,
    StepMistake,
    changes,
    failed,
    left_out,
    redacted,
    redaction_of,
    write_down,
)
from activities.objects import render_object, rendering
from activities.performs import performs
from activities.scopes import build_scope
from activities.standing import Standing, load
from activities.versions import Versions
from models.database import Database
from models.tables.run_events import LogLine
from rendering.environment import TemplateError
from workflows_engine import effects
from workflows_engine.effects.steps import StepAnswer, StepAsk
from workflows_engine.scope import RunScope


class DataSteps:
    """Performs `update_data`."""

    def __init__(self, database: Database, versions: Versions) -> None:
        self._database = database
        self._versions = versions

    @performs(effects.update_data)
    async def update_data(self, ask: StepAsk) -> StepAnswer:
        """Merge into the run's data, with what changed in the log."""
        async with self._database.connection() as connection:
            standing = await load(connection, self._versions, ask)
            scope = await build_scope(connection, standing)
        conclusion = left_out(ask, standing, scope) or think(ask, standing, scope)
        return await write_down(self._database, ask, standing, "update_data", conclusion)


def think(ask: StepAsk, standing: Standing, scope: RunScope) -> Conclusion[StepAnswer]:
    """A shallow merge; a template that names what is missing fails the step (E-UPDATE-14)."""
    settings = standing.version.definition.step(ask.step_ref).settings
    text = rendering(standing, scope, ask.now, is_strict=True)
    redaction = redaction_of(standing)
    try:
        given = render_object(settings.data, text, "data", decodes=True)
    except TemplateError as error:
        return failed(ask, Mishap("template error", redaction.text(error.message)))
    except StepMistake as error:
        return failed(ask, Mishap("data is no JSON object", redaction.text(str(error))))
    merged = {**standing.data, **given}
    told = redacted(standing, changes(standing.data, merged))
    answer = StepAnswer(reason=f"set {len(given)} {'key' if len(given) == 1 else 'keys'} of the data")
    return Conclusion(answer, LogLine(event="data_updated", attempt=ask.attempt, data=told), merged)
