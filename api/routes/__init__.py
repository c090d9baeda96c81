"""Every route, in one list."""

from fastapi import APIRouter

from api.paths import register_segments

register_segments()

from api.routes import (  # noqa: E402 - paths are compiled as these are imported
    audiences,
    branches,
    channel_groups,
    channels,
    codec,
    commits,
    demo,
    email_layouts,
    feeds,
    guides,
    health,
    message_marks,
    message_types,
    messages,
    partials,
    tocsin_account,
    tocsin_channels,
    tocsin_content,
    tocsin_variables,
    translations,
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
    email_layouts.router,
    partials.router,
    message_types.router,
    translations.router,
    guides.router,
    audiences.router,
    commits.router,
    branches.router,
    tocsin_content.router,
    tocsin_account.router,
    channels.router,
    channel_groups.router,
    tocsin_channels.router,
    tocsin_variables.router,
    codec.router,
    demo.router,
]
