"""Holding data against an author's JSON schema."""

from typing import Any

import pytest

from workflows_engine.json_schemas import LONGEST_MESSAGE, MOST_VIOLATIONS, check_schema, checker

PERSON = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}},
}


def where(schema: dict[str, Any], data: Any) -> list[str]:
    return [violation.path for violation in checker(schema)(data)]


@pytest.mark.parametrize(
    ("data", "paths"),
    [
        ({"id": "a", "tags": ["x"]}, []),
        ({"id": "a", "more": 1}, []),
        ({}, ["data"]),
        ({"id": 1}, ["data.id"]),
        ({"id": "a", "tags": ["x", 2, "y", None]}, ["data.tags[1]", "data.tags[3]"]),
        ({"id": 1, "tags": "x"}, ["data.id", "data.tags"]),
    ],
)
@pytest.mark.rule("E-TRIGGER-7")
def test_every_place_that_does_not_follow_is_named(data: Any, paths: list[str]) -> None:
    assert sorted(where(PERSON, data)) == paths


def test_the_draft_that_a_schema_names_is_the_one_that_holds() -> None:
    old = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "number"}
    strict = {**old, "maximum": 3, "exclusiveMaximum": True}
    assert (where(strict, 2), where(strict, 3)) == ([], ["data"])
    assert where({"type": "number", "exclusiveMaximum": 3}, 3) == ["data"]


def test_definitions_inside_a_schema_are_followed_and_urls_are_not() -> None:
    inner = {"$defs": {"name": {"type": "string"}}, "properties": {"name": {"$ref": "#/$defs/name"}}}
    assert where(inner, {"name": 1}) == ["data.name"]

    (violation,) = checker({"properties": {"name": {"$ref": "http://127.0.0.1:9/name"}}})({"name": "a"})
    assert violation.message == "the schema refers to http://127.0.0.1:9/name, which is not in it"


def test_a_schema_that_turns_in_circles_is_told_instead_of_followed() -> None:
    (violation,) = checker({"$ref": "#"})({})
    assert "nested too deeply" in violation.message


def test_of_many_and_long_mistakes_a_few_and_short_ones_are_told() -> None:
    found = checker({"additionalProperties": {"type": "integer"}})({str(n): "x" * 5000 for n in range(100)})
    assert len(found) == MOST_VIOLATIONS
    assert {len(violation.message) for violation in found} == {LONGEST_MESSAGE}


def test_what_is_no_schema_is_refused_with_its_place() -> None:
    with pytest.raises(ValueError, match=r"not a JSON schema at \$\.properties\.a\.type"):
        check_schema({"properties": {"a": {"type": "strong"}}})


@pytest.mark.parametrize(
    "reference", ["#/nope", "#nope", "http://127.0.0.1:9/name", "#/enum", "#/enum/x", "#/x-broken", "#/x-out"]
)
def test_a_reference_to_no_schema_inside_is_refused(reference: str) -> None:
    broken = {"x-broken": {"type": "strong"}, "x-out": {"$ref": "file:///etc/name"}, "enum": ["a"]}
    with pytest.raises(ValueError, match=r"^here: the schema refers to .*, which is no schema in it"):
        check_schema({**broken, "properties": {"a": {"items": {"$ref": reference}}}}, "here: ")


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"items": {"$ref": "https://json-schema.org/draft/2020-12/schema"}},
        {"properties": {"$ref": {"type": "string"}}, "const": {"$ref": "#/nope"}},
        {"$id": "https://e.example/a", "$defs": {"b": {"$id": "b", "$anchor": "c"}}, "not": {"$ref": "b#c"}},
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "definitions": {"a": {"$ref": "#/x"}},
            "x": True,
        },
    ],
)
def test_a_reference_inside_a_schema_is_accepted(schema: dict[str, Any]) -> None:
    check_schema(schema)


ENDLESS = "^(a|aa)+$"
"""Of those that try every way to cut a text into pieces."""


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        ({"pattern": ENDLESS}, "a" * 60 + "b"),
        ({"patternProperties": {ENDLESS: {}}}, {"a" * 60 + "b": 1}),
        ({"patternProperties": {ENDLESS: {}}, "additionalProperties": False}, {"a" * 60 + "b": 1}),
        ({"additionalProperties": False, "patternProperties": {ENDLESS: {}}}, {"a" * 60 + "b": 1}),
        (
            {
                "$schema": "http://json-schema.org/draft-07/schema#",
                "items": {"$ref": "#"},
                "pattern": ENDLESS,
            },
            [["a" * 60 + "b"]],
        ),
    ],
)
def test_a_pattern_that_does_not_come_to_an_end_is_one_violation(schema: dict[str, Any], data: Any) -> None:
    check_schema(schema)
    (violation,) = checker(schema)(data)
    assert "cannot be held against" in violation.message
    assert violation.is_final


@pytest.mark.parametrize(
    ("data", "paths"),
    [
        ({"x-a": "1", "id": "a"}, []),
        ({"x-a": 1}, ["data.x-a"]),
        ({"y": 1}, ["data"]),
        ({"x-a": "1", "y": 1, "id": "B"}, ["data", "data.id"]),
        ([], []),
    ],
)
def test_patterns_of_keys_and_texts_say_what_may_be_there(data: Any, paths: list[str]) -> None:
    schema = {
        "properties": {"id": {"pattern": "^[a-z]$"}},
        "patternProperties": {"^x-": {"type": "string"}},
        "additionalProperties": False,
    }
    assert sorted(where(schema, data)) == paths


def test_a_pattern_that_is_none_is_told() -> None:
    (violation,) = checker({"pattern": "("})("a")
    assert "is none" in violation.message
