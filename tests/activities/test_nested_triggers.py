"""What a trigger workflow step asks for."""

from typing import Any
from uuid import uuid4

import pytest

from activities.conclusions import StepMistake
from activities.nested_triggers import DEFAULTS, read_request
from activities.objects import rendering
from activities.scopes import build_scope
from activities.standing import load
from activities.versions import Versions
from dispatch.triggers import Origin, TriggerRequest
from models.database import Database
from models.values.given import GivenMistake
from models.values.refs import RecipientRef
from tests.environments import TestEnvironment
from tests.every_step import step
from tests.houses import SEALER
from tests.runs import NOON
from tests.stepping import Bench
from workflows_engine.steps.trigger_workflow import TriggerWorkflowSettings

WRITTEN_OUT = {
    "recipients": "{{ recipient.id }}",
    "actor": "{{ actor.id }}",
    "tenant": "{{ tenant.id }}",
    "data": "{{ data | json }}",
    "cancellation_key": "{{ workflow.cancellation_key }}",
}
SHIP = {"id": "s1", "collection": "ships"}
OF_THE_RUN: dict[str, Any] = {
    "actor_id": "bob",
    "actor_collection": "$users",
    "tenant_id": "acme",
    "cancellation_key": "stop",
}


@pytest.fixture
def bench(database: Database, environment: TestEnvironment) -> Bench:
    return Bench(database, environment)


async def asked(bench: Bench, settings: dict[str, Any], recipient: Any = None, **more: Any) -> TriggerRequest:
    """What a run with this recipient asks for."""
    written = {"workflow_key": "child", **settings}
    run = await bench.run(step("trigger_workflow", "next", **written), recipient, **more)
    async with bench.database.connection() as connection:
        standing = await load(connection, Versions(SEALER), run.ask("next"))
        scope = await build_scope(connection, standing)
    text = rendering(standing, scope, NOON)
    parsed = TriggerWorkflowSettings.model_validate(written)
    return read_request(parsed, standing, text, Origin(trigger_id=uuid4()))


def test_the_defaults_are_those_of_the_contract() -> None:
    assert {name: "".join(text.split()) for name, text in WRITTEN_OUT.items()} == DEFAULTS


@pytest.mark.rule("E-TRIGGERWF-1", "E-TRIGGERWF-6")
@pytest.mark.parametrize("settings", [{}, WRITTEN_OUT, dict.fromkeys(WRITTEN_OUT)])
@pytest.mark.parametrize("recipient", [{"id": "ada"}, SHIP])
async def test_what_is_left_out_or_untouched_is_the_runs_own(
    bench: Bench, settings: dict[str, Any], recipient: dict[str, Any]
) -> None:
    request = await asked(bench, settings, recipient, data={"n": [1], "z": 1, "a": 2}, **OF_THE_RUN)

    collection = recipient.get("collection", "$users")
    assert [one.ref for one in request.recipients] == [
        RecipientRef(id=recipient["id"], collection=collection)
    ]
    assert request.actor is not None
    assert request.tenant is not None
    assert (request.actor.ref.id, request.tenant.id, request.cancellation_key) == ("bob", "acme", "stop")
    assert request.data == {"n": [1], "z": 1, "a": 2}
    assert request.workflow_key == "child"


@pytest.mark.rule("E-TRIGGERWF-7")
@pytest.mark.parametrize("empty", ["", " ", "{{ data.missing }}", "{% if false %}x{% endif %}"])
async def test_what_renders_to_nothing_is_absent(bench: Bench, empty: str) -> None:
    settings = dict.fromkeys(["actor", "tenant", "cancellation_key", "data"], empty)

    request = await asked(bench, settings, data={"n": 1}, **OF_THE_RUN)

    assert (request.actor, request.tenant, request.cancellation_key, request.data) == (None, None, None, {})


@pytest.mark.rule("E-TRIGGERWF-7", "E-TRIGGERWF-1")
async def test_a_run_without_actor_tenant_and_key_gives_none(bench: Bench) -> None:
    request = await asked(bench, WRITTEN_OUT)

    assert (request.actor, request.tenant, request.cancellation_key) == (None, None, None)


@pytest.mark.rule("E-TRIGGERWF-6")
@pytest.mark.parametrize(
    ("recipients", "expected"),
    [
        ("{{ data.who }}", [("$users", "eve")]),
        ("123", [("$users", "123")]),
        ("true", [("$users", "true")]),
        ('"eve"', [("$users", "eve")]),
        ("{{ data.many | json }}", [("$users", "a"), ("ships", "s1")]),
        ('["{{ data.who }}", {"id": "x", "name": "X"}]', [("$users", "eve"), ("$users", "x")]),
        ('{"id": "s2", "collection": "ships"}', [("ships", "s2")]),
    ],
)
async def test_recipients_are_one_or_several_ids_or_references(
    bench: Bench, recipients: str, expected: list[tuple[str, str]]
) -> None:
    data = {"who": "eve", "many": ["a", SHIP]}

    request = await asked(bench, {"recipients": recipients}, data=data)

    assert [(one.ref.collection, one.ref.id) for one in request.recipients] == expected


@pytest.mark.rule("E-TRIGGERWF-1")
async def test_every_setting_is_liquid(bench: Bench) -> None:
    settings = {
        "workflow_key": "{{ data.key }}",
        "actor": '{"id": "{{ data.who }}", "name": "E"}',
        "tenant": "{{ data.who }}-inc",
        "data": '{"x": {{ data.n }}}',
        "cancellation_key": "k-{{ data.n }}",
    }

    request = await asked(bench, settings, data={"key": "other", "who": "eve", "n": 3})

    assert request.actor is not None
    assert request.tenant is not None
    assert (request.workflow_key, request.actor.ref.id, request.tenant.id) == ("other", "eve", "eve-inc")
    assert (request.data, request.cancellation_key) == ({"x": 3}, "k-3")


@pytest.mark.rule("E-TRIGGERWF-5")
@pytest.mark.parametrize(
    "settings",
    [
        {"recipients": "{{ data.missing }}"},
        {"recipients": "[]"},
        {"recipients": "[7]"},
        {"recipients": "a/b"},
        {"recipients": "[" + ",".join(['"u"'] * 1001) + "]"},
        {"actor": "[]"},
        {"tenant": "a b"},
        {"tenant": "[1]"},
        {"data": "[1]"},
        {"data": "no json"},
        {"cancellation_key": "k" * 257},
        {"workflow_key": "{{ data.missing }}"},
    ],
)
async def test_what_no_trigger_may_hold_is_a_mistake(bench: Bench, settings: dict[str, Any]) -> None:
    with pytest.raises((GivenMistake, StepMistake)):
        await asked(bench, settings)
