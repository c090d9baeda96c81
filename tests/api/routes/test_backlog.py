"""What a caller notices of a backlog."""

import time

from api.app import create_app
from api.routes.workflows import HOLD_SECONDS
from api.settings import ApiSettings
from dispatch.temporal import Temporal
from models.database import Database
from models.tables.backlogs import tell_waited
from tests.api.conftest import client_of
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.runs import rows


async def test_a_caller_waits_while_its_tenant_has_a_backlog_and_is_served_once_it_is_over(
    settings: ApiSettings, database: Database, temporal: Temporal, environment: TestEnvironment
) -> None:
    await publish(database, environment, "greet", workflow(in_app_step()))
    app = create_app(settings, database=database, temporal=temporal)
    async with database.connection() as connection:
        await tell_waited(connection, environment.id, "acme", settings.longest_wait + 1)
    began = time.monotonic()
    sql = "SELECT count(*) FROM backlogs WHERE environment_id = %s AND seen_at > now() - interval '3 seconds'"

    async with client_of(app, environment.secret_key) as client:
        body = {"recipients": ["ada"], "tenant": "acme"}
        answer = await client.post("/v1/workflows/greet/trigger", json=body)

    assert answer.status_code == 200, answer.text
    assert time.monotonic() > began + HOLD_SECONDS
    (still,) = await rows(database, sql, environment.id)
    assert still["count"] == 0
