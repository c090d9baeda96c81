"""Content that names what is not there, or is of another kind."""

from pathlib import Path

from tests.proof.mutations.mutation import Mutation, done, put, read, text, write
from tests.proof.projects import EXAMPLES

OVERDUE = "workflows/invoice-overdue/workflow.json"
QUARTER = "workflows/quarter-close/workflow.json"
STATEMENT = "workflows/monthly-statement/workflow.json"
GUIDE = "guides/close-the-books/guide.json"
BLOCKS = "workflows/monthly-statement/email_1/visual_blocks.json"
BUTTON = "partials/cta-button/content.html"
STEP = "steps[0].template"


def _chain(root: Path, length: int) -> None:
    """Partials that render one another, the last one nothing."""
    for number in range(length):
        rest = f'{{% render "deep-{number + 1}" %}}' if number + 1 < length else "end"
        content = {"name": "D", "type": "html", "content": rest}
        write(root / f"partials/deep-{number}/partial.json", content)


def _circle(root: Path, *keys: str) -> None:
    for key, following in zip(keys, [*keys[1:], keys[0]], strict=True):
        content = {"name": "C", "type": "html", "content": f'{{% render "{following}" %}}'}
        write(root / f"partials/{key}/partial.json", content)


def _circle_of_old(root: Path) -> None:
    write(root / BUTTON, '{% render "signature" %}')
    write(root / "partials/signature/content.md", '{% render "cta-button" %}')


def _two_refs(root: Path) -> None:
    said = read(root / QUARTER)
    said["steps"][6]["branches"][0]["steps"][0]["ref"] = "delay_1"
    write(root / QUARTER, said)


NO_LAYOUT = 'there is no email layout "none" in development; push it first, or together with this'
NO_PARTIAL = 'there is no partial "none" in development; push it first, or together with this'
OF_ANOTHER_TYPE = 'the channel "in-app" is of type in_app_feed; this needs '

REFERENCES: list[Mutation] = [
    put(OVERDUE, "steps[0].template.settings.layout_key", "none", NO_LAYOUT),
    put(STATEMENT, "steps[0].template.settings.layout_key", "none", NO_LAYOUT),
    put(QUARTER, "steps[6].branches[0].steps[0].template.settings.layout_key", "none", NO_LAYOUT),
    put(BLOCKS, "[5].key", "none", NO_PARTIAL, r"steps\[0\]\.template\.visual_blocks\[5\]\.key"),
    text("partials/signature/content.md", '{% render "none" %}', NO_PARTIAL, "content"),
    text("layouts/default/html_layout.html", '{{ content }}{% render "none" %}', NO_PARTIAL, "html_layout"),
    text("layouts/default/text_layout.txt", '{{ content }}{% render "none" %}', NO_PARTIAL, "text_layout"),
    text("message-types/announcement/preview.html", '{% render "none" %}', NO_PARTIAL, "preview"),
    text(
        "workflows/invoice-overdue/sms_1/text_body.txt",
        '{% render "none" %}',
        NO_PARTIAL,
        r"steps\[2\]\.template\.text_body",
    ),
    text(
        "workflows/quarter-close/sms_1/text_body.txt",
        'a {% render "none", a: 1 %}',
        NO_PARTIAL,
        r"steps\[6\]\.branches\[0\]\.steps\[1\]\.branches\[0\]\.steps\[0\]\.template\.text_body",
    ),
    put(OVERDUE, "steps[2].channel_key", "in-app", f"{OF_ANOTHER_TYPE}sms"),
    put(OVERDUE, "steps[0].channel_key", "in-app", f"{OF_ANOTHER_TYPE}email"),
    put(OVERDUE, "steps[3].channel_key", "in-app", f"{OF_ANOTHER_TYPE}push"),
    put(OVERDUE, "steps[4].channel_key", "in-app", f"{OF_ANOTHER_TYPE}chat"),
    put(OVERDUE, "steps[6].channel_key", "in-app", f"{OF_ANOTHER_TYPE}http"),
    put(OVERDUE, "steps[7].channel_key", "in-app", f"{OF_ANOTHER_TYPE}in_app_guide"),
    put(
        QUARTER,
        "steps[6].branches[0].steps[1].branches[0].steps[0].channel_key",
        "in-app",
        f"{OF_ANOTHER_TYPE}sms",
    ),
    put(QUARTER, "steps[7].cohort_branches[1].steps[0].channel_key", "in-app", f"{OF_ANOTHER_TYPE}push"),
    put(GUIDE, "channel_key", "in-app", f"{OF_ANOTHER_TYPE}in_app_guide"),
    put(GUIDE, "steps[0].schema_key", "none", 'there is no message type "none"'),
    put(
        GUIDE, "steps[0].schema_variant_key", "none", "the message type .* has no variant .*; expected one of"
    ),
    put(GUIDE, "target_audience_key", "none", 'there is no audience "none"'),
    put(OVERDUE, "steps[1].ref", "email_1", "two steps have the ref .*each ref must be its own", ""),
    done("a ref of the trunk stands in a branch", _two_refs, QUARTER, "two steps have the ref .*delay_1"),
    put(GUIDE, "steps[1]", read(EXAMPLES / "stranger" / GUIDE)["steps"][0], "two steps have", "steps"),
    done(
        "a partial renders itself",
        lambda root: _circle(root, "self"),
        "partials/self/partial.json",
        'the partial "self" renders itself',
        "content",
    ),
    done(
        "two partials in a circle",
        lambda root: _circle(root, "a", "b"),
        "partials/a/partial.json",
        "partials render one another in a circle: a → b → a",
        "content",
    ),
    done(
        "three partials in a circle",
        lambda root: _circle(root, "a", "b", "c"),
        "partials/c/partial.json",
        "partials render one another in a circle: c → a → b → c",
        "content",
    ),
    done(
        "a circle through what is published",
        _circle_of_old,
        BUTTON,
        "partials render one another in a circle",
        "content",
    ),
    done(
        "partials six deep",
        lambda root: _chain(root, 6),
        "partials/deep-0/partial.json",
        "partials may be nested 5 deep, not deeper",
        "content",
    ),
    done(
        "a new workflow needs a layout that was never there",
        lambda root: write(
            root / "workflows/new/workflow.json",
            {
                "name": "N",
                "steps": [
                    {
                        "type": "channel",
                        "ref": "e",
                        "channel_type": "email",
                        "channel_key": "e",
                        "template": {"subject": "s", "html_body": "b", "settings": {"layout_key": "none"}},
                    }
                ],
            },
        ),
        "workflows/new/workflow.json",
        NO_LAYOUT,
        r"steps\[0\]\.template\.settings\.layout_key",
    ),
    put(
        "partials/legal/partial.json",
        "__readonly.type",
        "html",
        "stays what it was when the partial was made",
        "type",
    ),
    put(
        "audiences/beta-testers/audience.json",
        "type",
        "dynamic",
        "stays what it was when the audience was made",
        "type",
    ),
]
