from typing import Any

import pytest

from api.publishing import NotPublishable, cleaned, hash_of, validate
from tests.builders import batch_step, delay_step, email_step, fetch_step, in_app_step, workflow

LEAF = {"variable": "data.a", "operator": "equal_to", "argument": "1"}
UNJUDGED = {**LEAF, "operator": "contains"}


def mistakes(content: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(NotPublishable) as refused:
        validate(content)
    return {mistake.path: mistake.message for mistake in refused.value.mistakes}


def conditional(**conditions: Any) -> dict[str, Any]:
    return workflow(in_app_step(conditions=conditions))


@pytest.mark.parametrize(
    ("content", "path", "said"),
    [
        ({"steps": []}, "name", "required"),
        ({"name": "", "steps": []}, "name", "at least 1"),
        ({"name": "A"}, "steps", "required"),
        (workflow(colour="red"), "colour", "unknown"),
        (workflow({"type": "sms", "ref": "a"}), "steps[0]", "expected one of 'channel', 'delay'"),
        (workflow({"ref": "a"}), "steps[0]", "'type' is missing"),
        (workflow(in_app_step(channel_type="sms")), "steps[0]", "expected one of 'in_app_feed', 'email'"),
        (workflow(in_app_step(colour="red")), "steps[0].colour", "unknown"),
        (workflow(in_app_step(ref="a b")), "steps[0].ref", "pattern"),
        (workflow(in_app_step(template={"markdown_body": 7})), "steps[0].template.markdown_body", "string"),
        (workflow(in_app_step(), in_app_step()), "steps", 'the ref "in_app_1"'),
        (workflow(delay_step(unit="years")), "steps[0].settings.delay_for.unit", "'seconds', 'minutes'"),
        (workflow(batch_step(batch_order="up")), "steps[0].settings.batch_order", "'asc' or 'desc'"),
        (workflow(fetch_step(url="")), "steps[0].settings.url", "at least 1"),
        (workflow(fetch_step(url="/", headers=[{"key": 1}])), "steps[0].settings.headers[0].key", "string"),
        (conditional(all=[UNJUDGED]), "steps[0].conditions.all[0].operator", "equal_to"),
        (conditional(any=[UNJUDGED]), "steps[0].conditions.any[0].operator", "equal_to"),
        (conditional(any=[{"all": [{**LEAF, "x": 1}]}]), "steps[0].conditions.any[0].all[0].x", "unknown"),
        (conditional(all=[LEAF], any=[LEAF]), "steps[0].conditions", "not both"),
        (workflow(in_app_step(body="{% if %}")), "steps[0].template.markdown_body", "line 1"),
        (workflow(in_app_step(body="a\n{{ b | c }}")), "steps[0].template.markdown_body", "line 2"),
        (workflow(email_step(subject="{{")), "steps[0].template.subject", "Liquid error"),
        (workflow(fetch_step(url="{{ a | b }}")), "steps[0].settings.url", "unknown filter 'b'"),
    ],
)
def test_a_mistake_is_told_at_its_path_with_what_was_expected(
    content: dict[str, Any], path: str, said: str
) -> None:
    found = mistakes(content)
    assert said in found[path]


@pytest.mark.parametrize("kind", ["all", "any"])
def test_a_wrong_condition_is_told_once(kind: str) -> None:
    assert len(mistakes(conditional(**{kind: [UNJUDGED]}))) == 1


def test_every_broken_template_is_told() -> None:
    found = mistakes(workflow(email_step(subject="{{"), in_app_step(body="{% if %}")))
    assert list(found) == ["steps[0].template.subject", "steps[1].template.markdown_body"]


@pytest.mark.parametrize("content", [conditional(any=[LEAF, {"all": [LEAF]}]), conditional(), workflow()])
def test_what_is_right_has_no_mistakes(content: dict[str, Any]) -> None:
    assert validate(content).name == "A workflow"


def test_what_tools_add_is_left_out_at_every_depth() -> None:
    raw = {"$schema": 1, "steps": [{"__annotation": 1, "body@": "f", "body": "text"}], "__readonly": {}}
    assert cleaned(raw) == {"steps": [{"body": "text"}]}


def test_the_hash_is_of_the_content_not_of_the_order_of_its_keys() -> None:
    one, other = {"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1}
    assert hash_of(one) == hash_of(other) != hash_of({"a": 1, "b": [2, 1]})
