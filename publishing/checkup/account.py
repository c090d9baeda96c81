"""Checks of what stands around content: channels, keys, endpoints, and work that was left lying."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from models.values.kinds import ChannelType
from publishing.checkup.finding import Finding, Level
from publishing.checkup.ground import ChannelFacts, Ground
from publishing.checkup.variables import guarding_secrets, missing_variables

EXPIRES_SOON = timedelta(days=14)
LEFT_LYING = timedelta(days=1)

NOT_OBEYED = (
    *("link_tracking", "open_tracking", "json_overrides", "payload_overrides", "token_deregistration"),
    *("email_based_user_id_resolution", "response_filters"),
)
"""Channel settings that are stored and checked only."""
NOT_OBEYED_OF_HTTP = ("method", "url", "headers", "query_params", "body", "input_schema")


def check_channels(ground: Ground) -> Iterator[Finding]:
    """A sandbox where messages are meant to reach people; settings that are not obeyed, or name nothing."""
    for channel in ground.channels.values():
        yield from _not_obeyed(channel, ground.slug)
        for path, told, fix in missing_variables(channel.settings, ground):
            about = f'channel "{channel.key}"'
            yield Finding(Level.ERROR, "missing_variable", ground.slug, about, told, fix, path)
        for path, told, fix in guarding_secrets(channel.settings, ground):
            about = f'channel "{channel.key}"'
            yield Finding(Level.ERROR, "secret_in_condition", ground.slug, about, told, fix, path)
    for channel in ground.channels.values() if ground.is_last else ():
        if channel.is_configured and channel.is_sandbox:
            fix = f"tocsin channels sandbox {channel.key} off --environment {ground.slug}"
            told = f"is in sandbox mode in {ground.slug}: nothing is sent"
            yield Finding(Level.ERROR, "sandbox", ground.slug, f'channel "{channel.key}"', told, fix)


def _not_obeyed(channel: ChannelFacts, slug: str) -> Iterator[Finding]:
    """Off and empty count as not set."""
    of_http = NOT_OBEYED_OF_HTTP if channel.type == ChannelType.HTTP else ()
    given = channel.settings.get("channel_settings") or {}
    for name in (*NOT_OBEYED, *of_http):
        if given.get(name):
            path, told = f"channel_settings.{name}", "is kept, and not obeyed by this release"
            fix = "remove it to be rid of this line"
            yield Finding(Level.WARNING, "not_run", slug, f'channel "{channel.key}"', told, fix, path)


def check_environment(row: Any, *, has_content: bool) -> Iterator[Finding]:
    """`row` as `list_environments` answers it."""
    slug = row["slug"]
    about = f'environment "{slug}"'
    if not row["secret_keys"]:
        level = Level.ERROR if has_content else Level.WARNING
        fix = f"tocsin keys create --kind secret --environment {slug}"
        yield Finding(level, "no_secret_key", slug, about, "has no secret key: nobody can trigger here", fix)
    if row["enhanced_security"] and not row["signing_keys"]:
        told = "demands signed user tokens and has no signing key: every browser is refused"
        fix = f"tocsin keys signing create --environment {slug}, or tocsin environments security {slug} off"
        yield Finding(Level.ERROR, "no_signing_key", slug, about, told, fix)


def check_keys(rows: Iterable[Any], *, is_private: bool) -> Iterator[Finding]:
    """`is_private`: only this machine reaches the API."""
    for row in rows:
        about = f"{row['kind']} key …{row['hint']}"
        if row["is_development"]:
            if not is_private:
                told = "is a development key that everyone knows, and others than this machine reach the API"
                yield Finding(
                    Level.ERROR,
                    "development_key",
                    row["slug"],
                    about,
                    told,
                    f"tocsin keys revoke {row['hint']}",
                )
            continue
        told = f"expires on {row['expires_at']:%Y-%m-%d}"
        yield Finding(
            Level.WARNING, "key_expires", row["slug"], about, told, f"tocsin keys rotate {row['hint']}"
        )


def check_groups(rows: Iterable[Any]) -> Iterator[Finding]:
    """`rows`: the rules that name channels which were archived."""
    for row in rows:
        told = f'its rule {row["index"] + 1} names the channel "{row["channel_key"]}", which was archived'
        fix = f"set that channel up again, or change [channel_groups.{row['key']}] in tocsin.toml"
        yield Finding(Level.WARNING, "archived_channel", None, f'channel group "{row["key"]}"', told, fix)


def check_webhooks(rows: Iterable[Any]) -> Iterator[Finding]:
    for row in rows:
        about, told = f'webhook "{row["key"]}"', f"is switched off: nothing is posted to {row['url']}"
        fix = f"tocsin webhooks set {row['key']} --environment {row['slug']} --on"
        yield Finding(Level.WARNING, "webhook_disabled", row["slug"], about, told, fix)


def check_left_lying(
    drafts: Iterable[Any], unpromoted: Iterable[Any], slug: str, following: str | None, now: datetime
) -> Iterator[Finding]:
    """Saved and not committed, committed and not promoted, for more than a day."""
    for row in drafts:
        if now - row["updated_at"] > LEFT_LYING:
            told = f"was saved on {row['updated_at']:%Y-%m-%d} and never committed"
            about, keys = f'{row["type"]} "{row["key"]}"', (row["type"], row["key"])
            fix = f"knock commit --resource-type {row['type']} --resource-id {row['key']}"
            yield Finding(Level.WARNING, "uncommitted", slug, about, told, fix, keys=keys)
    for row in unpromoted:
        if following and now - row["inserted_at"] > LEFT_LYING:
            told = f"was committed on {row['inserted_at']:%Y-%m-%d} and not promoted to {following}"
            about, keys = f'{row["type"]} "{row["key"]}"', (row["type"], row["key"])
            fix = f"knock commit promote --to {following}"
            yield Finding(Level.WARNING, "not_promoted", slug, about, told, fix, keys=keys)
