from typing import Any

import pytest

from activities.steps.update_data import DataSteps
from activities.versions import Versions
from tests.every_step import step
from tests.stepping import Bench
from workflows_engine.effects.steps import Verdict


def updating(data: str, **more: Any) -> dict[str, Any]:
    return step("update_data", "data_1", data=data) | more


@pytest.fixture
def steps(bench: Bench, versions: Versions) -> DataSteps:
    return DataSteps(bench.database, versions)


@pytest.mark.rule("E-UPDATE-13", "E-RUN-18", "E-UPDATE-1")
@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('{"b": 2}', {"nested": {"x": 1, "y": 2}, "word": 'say "hi"', "n": 4, "b": 2}),
        ('{"nested": {"z": 3}}', {"nested": {"z": 3}, "word": 'say "hi"', "n": 4}),
        ('{"nested.x": 9}', {"nested": {"x": 1, "y": 2}, "word": 'say "hi"', "n": 4, "nested.x": 9}),
        (
            '{% if data.n > 3 %}{"n": null}{% endif %}',
            {"nested": {"x": 1, "y": 2}, "word": 'say "hi"', "n": None},
        ),
        (
            "{{ data.nested | json }}",
            {"nested": {"x": 1, "y": 2}, "word": 'say "hi"', "n": 4, "x": 1, "y": 2},
        ),
    ],
)
async def test_top_level_keys_are_added_or_replaced_whole(
    bench: Bench, steps: DataSteps, written: str, expected: dict[str, Any]
) -> None:
    given = {"nested": {"x": 1, "y": 2}, "word": 'say "hi"', "n": 4}
    run = await bench.run(updating(written), data=given)

    answer = await steps.update_data(run.ask("data_1"))

    assert answer.verdict is Verdict.DONE
    assert await bench.data(run) == expected


@pytest.mark.rule("E-UPDATE-15")
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{{ data.n | plus: 1 }}", 5),
        ("{% if data.n %}true{% endif %}", True),
        ("{{ data.list | json }}", [1, "a"]),
        ("{{ data.word }}", 'say "hi"'),
        ("{{ recipient.name }} is {{ data.n }}", "Ada is 4"),
        ("4", "4"),
        ("007", "007"),
    ],
)
async def test_a_rendered_value_is_what_its_json_says_and_else_a_text(
    bench: Bench, steps: DataSteps, value: str, expected: Any
) -> None:
    written = '{"out": "' + value + '"}'
    run = await bench.run(updating(written), data={"n": 4, "word": 'say "hi"', "list": [1, "a"]})

    await steps.update_data(run.ask("data_1"))

    assert (await bench.data(run) or {})["out"] == expected


@pytest.mark.rule("E-UPDATE-14", "E-UPDATE-1", "E-RUN-7", "E-LIMITS-21")
@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('{"a": "{{ data.missing }}"}', "data.missing"),
        ('{"a": "{{ data.missing | upcase }}"}', "data.missing"),
        ('{"a": {{ data.zero | divided_by: 0 }} }', "divided"),
        ("[1, 2]", "not to a list"),
        ('"text"', "not to a text"),
        ("{{ data.zero }}", "not to a number"),
        ('{"a": 1,}', "line 1"),
        (" ", "JSON object"),
    ],
)
async def test_what_does_not_render_to_an_object_fails_after_three_attempts(
    bench: Bench, steps: DataSteps, written: str, said: str
) -> None:
    run = await bench.run(updating(written), data={"zero": 0})

    first = await steps.update_data(run.ask("data_1"))
    last = await bench.insist(steps.update_data, run, "data_1")

    assert (first.verdict, last.verdict) == (Verdict.RETRY, Verdict.FAIL)
    assert await bench.data(run) is None
    lines = await bench.log(run, "step_failed")
    assert [line["attempt"] for line in lines] == [1, 2, 3]
    assert said in lines[-1]["data"]["error"]


@pytest.mark.rule("E-UPDATE-14")
async def test_a_default_stands_in_for_what_is_missing(bench: Bench, steps: DataSteps) -> None:
    written = '{"a": "{{ data.missing | default: \'x\' }}{% if data.missing %}y{% endif %}"}'
    run = await bench.run(updating(written))

    await steps.update_data(run.ask("data_1"))

    assert await bench.data(run) == {"a": "x"}


@pytest.mark.rule("E-UPDATE-7")
async def test_the_log_holds_what_changed_before_and_after(bench: Bench, steps: DataSteps) -> None:
    run = await bench.run(updating('{"a": 2, "new": 3, "same": 1}'), data={"a": 1, "same": 1})

    await steps.update_data(run.ask("data_1"))

    (line,) = await bench.log(run, "data_updated")
    assert line["data"] == {"before": {"a": 1}, "after": {"a": 2, "new": 3}}


async def test_an_update_that_is_asked_again_answers_the_same_and_writes_once(
    bench: Bench, steps: DataSteps
) -> None:
    run = await bench.run(updating('{"n": "{{ data.n | plus: 1 }}"}'), data={"n": 1})

    answers = [await steps.update_data(run.ask("data_1")) for _ in range(2)]

    assert answers[0] == answers[1]
    assert await bench.data(run) == {"n": 2}
    assert len(await bench.log(run, "data_updated")) == 1


async def test_an_update_whose_conditions_do_not_hold_is_skipped(bench: Bench, steps: DataSteps) -> None:
    never = {"all": [{"variable": "data.n", "operator": "equal_to", "argument": "9"}]}
    run = await bench.run(updating('{"n": 2}', conditions=never), data={"n": 1})

    answer = await steps.update_data(run.ask("data_1"))

    assert (answer.verdict, await bench.data(run)) == (Verdict.SKIP, None)
    (line,) = await bench.log(run, "step_skipped")
    assert line["data"]["conditions"]
