from datetime import timedelta
from typing import Any

import pytest

from activities.steps.update_recipient import RecipientSteps
from activities.versions import Versions
from models.queries.variables import Kept, delete_variable, upsert_variable, write_base
from models.tables.preference_sets import find_preference_sets
from models.tables.variables import seal_purpose
from models.values.refs import RecipientRef
from tests.every_step import step
from tests.houses import SEALER
from tests.runs import NOON, rows
from tests.stepping import Bench
from workflows_engine.effects.steps import Verdict

CURRENT = {"recipient_mode": "current"}


def user(properties: str, **settings: Any) -> dict[str, Any]:
    return step("update_user", "up", update_properties=properties, **(settings or CURRENT))


def tenant(properties: str, **settings: Any) -> dict[str, Any]:
    return step("update_tenant", "up", update_properties=properties, **(settings or CURRENT))


def an_object(properties: str, gid: str) -> dict[str, Any]:
    return step("update_object", "up", update_properties=properties, recipient_gid=gid)


def named(gid: str) -> dict[str, Any]:
    return {"recipient_mode": "reference", "recipient_gid": gid}


@pytest.fixture
def steps(bench: Bench, versions: Versions) -> RecipientSteps:
    return RecipientSteps(bench.database, versions)


@pytest.mark.rule("E-UPDATE-1", "E-UPDATE-3")
async def test_properties_of_the_runs_user_are_merged_deeply(bench: Bench, steps: RecipientSteps) -> None:
    ada = {"id": "ada", "name": "Ada", "address": {"city": "London", "zip": 1}, "tags": ["a", "b"]}
    run = await bench.run(
        user('{"address": {"zip": {{ data.zip }} }, "tags": ["c"], "seen": "{{ data.word }}"}'),
        ada,
        data={"zip": 2, "word": "yes"},
    )

    answer = await steps.update_recipient(run.ask("up"))

    assert answer.verdict is Verdict.DONE
    assert await bench.properties("$users", "ada") == {
        "name": "Ada",
        "address": {"city": "London", "zip": 2},
        "tags": ["c"],
        "seen": "yes",
    }


@pytest.mark.rule("E-UPDATE-2", "E-UPDATE-1", "E-SHAPE-5")
@pytest.mark.parametrize(
    ("written", "collection", "made"),
    [
        (user('{"plan": "pro"}', **named("gid://Object/$users/{{ data.who }}")), "$users", "bob"),
        (tenant('{"plan": "pro"}', **named("gid://Object/$tenants/{{ data.who }}")), "$tenants", "bob"),
        (an_object('{"plan": "pro"}', "gid://Object/never_seen/{{ data.who }}/1"), "never_seen", "bob/1"),
        (an_object('{"plan": "pro"}', "gid://Object/{{ data.kind }}/{{ data.who }}"), "ships", "bob"),
    ],
)
async def test_whoever_is_not_there_is_created_also_in_a_new_collection(
    bench: Bench, steps: RecipientSteps, written: dict[str, Any], collection: str, made: str
) -> None:
    run = await bench.run(written, data={"who": "bob", "kind": "ships"})

    await steps.update_recipient(run.ask("up"))

    assert await bench.properties(collection, made) == {"plan": "pro"}
    (line,) = await bench.log(run, "recipient_updated")
    gid = f"gid://Object/{collection}/{made}"
    assert line["data"] == {"recipient_gid": gid, "after": {"plan": "pro"}}


@pytest.mark.rule("E-UPDATE-4")
async def test_preferences_of_users_and_objects_are_merged_by_set(
    bench: Bench, steps: RecipientSteps
) -> None:
    first = '{"preferences": {"default": {"channel_types": {"email": true}}}}'
    second = (
        '{"preferences": {"default": {"channel_types": {"sms": false}}, "acme": {"workflows": {"w": false}}}}'
    )
    for written in (first, second):
        run = await bench.run(an_object(written, "gid://Object/ships/1"))
        await steps.update_recipient(run.ask("up"))

    async with bench.database.connection() as connection:
        ref = RecipientRef(collection="ships", id="1")
        sets = await find_preference_sets(connection, bench.environment.id, ref)
    assert sets["default"]["channel_types"] == {"email": True, "sms": False}
    assert sets["acme"]["workflows"] == {"w": False}
    assert await bench.properties("ships", "1") == {}


@pytest.mark.rule("E-UPDATE-4")
async def test_a_tenants_defaults_are_merged_in_its_settings_and_never_its_preferences(
    bench: Bench, steps: RecipientSteps
) -> None:
    for kind in ("email", "sms"):
        settings = f'{{"preference_set": {{"channel_types": {{"{kind}": false}}}}}}'
        run = await bench.run(
            tenant(f'{{"settings": {settings}, "preferences": {{"default": {{}}}}}}'), tenant_id="acme"
        )
        await steps.update_recipient(run.ask("up"))

    kept = {"settings": {"preference_set": {"channel_types": {"email": False, "sms": False}}}}
    assert await bench.properties("$tenants", "acme") == kept


@pytest.mark.rule("E-UPDATE-5")
async def test_channel_data_and_ids_are_left_alone_and_not_logged(
    bench: Bench, steps: RecipientSteps
) -> None:
    written = '{"name": "Eve", "id": "eve", "channel_data": {"c": {"tokens": ["t"]}}}'
    run = await bench.run(user(written), {"id": "ada"})

    await steps.update_recipient(run.ask("up"))

    assert await bench.properties("$users", "ada") == {"name": "Eve"}
    (line,) = await bench.log(run, "recipient_updated")
    assert line["data"] == {
        "recipient_gid": "gid://Object/$users/ada",
        "before": {},
        "after": {"name": "Eve"},
    }
    sql = "SELECT * FROM channel_data WHERE environment_id = %s"
    assert await rows(bench.database, sql, bench.environment.id) == []


@pytest.mark.rule("E-UPDATE-6")
@pytest.mark.parametrize(
    ("written", "recipient", "said"),
    [
        (user("{}"), {"id": "p1", "collection": "projects"}, "not a user"),
        (tenant("{}"), {"id": "ada"}, "no tenant"),
    ],
)
async def test_a_run_without_whom_the_step_means_skips_it_with_an_error(
    bench: Bench, steps: RecipientSteps, written: dict[str, Any], recipient: Any, said: str
) -> None:
    run = await bench.run(written, recipient)

    answer = await steps.update_recipient(run.ask("up"))

    assert answer.verdict is Verdict.SKIP
    (line,) = await bench.log(run, "step_skipped")
    assert (line["status"], said in line["data"]["reason"]) == ("error", True)


@pytest.mark.rule("E-UPDATE-7")
async def test_the_log_holds_what_changed_of_somebody_who_was_there(
    bench: Bench, steps: RecipientSteps
) -> None:
    run = await bench.run(
        user('{"plan": "pro", "name": "Ada", "size": 3}'), {"id": "ada", "name": "Ada", "plan": "free"}
    )

    await steps.update_recipient(run.ask("up"))

    (line,) = await bench.log(run, "recipient_updated")
    assert line["data"] == {
        "recipient_gid": "gid://Object/$users/ada",
        "before": {"plan": "free"},
        "after": {"plan": "pro", "size": 3},
    }


@pytest.mark.rule("E-VARS-3", "E-FETCH-12")
async def test_the_log_of_an_update_shows_no_secret(bench: Bench, steps: RecipientSteps) -> None:
    key = f"s_{bench.environment.slug.replace('-', '_')}"
    async with bench.database.transaction() as connection:
        await upsert_variable(connection, key, "secret", None, NOON)
        await write_base(connection, key, Kept(sealed=SEALER.seal("hunter2", seal_purpose(key, None))), NOON)
    try:
        run = await bench.run(user(f'{{"pass": "{{{{ vars.{key} }}}}"}}'), {"id": "ada"})
        await steps.update_recipient(run.ask("up"))
    finally:
        async with bench.database.connection() as connection:
            await delete_variable(connection, key)

    assert await bench.properties("$users", "ada") == {"pass": "hunter2"}
    (line,) = await bench.log(run, "recipient_updated")
    assert line["data"]["after"] == {"pass": "[REDACTED]"}


@pytest.mark.rule("E-UPDATE-1", "E-RUN-7")
@pytest.mark.parametrize(
    ("written", "said"),
    [
        (user("[1]"), "JSON object"),
        (user("{{ data.n | divided_by: 0 }}"), "template error"),
        (user("{}", **named("gid://Object/$users/{{ data.missing }}")), "global id"),
        (user("{}", **named("gid://Object/$users/{{ data.slash }}")), "must not contain /"),
        (user("{}", **named("{{ data.gid }}")), "cannot update recipients in ships"),
        (an_object("{}", "gid://Object/{{ data.users }}/ada"), "cannot update recipients in $users"),
        (user('{"preferences": ["default"]}'), "preference sets"),
        (user('{"preferences": {"default": true}}'), "preferences.default"),
        (user('{"preferences": {"default": {"channel_types": {"email": "junk"}}}}'), "preferences.default"),
        (user('{"email": 7}'), "update_properties: email: must be a text or null"),
    ],
)
async def test_a_step_that_names_nobody_or_nothing_fails_after_three_attempts(
    bench: Bench, steps: RecipientSteps, written: dict[str, Any], said: str
) -> None:
    data = {"n": 1, "slash": "a/b", "gid": "gid://Object/ships/1", "users": "$users"}
    run = await bench.run(written, {"id": "ada"}, data=data)

    answer = await bench.insist(steps.update_recipient, run, "up")

    assert answer.verdict is Verdict.FAIL
    lines = await bench.log(run, "step_failed")
    assert len(lines) == 3
    assert said in lines[-1]["data"]["error"]
    assert await bench.properties("$users", "ada") == {}


async def test_an_update_that_is_asked_again_is_not_written_over_what_came_between(
    bench: Bench, steps: RecipientSteps
) -> None:
    run = await bench.run(user('{"plan": "pro"}'), {"id": "ada"})
    await steps.update_recipient(run.ask("up"))
    await rows(
        bench.database,
        """UPDATE recipients SET properties = '{"plan": "gold"}' WHERE environment_id = %s RETURNING id""",
        bench.environment.id,
    )

    await steps.update_recipient(run.ask("up", NOON + timedelta(hours=1)))

    assert await bench.properties("$users", "ada") == {"plan": "gold"}


@pytest.mark.rule("E-UPDATE-1", "E-RUN-7", "E-TENANT-3")
@pytest.mark.parametrize("settings", ["5", '{"preference_set": 5}', '{"branding": "x"}'])
async def test_settings_that_no_tenant_can_have_fail_the_step_and_are_not_written(
    bench: Bench, steps: RecipientSteps, settings: str
) -> None:
    run = await bench.run(tenant(f'{{"settings": {settings}}}'), tenant_id="acme")

    answer = await bench.insist(steps.update_recipient, run, "up")

    assert answer.verdict is Verdict.FAIL
    assert "update_properties: settings" in (await bench.log(run, "step_failed"))[-1]["data"]["error"]
    assert "settings" not in (await bench.properties("$tenants", "acme") or {})
