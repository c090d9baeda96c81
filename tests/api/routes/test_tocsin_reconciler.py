from datetime import UTC, datetime

import pytest

from models.database import Database
from models.tables.reconciliations import count_runs, note_round
from tests.api.conftest import Client
from tests.environments import TestEnvironment

PATH = "/v1/tocsin/reconciler"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
async def reported(database: Database, environment: TestEnvironment) -> None:
    async with database.connection() as connection:
        await note_round(connection, environment.id, NOON, {"runs_restarted": 2})
        await note_round(connection, environment.id, NOON, {"runs_restarted": 1, "cancels_told": 4})
        await count_runs(connection, environment.id, NOON, running=None)


@pytest.mark.usefixtures("reported")
async def test_operators_read_what_was_healed_with_a_secret_key_or_a_service_token(
    client: Client, manager: Client, environment: TestEnvironment
) -> None:
    report = await client.found(PATH)

    assert (report["environment"], report["rounds"], report["at"]) == (
        environment.slug,
        2,
        report["found_at"],
    )
    assert (report["accepted_runs"], report["finished_runs"], report["open_runs"]) == (0, 0, 0)
    healed = {one["kind"]: (one["total"], one["last"]) for one in report["differences"] if one["total"]}
    assert healed == {"runs_restarted": (3, 1), "cancels_told": (4, 4)}
    assert await manager.found(PATH) == report


@pytest.mark.usefixtures("reported")
@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("text/html, application/json;q=0.9", "text/html"),
        ("application/json, text/html", "application/json"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("*/*", "application/json"),
    ],
)
async def test_a_page_is_for_those_who_would_rather_have_html(
    client: Client, accept: str, kind: str, environment: TestEnvironment
) -> None:
    answer = await client.get(PATH, headers={"accept": accept})

    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == kind
    assert environment.slug in answer.text
    assert "accepted runs whose workflow is gone: started again" in answer.text


async def test_an_environment_without_a_round_says_what_to_look_for(client: Client) -> None:
    told = await client.refused("GET", PATH)
    assert (told["status"], "task queue bulk" in told["message"]) == (404, True)


async def test_strangers_see_no_report(stranger: Client) -> None:
    assert (await stranger.refused("GET", PATH))["status"] == 401
