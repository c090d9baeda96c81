"""A workflow in a folder of Knock's CLI, edited as a person edits it."""

import json
from pathlib import Path
from typing import Any

from knockapi import AsyncKnock

from tests.feeds import body_of, feed_with

KEY = "greet"


def write_workflow(resources: Path, body: str, **more: Any) -> Path:
    """The workflow `greet`, whose one message lies in a file of its own."""
    folder = resources / "workflows" / KEY
    (folder / "in_app_feed_1").mkdir(parents=True, exist_ok=True)
    step = {
        "channel_key": "in-app",
        "channel_type": "in_app_feed",
        "ref": "in_app_feed_1",
        "template": {"action_url": "/", "markdown_body@": "in_app_feed_1/markdown_body.md"},
        "type": "channel",
    }
    (folder / "workflow.json").write_text(json.dumps({"name": "Greet", "steps": [step], **more}, indent=2))
    return edit(resources, body)


def edit(resources: Path, body: str) -> Path:
    """Change what the message says."""
    file = resources / "workflows" / KEY / "in_app_feed_1" / "markdown_body.md"
    file.write_text(body)
    return file


async def told(knock: AsyncKnock, who: str) -> str:
    """What the workflow says to somebody new."""
    await knock.workflows.trigger(KEY, recipients=[{"id": who}])
    return body_of((await feed_with(knock, who, 1))[0])
