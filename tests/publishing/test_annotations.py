"""The annotations name every field that the CLI may write to a file, at every depth of a workflow."""

from typing import Any

import pytest

from publishing.annotations import annotate

Json = dict[str, Any]


def extractable(node: Json) -> Json:
    fields: Json = node["__annotation"]["extractable_fields"]
    return {field: (how["default"], how["file_ext"]) for field, how in fields.items()}


def steps_of(*steps: Json) -> list[Json]:
    annotated: list[Json] = annotate("workflow", {"key": "w", "name": "W", "steps": list(steps)})["steps"]
    return annotated


def an_email(**template: Any) -> Json:
    return {"ref": "email_1", "type": "channel", "template": {"settings": {}, **template}}


def test_an_emails_bodies_go_to_files_and_its_subject_stays() -> None:
    [step] = steps_of(an_email(subject="Hi", html_body="<p>", text_body="t"))
    assert extractable(step["template"]) == {
        "subject": (False, "txt"),
        "html_body": (True, "html"),
        "text_body": (True, "txt"),
    }


def test_visual_blocks_and_the_contents_inside_go_to_files() -> None:
    blocks = [
        {"type": "markdown", "content": "*hi*"},
        {"type": "html", "content": "<b>"},
        {"type": "divider", "layout_attrs": {}},
    ]
    [step] = steps_of(an_email(subject="Hi", visual_blocks=blocks))
    annotated = step["template"]["visual_blocks"]
    assert extractable(step["template"])["visual_blocks"] == (True, "json")
    assert [extractable(block) for block in annotated] == [
        {"content": (True, "md")},
        {"content": (True, "html")},
        {},
    ]


def test_settings_and_overrides_are_annotated_where_they_stand() -> None:
    step = an_email(subject="Hi", settings={"layout_key": "default", "pre_content": "{% assign x = 1 %}"})
    step["channel_overrides"] = {"json_overrides": "{}", "from_name": "Ada"}
    [step] = steps_of(step)
    assert extractable(step["template"]["settings"]) == {"pre_content": (True, "txt")}
    assert extractable(step["channel_overrides"]) == {"json_overrides": (True, "json")}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ({"text_body": "t", "title": "T"}, {"title": (False, "txt"), "text_body": (True, "txt")}),
        (
            {"markdown_body": "m", "action_url": "u"},
            {"action_url": (False, "txt"), "markdown_body": (True, "md")},
        ),
        (
            {"markdown_body": "m", "json_body": "{}"},
            {"markdown_body": (True, "md"), "json_body": (True, "json")},
        ),
        ({"method": "post", "url": "u", "body": "{}"}, {"body": (True, "json")}),
    ],
    ids=["push", "in-app feed", "chat", "http"],
)
def test_each_channels_template_names_its_own_files(template: Json, expected: Json) -> None:
    [step] = steps_of({"ref": "step_1", "type": "channel", "template": template})
    assert extractable(step["template"]) == expected


@pytest.mark.parametrize(
    ("step_type", "settings", "expected"),
    [
        ("http_fetch", {"method": "post", "url": "u", "body": "{}"}, {"body": (True, "json")}),
        ("ai_agent", {"model": "m", "request_prompt": "p"}, {"request_prompt": (True, "md")}),
        ("update_data", {"data": "{}"}, {"data": (True, "json")}),
        ("update_user", {"update_properties": "{}"}, {"update_properties": (True, "json")}),
    ],
)
def test_a_function_steps_long_texts_go_to_files(step_type: str, settings: Json, expected: Json) -> None:
    [step] = steps_of({"ref": "s", "type": step_type, "settings": settings})
    assert extractable(step["settings"]) == expected


def test_a_step_without_texts_is_left_as_it_is() -> None:
    delay = {"ref": "delay_1", "type": "delay", "settings": {"delay_for": {"unit": "days", "value": 1}}}
    assert steps_of(delay) == [delay]


def test_steps_inside_branches_and_cohorts_are_annotated_at_every_depth() -> None:
    cohort = {"percentage": "100", "steps": [an_email(html_body="<p>")]}
    inner = {"ref": "random_cohort_1", "type": "random_cohort", "cohort_branches": [cohort]}
    outer = {"ref": "branch_1", "type": "branch", "branches": [{"name": "A"}, {"steps": [inner]}]}
    [step] = steps_of(outer)
    assert step["branches"][0] == {"name": "A"}
    [email] = step["branches"][1]["steps"][0]["cohort_branches"][0]["steps"]
    assert extractable(email["template"]) == {"html_body": (True, "html")}


def test_a_null_stays_inline() -> None:
    [step] = steps_of(an_email(html_body="<p>", text_body=None))
    assert extractable(step["template"]) == {"html_body": (True, "html")}


@pytest.mark.parametrize(
    ("kind", "content", "files"),
    [
        (
            "email_layout",
            {"html_layout": "h", "text_layout": "t"},
            {"html_layout": (True, "html"), "text_layout": (True, "txt")},
        ),
        ("message_type", {"preview": "p"}, {"preview": (True, "html")}),
        ("partial", {"content": "c"}, {"content": (True, "txt")}),
        ("guide", {"steps": []}, {}),
        ("audience", {"type": "static"}, {}),
    ],
)
def test_a_resource_names_its_files(kind: str, content: Json, files: Json) -> None:
    assert extractable(annotate(kind, content)) == files


@pytest.mark.parametrize(
    ("kind", "readonly"),
    [
        ("workflow", {"key", "active", "valid"}),
        ("partial", {"key", "type", "valid"}),
        ("message_type", {"key", "valid", "owner", "semver"}),
        ("guide", {"key", "valid", "active", "semver", "type"}),
        ("email_layout", {"key"}),
        ("audience", {"key"}),
    ],
)
def test_what_the_server_writes_is_read_only(kind: str, readonly: set[str]) -> None:
    answered = dict.fromkeys({"name", "sha", "environment", "created_at", "updated_at", *readonly}, "x")
    annotation = annotate(kind, answered)["__annotation"]
    assert set(annotation["readonly_fields"]) == readonly | {"sha", "environment", "created_at", "updated_at"}


def test_what_differs_between_two_accounts_is_not_answered_for_files() -> None:
    annotated = annotate("partial", {"name": "P", "inserted_at": "2026-01-01T00:00:00Z", "archived_at": None})
    assert set(annotated) == {"name", "__annotation"}


def test_what_was_given_is_not_changed() -> None:
    step = an_email(html_body="<p>")
    annotate("workflow", {"steps": [step]})
    assert step == an_email(html_body="<p>")


def test_a_malformed_node_is_copied_not_met_with_an_exception() -> None:
    wrong = {"steps": [{"type": "branch", "branches": None}, {"type": "channel", "template": "x"}, 5]}
    assert annotate("workflow", wrong)["steps"] == wrong["steps"]


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(KeyError):
        annotate("broadcast", {})
