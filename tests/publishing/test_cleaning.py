"""What Knock's CLI adds goes; what people wrote stays, however it is called."""

from typing import Any

from publishing.cleaning import content_of
from tests.builders import in_app_step, workflow
from tests.pipelines import Pipeline

THEIRS = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "__readonly": 1,
    "__annotation": {"by": "us"},
    "reply@": "a",
    "reply": [{"mail@": "b", "__annotation": 2}],
}
"""Keys that look like the CLI's, in what people write."""


def test_what_the_cli_adds_is_taken_away_from_every_node_of_ours() -> None:
    note: dict[str, Any] = {"__annotation": {"extractable_fields": {}}}
    step = {
        "type": "email",
        "template": {"html_body": "b", "html_body@": "email_1/body.html", **note},
        **note,
    }
    sent = {"name": "W", "steps": [step], "$schema": "s", "__readonly": {"key": "w"}, "sha": "0", **note}

    assert content_of(sent, ["sha"]) == {
        "name": "W",
        "steps": [{"type": "email", "template": {"html_body": "b"}}],
    }


def test_a_name_of_a_file_goes_where_its_field_is_known_or_there() -> None:
    sent = {"html_layout@": "x", "extra@": "y", "extra": "z", "colour@": "blue", "@": "w"}
    assert content_of(sent, []) == {"extra": "z", "colour@": "blue", "@": "w"}


def test_what_people_write_keeps_every_key() -> None:
    sent: dict[str, Any] = {
        "trigger_data_json_schema": THEIRS,
        "steps": [
            {"values": THEIRS},
            {"settings": {"response_schema": THEIRS, "data": THEIRS, "update_properties": THEIRS}},
            {"settings": {"body": THEIRS}},
            {"template": {"json_body": THEIRS, "visual_blocks": [{"type": "partial", "attrs": THEIRS}]}},
            {"template": {"settings": {"payload_overrides": THEIRS}}},
            {"channel_overrides": {"json_overrides": THEIRS}},
        ],
        "variants": [{"fields": [{"settings": THEIRS, "text": {"settings": THEIRS}}]}],
        "input_schema": [{"settings": THEIRS}],
    }
    assert content_of(sent, []) == sent


async def test_a_schema_of_trigger_data_is_saved_as_it_was_written(pipeline: Pipeline) -> None:
    schema = {"$schema": THEIRS["$schema"], "type": "object", "properties": {"reply@": {"type": "string"}}}
    written = {**workflow(in_app_step()), "$schema": "cli", "trigger_data_json_schema": schema}
    await pipeline.put("/v1/workflows/greet", {"workflow": written}, commit="true")

    read = await pipeline.get("/v1/workflows/greet")
    assert read["trigger_data_json_schema"] == schema
    assert "$schema" not in read


async def test_the_values_of_a_guide_are_saved_as_they_were_written(pipeline: Pipeline) -> None:
    message_type: dict[str, Any] = {"name": "M", "description": None, "preview": "", "variants": []}
    await pipeline.put("/v1/message_types/note", {"message_type": message_type})
    step = {"ref": "s", "schema_key": "note", "schema_semver": "0.0.1", "schema_variant_key": "default"}
    guide = {"name": "G", "channel_key": "in-guide", "steps": [{**step, "values": THEIRS}]}
    await pipeline.put("/v1/guides/tour", {"guide": guide})

    assert (await pipeline.get("/v1/guides/tour"))["steps"][0]["values"] == THEIRS
