"""What of `tocsin.toml` goes where: each section's routes of the management API."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cli.management import Management, segment
from cli.project.configuration import Configuration
from models.values.development import ENVIRONMENT

_OF_AN_ENVIRONMENT = ("variables", "channels", "preferences")
"""What an [environments.<slug>] table may hold."""


@dataclass(frozen=True)
class Setting:
    """One call. `section` is where it stands in the file, `inside` what of the body stands there."""

    section: str
    path: str
    body: dict[str, Any]
    environment: str | None
    """None: of the account, in all environments."""
    inside: str = ""
    is_checked_first: bool = False
    """Whether the route has a `/validate` beside it."""

    async def check(self, api: Management) -> None:
        """Raises Refused."""
        if self.is_checked_first:
            await api.put(f"{self.path}/validate", self.body, {"environment": self.environment})

    async def apply(self, api: Management) -> None:
        """Takes effect at once (E-VERSION-2); raises Refused."""
        await api.put(self.path, self.body, {"environment": self.environment})

    def place(self, field: str) -> str:
        """Where in the file a field of the body stands."""
        own = field.removeprefix(self.inside).lstrip(".") if self.inside else field
        return ".".join(part for part in (self.section, own) if part)


def settings_of(configuration: Configuration, environment: str = ENVIRONMENT) -> list[Setting]:
    """Every call that the file asks for; variables and channels before what may name them."""
    return [
        *_account(configuration, environment),
        *_variables(configuration.variables, "variables", None),
        *_channels(configuration.channels, "channels", environment),
        *_channel_groups(configuration.channel_groups, environment),
        *_webhooks(configuration.webhooks, environment),
        *_environments(configuration.environments),
    ]


def unknown_sections(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """Path and reason of what an [environments.<slug>] table may not hold."""
    for slug, held in configuration.environments.items():
        for name, inner in held.items():
            path = f"environments.{slug}.{name}"
            if name not in _OF_AN_ENVIRONMENT:
                yield path, f"is unknown; expected one of {', '.join(_OF_AN_ENVIRONMENT)}"
            elif not isinstance(inner, dict):
                yield path, f"must be a table: [{path}]"


def _account(configuration: Configuration, environment: str) -> Iterator[Setting]:
    path = "/v1/tocsin/account"
    if configuration.account:
        yield Setting("account", path, configuration.account, environment)
    if configuration.branding:
        yield Setting("branding", path, {"branding": configuration.branding}, environment, "branding")
    if configuration.preferences:
        yield _preferences(configuration.preferences, "preferences", environment)


def _preferences(given: dict[str, Any], section: str, environment: str) -> Setting:
    return Setting(section, "/v1/tocsin/account", {"preferences": given}, environment, "preferences")


def _variables(given: dict[str, Any], section: str, environment: str | None) -> Iterator[Setting]:
    for key, value in given.items():
        is_table = isinstance(value, dict) and ("value" in value or "secret" in value)
        body = dict(value) if is_table else {"value": value}
        if "secret" in body:
            body["type"] = "secret" if body.pop("secret") is True else "public"
        path = f"/v1/tocsin/variables/{segment(key)}"
        yield Setting(f"{section}.{key}", path, body, environment, is_checked_first=True)


def _channels(given: dict[str, Any], section: str, environment: str) -> Iterator[Setting]:
    for key, channel in given.items():
        path = f"/v1/tocsin/channels/{segment(key)}"
        yield Setting(f"{section}.{key}", path, channel, environment, is_checked_first=True)


def _channel_groups(given: dict[str, dict[str, Any]], environment: str) -> Iterator[Setting]:
    for key, group in given.items():
        path, body = f"/v1/channel_groups/{segment(key)}", {"channel_group": group}
        yield Setting(f"channel_groups.{key}", path, body, environment, "channel_group")


def _webhooks(given: dict[str, dict[str, Any]], environment: str) -> Iterator[Setting]:
    for name, webhook in given.items():
        path = f"/v1/tocsin/webhooks/{segment(name)}"
        yield Setting(f"webhooks.{name}", path, webhook, environment, is_checked_first=True)


def _environments(given: dict[str, dict[str, Any]]) -> Iterator[Setting]:
    for slug, held in given.items():
        section = f"environments.{slug}"
        yield from _variables(held.get("variables", {}), f"{section}.variables", slug)
        yield from _channels(held.get("channels", {}), f"{section}.channels", slug)
        if held.get("preferences"):
            yield _preferences(held["preferences"], f"{section}.preferences", slug)
