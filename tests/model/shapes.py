"""The workflows that the model test drives: a batch, and what may stand before and after it."""

from dataclasses import dataclass
from typing import Any

from tests.builders import batch_step, delay_step, in_app_step, workflow

# People act at multiples of ten minutes, and waits end a minute after: windows, and what follows them, never
# end then, so that no two things of one window happen at the same moment.
WAIT, SETTLE, LATER = 11, 23, 33
WINDOWS = (32, 62, 122)
LIMITS = (12, 82, 202)

DIGEST = (
    "v{number} {{{{ total_activities }}}}: "
    "{{% for a in activities %}}{{{{ a.n }}}} {{% endfor %}}/ {{{{ data.n }}}}"
)
NOTHING_WAS_LOOKED_AT = {
    "all": [
        {
            "variable": "refs.digest.engagement_status",
            "operator": "not_contains",
            "argument": "$message.read",
        },
        {"variable": "refs.hello.engagement_status", "operator": "not_contains", "argument": "$message.seen"},
    ]
}
MARKS = {"hello": "seen", "digest": "read"}


@dataclass(frozen=True)
class Shape:
    """What varies between examples. Times are minutes."""

    window: int
    extension_limit: int | None = None
    items: int | None = None
    flushes_leading: bool = False
    follows_latest: bool = False
    is_keyed: bool = False
    is_newest: bool = False
    renders: int = 10
    says_hello: bool = False
    waits: bool = False
    settles: bool = False
    reminds: bool = False


@dataclass(frozen=True)
class Version:
    """A commit of the workflow: its number, whether it has the batch, and in which mode."""

    number: int
    gathers: bool
    follows_latest: bool


@dataclass(frozen=True)
class Told:
    """A trigger: its number, and whom it is about; `waits` before it comes to the batch."""

    n: int
    recipients: tuple[str, ...]
    key: str | None = None
    topic: str = "p"
    waits: bool = False


def minutes(value: int) -> dict[str, Any]:
    return {"unit": "minutes", "value": value}


def written(shape: Shape, version: Version) -> dict[str, Any]:
    """The workflow as its author writes it."""
    steps = [in_app_step("hello", body="hello {{ data.n }}")] if shape.says_hello else []
    if shape.waits:
        # Data without the path let the run go on at once (E-DELAY-4).
        steps.append({"type": "delay", "ref": "wait", "settings": {"delay_until_field_path": "data.wait"}})
    if version.gathers:
        steps.append(_batch(shape, version))
    if shape.settles:
        steps.append(delay_step("settle", "minutes", SETTLE))
    steps.append(in_app_step("digest", body=DIGEST.format(number=version.number)))
    if shape.reminds:
        steps.append(delay_step("later", "minutes", LATER))
        steps.append(in_app_step("reminder", body="reminder", conditions=_unseen(shape)))
    return workflow(*steps)


def _unseen(shape: Shape) -> dict[str, Any]:
    """No message before the reminder was looked at; a step that is not there must not be named."""
    looked_at = [
        one for one in NOTHING_WAS_LOOKED_AT["all"] if shape.says_hello or "hello" not in one["variable"]
    ]
    return {"all": looked_at}


def _batch(shape: Shape, version: Version) -> dict[str, Any]:
    sliding: dict[str, Any] = {}
    if shape.extension_limit is not None:
        sliding = {
            "batch_window_type": "sliding",
            "batch_window_extension_limit": minutes(shape.extension_limit),
        }
    return batch_step(
        "gather",
        seconds=shape.window * 60,
        key="data.topic" if shape.is_keyed else None,
        batch_items_max_limit=shape.items,
        batch_order="desc" if shape.is_newest else "asc",
        batch_items_render_limit=shape.renders,
        batch_execution_mode="flush_leading" if shape.flushes_leading else "accumulate",
        workflow_version_mode="latest" if version.follows_latest else "pinned",
        **sliding,
    )
