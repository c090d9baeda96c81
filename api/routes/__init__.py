"""Every route, in one list."""

from fastapi import APIRouter

from api.paths import register_segments

register_segments()

from api.routes import (  # noqa: E402 - paths are compiled as these are imported
    channel_groups,
    channels,
    codec,
    demo,
    feeds,
    health,
    message_marks,
    messages,
    tocsin_account,
    tocsin_channels,
    tocsin_variables,
    users,
    workflow_content,
    workflow_recipient_runs,
    workflows,
)

# They are tried in this order: what is called most comes first.
ROUTERS: list[APIRouter] = [
    workflows.router,
    health.router,
    message_marks.router,
    messages.router,
    users.router,
    feeds.router,
    workflow_recipient_runs.router,
    workflow_content.router,
    tocsin_account.router,
    channels.router,
    channel_groups.router,
    tocsin_channels.router,
    tocsin_variables.router,
    codec.router,
    demo.router,
]
