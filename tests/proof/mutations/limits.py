"""What is too long, too many, too deep, or does not add up."""

from pathlib import Path
from typing import Any

from tests.proof.mutations.mutation import GONE, Mutation, done, put, read, text, write
from tests.proof.mutations.references import GUIDE, OVERDUE, QUARTER, STATEMENT

LAYOUT = "layouts/default/layout.json"
PARTIAL = "partials/cta-button/partial.json"
MESSAGE_TYPE = "message-types/announcement/message_type.json"
AUDIENCE = "audiences/large-accounts/audience.json"
BLOCKS = "workflows/monthly-statement/email_1/visual_blocks.json"
NAMED = (OVERDUE, LAYOUT, PARTIAL, MESSAGE_TYPE, GUIDE, AUDIENCE)
LONG = "String should have at most 255 characters"
REQUIRED = "is required"
DEFAULT: dict[str, Any] = {"name": "rest", "conditions": None, "steps": []}
WAY: dict[str, Any] = {"conditions": {"all": [{"variable": "data.a", "operator": "empty"}]}, "steps": []}


def _deep(root: Path, depth: int) -> None:
    """Branches inside one another."""
    inner: list[Any] = []
    for number in range(depth):
        inner = [{"type": "branch", "ref": f"b{number}", "branches": [{**DEFAULT, "steps": inner}]}]
    said = read(root / QUARTER)
    write(root / QUARTER, {**said, "steps": inner})


def _every_day(*left_out: str) -> list[dict[str, str]]:
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    return [{"day": day, "type": "send"} for day in days if day not in left_out]


LIMITS: list[Mutation] = [
    *(put(file, "name", "n" * 256, LONG) for file in NAMED),
    *(put(file, "name", "", "String should have at least 1 character") for file in NAMED),
    *(put(file, "name", GONE, REQUIRED) for file in NAMED),
    put(OVERDUE, "steps", GONE, REQUIRED),
    put(OVERDUE, "steps[0].type", GONE, "the key .type. is missing", r"steps\[0\]"),
    put(OVERDUE, "steps[0].ref", GONE, REQUIRED),
    put(OVERDUE, "steps[0].ref", "a b", "String should match pattern"),
    put(OVERDUE, "steps[0].ref", "r" * 256, "String should match pattern"),
    put(OVERDUE, "steps[0].type", "letter", '"letter" is unknown; expected one of ', r"steps\[0\]"),
    put(OVERDUE, "steps[0].channel_type", "fax", '"fax" is unknown; expected one of ', r"steps\[0\]"),
    put(
        OVERDUE,
        "steps[0].channel_key",
        GONE,
        "a channel step has either channel_key or channel_group_key",
        r"steps\[0\]",
    ),
    put(OVERDUE, "steps[0].channel_group_key", "g", "a channel step has either", r"steps\[0\]"),
    put(OVERDUE, "steps[0].template", GONE, REQUIRED),
    put(OVERDUE, "steps[0].template.subject", GONE, REQUIRED),
    put(
        OVERDUE,
        "steps[0].template.html_body@",
        GONE,
        "a mail needs html_body or visual_blocks",
        r"steps\[0\]\.template",
    ),
    put(
        STATEMENT,
        "steps[0].template.html_body",
        "b",
        "a mail has either html_body or visual_blocks",
        r"steps\[0\]\.template",
    ),
    put(STATEMENT, "steps[0].template.is_mjml", True, "is_mjml speaks of html_body", r"steps\[0\]\.template"),
    put(
        OVERDUE,
        "steps[1].template.action_buttons[2]",
        {"label": "a", "action": "b"},
        "List should have at most 2 items",
        r".*action_buttons",
    ),
    put(OVERDUE, "steps[2].template.text_body@", GONE, REQUIRED, r"steps\[2\]\.template\.text_body"),
    put(OVERDUE, "steps[3].template.settings", GONE, REQUIRED),
    put(OVERDUE, "steps[3].template.settings.delivery_type", "loud", "Input should be 'silent' or 'content'"),
    put(
        OVERDUE,
        "steps[5].template.markdown_body@",
        GONE,
        "a chat message needs markdown_body or json_body",
        r"steps\[5\]\.template",
    ),
    put(OVERDUE, "steps[6].template.method", "head", "Input should be 'get', 'post'"),
    put(OVERDUE, "steps[6].template.url", "", "String should have at least 1 character"),
    put(
        QUARTER,
        "steps[6].branches[1].steps[0].send_windows",
        _every_day("monday"),
        "send windows need one object for each of the seven days",
    ),
    put(
        QUARTER,
        "steps[6].branches[1].steps[0].send_windows[0].from",
        "25:00",
        'a time of day is written "HH:MM"',
    ),
    put(
        QUARTER,
        "steps[6].branches[1].steps[0].send_windows[0].until",
        "08:00",
        "until must be later than from",
        r".*send_windows\[0\]",
    ),
    put(
        QUARTER,
        "steps[6].branches[1].steps[0].send_windows[5].from",
        "09:00",
        "from and until belong to days of type send",
        r".*send_windows\[5\]",
    ),
    put(
        OVERDUE, "conditions", {"any": [], "all": []}, 'a condition group has either "all" or "any", not both'
    ),
    put(OVERDUE, "conditions.any[0].operator", "resembles", "Input should be 'equal_to'"),
    put(OVERDUE, "trigger_frequency", "sometimes", "Input should be 'every_trigger'"),
    put(OVERDUE, "description", "d" * 281, "String should have at most 280 characters"),
    put(OVERDUE, "trigger_data_json_schema", {"type": "strong"}, ".*"),
    put(OVERDUE, "trigger_data_json_schema", [], "Input should be a valid dictionary"),
    put(
        OVERDUE,
        "goal_attachment",
        {"goal_key": "g", "attribution_window_days": 31},
        "Input should be less than or equal to 30",
        r"goal_attachment\.attribution_window_days",
    ),
    put(QUARTER, "steps[0].settings.throttle_limit", 0, "Input should be greater than or equal to 1"),
    put(
        QUARTER,
        "steps[0].settings.throttle_window",
        GONE,
        "a throttle needs throttle_window or",
        r"steps\[0\]\.settings",
    ),
    put(
        QUARTER,
        "steps[0].settings.throttle_window.value",
        32,
        "a throttle window is longer than nothing and at most 31 days",
        r"steps\[0\]\.settings",
    ),
    put(QUARTER, "steps[1].settings.method", "trace", "Input should be 'get'"),
    put(QUARTER, "steps[1].settings.url", GONE, REQUIRED),
    put(
        QUARTER,
        "steps[3].settings.batch_window",
        GONE,
        "a batch needs batch_window or batch_until_field_path",
        r"steps\[3\]\.settings",
    ),
    put(
        QUARTER,
        "steps[3].settings.batch_window_type",
        "sliding",
        "a sliding window needs batch_window_extension_limit",
        r"steps\[3\]\.settings",
    ),
    put(
        QUARTER,
        "steps[3].settings.batch_items_render_limit",
        101,
        "Input should be less than or equal to 100",
    ),
    put(QUARTER, "steps[3].settings.batch_window.unit", "years", "Input should be 'seconds'"),
    put(
        QUARTER,
        "steps[4].settings.delay_for",
        GONE,
        "a delay needs delay_for or delay_until_field_path",
        r"steps\[4\]\.settings",
    ),
    put(QUARTER, "steps[4].settings.delay_for.value", 1.5, "Input should be a valid integer"),
    put(
        QUARTER,
        "steps[5].settings.response_type",
        "json",
        "response_type json needs a JSON object as response_schema",
        r"steps\[5\]\.settings",
    ),
    put(QUARTER, "steps[5].settings.model", "", "String should match pattern"),
    put(QUARTER, "steps[6].branches", [*[WAY] * 10, DEFAULT], "List should have at most 10 items"),
    put(QUARTER, "steps[6].branches", [], "List should have at least 1 item"),
    put(
        QUARTER,
        "steps[6].branches",
        [WAY],
        "the last branch is the default and has no conditions",
        r"steps\[6\]",
    ),
    put(
        QUARTER,
        "steps[6].branches",
        [DEFAULT, DEFAULT],
        r"branches\[0\] needs conditions; only the last",
        r"steps\[6\]",
    ),
    done("branches six deep", lambda root: _deep(root, 7), QUARTER, ".* is nested more than 5 branches deep"),
    put(
        QUARTER,
        "steps[7].cohort_branches[0].percentage",
        "49.9",
        "the percentages of all cohorts sum to 100, these to 99.9",
        r"steps\[7\]",
    ),
    put(
        QUARTER,
        "steps[7].cohort_branches[0].percentage",
        "50.55",
        "a percentage is between 0 and 100 with at most one decimal place",
    ),
    put(QUARTER, "steps[7].cohort_branches[0].percentage", "half", "a percentage is a number"),
    put(QUARTER, "steps[7].cohort_branches[0].percentage", -1, "a percentage is between 0 and 100"),
    put(
        QUARTER,
        "steps[7].cohort_branches[1]",
        GONE,
        "List should have at least 2 items",
        r"steps\[7\]\.cohort_branches",
    ),
    put(
        QUARTER,
        "steps[8].settings.event.event_key",
        "shouted",
        "event_key of type message is one of",
        r"steps\[8\]\.settings\.event",
    ),
    put(
        QUARTER,
        "steps[8].settings.event.source_key",
        GONE,
        "an event of type message needs source_key",
        r"steps\[8\]\.settings\.event",
    ),
    put(
        QUARTER,
        "steps[8].settings.match_conditions",
        [],
        "an event of type message needs match_conditions",
        r"steps\[8\]\.settings",
    ),
    put(
        QUARTER,
        "steps[8].settings.expires_after.value",
        31,
        "a wait expires after more than nothing and at most 30 days",
        r"steps\[8\]\.settings",
    ),
    put(
        QUARTER,
        "steps[9].settings.recipient_mode",
        "reference",
        "recipient_mode reference needs recipient_gid",
        r"steps\[9\]\.settings",
    ),
    put(QUARTER, "steps[9].settings.recipient_mode", "all", "Input should be 'current' or 'reference'"),
    put(QUARTER, "steps[11].settings.recipient_gid", GONE, REQUIRED),
    put(QUARTER, "steps[12].settings.workflow_key", GONE, REQUIRED),
    put(LAYOUT, "footer_links", [{"text": "a", "url": "b"}] * 101, "List should have at most 100 items"),
    put(
        LAYOUT,
        "is_mjml",
        True,
        "is_mjml is true, so the root must be <mjml>",
        "html_layout",
        "layouts/default/html_layout.html",
    ),
    put(LAYOUT, "html_layout@", GONE, REQUIRED, "html_layout"),
    text(
        "layouts/default/html_layout.html", "<p>nothing</p>", r"must print \{\{ content \}\}", "html_layout"
    ),
    text("layouts/default/text_layout.txt", "nothing", r"must print \{\{ content \}\}", "text_layout"),
    put(PARTIAL, "input_schema[1].key", "label", 'two fields have the key "label"', "input_schema"),
    put(PARTIAL, "input_schema[1].key", "1st", "String should match pattern"),
    put(PARTIAL, "input_schema[1].type", "link", '"link" is unknown; expected one of', r"input_schema\[1\]"),
    put(PARTIAL, "content@", GONE, REQUIRED, "content"),
    text(
        "partials/cta-button/content.html",
        "<mj-button>a</mj-button>",
        "partials cannot contain MJML; use plain HTML",
        "content",
    ),
    put(MESSAGE_TYPE, "variants[1].key", "default", 'two fields have the key "default"', "variants"),
    put(
        MESSAGE_TYPE,
        "variants[1].fields[6].settings.options",
        "calm",
        'needs "options": a list of',
        r"variants\[1\]\.fields\[6\]\.settings",
    ),
    put(MESSAGE_TYPE, "__readonly.semver", "one", "String should match pattern", "semver"),
    put(GUIDE, "steps[0].schema_semver", "1", "String should match pattern"),
    put(GUIDE, "steps", GONE, REQUIRED),
    put(
        GUIDE,
        "activation_url_patterns[0].pathname",
        GONE,
        "needs a pathname or a search",
        r"activation_url_patterns\[0\]",
    ),
    put(GUIDE, "activation_url_patterns[0].directive", "hide", "Input should be 'allow' or 'block'"),
    put(AUDIENCE, "segments[0].conditions[0].operator", "like", "Input should be 'equal_to'"),
    put(
        BLOCKS,
        "[0].type",
        "video",
        '"video" is unknown; expected one of',
        r"steps\[0\]\.template\.visual_blocks\[0\]",
    ),
    put(
        BLOCKS,
        "[4].buttons[0].variant",
        "round",
        "Input should be 'solid' or 'outline'",
        r".*\[4\]\.buttons\[0\]\.variant",
    ),
    done(
        "a body of more than 256k characters",
        lambda root: write(root / "workflows/invoice-overdue/email_1/html_body.html", "a" * 262_145),
        "workflows/invoice-overdue/email_1/html_body.html",
        ".*",
        r"steps\[0\]\.template\.html_body",
    ),
]
