"""What of `tocsin.toml` goes where: each section's routes of the management API."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from cli.management import Management, Refused, segment
from cli.project.configuration import Configuration, is_described
from models.values.development import ENVIRONMENT

_OF_AN_ENVIRONMENT = ("variables", "channels", "preferences")
"""What an [environments.<slug>] table may hold."""
_IDENTITY = ("id", "name", "type", "provider")
"""What a channel is in all environments."""


@dataclass(frozen=True)
class Setting:
    """One call. `section` is where it stands in the file, `inside` what of the body stands there."""

    section: str
    path: str
    body: dict[str, Any]
    environment: str | None
    """None: of the account, in all environments."""
    inside: str = ""
    made_before: frozenset[str] = frozenset()
    """Fields that name what an earlier setting of this push makes, which a check cannot find yet."""

    async def check(self, api: Management) -> None:
        """Raises Refused."""
        try:
            await api.put(f"{self.path}/validate", self.body, {"environment": self.environment})
        except Refused as refused:
            if any(fault.field not in self.made_before for fault in refused.faults):
                raise

    async def apply(self, api: Management) -> dict[str, Any]:
        """Takes effect at once (E-VERSION-2), and answers what is now; raises Refused."""
        return await api.put(self.path, self.body, {"environment": self.environment})

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
        *_channel_groups(configuration.channel_groups, environment, configuration.channels),
        *_webhooks(configuration.webhooks, environment),
        *_environments(configuration.environments, configuration.channels),
    ]


def coming_of(configuration: Configuration) -> dict[str, dict[str, str]]:
    """The types of the channels and the channel groups that the file makes, as content is validated with."""
    channels = [configuration.channels]
    channels += [held.get("channels", {}) for held in configuration.environments.values()]
    return {
        "channels": {key: kind for tables in channels for key, kind in _types(tables, "type")},
        "channel_groups": dict(_types(configuration.channel_groups, "channel_type")),
    }


def _types(tables: Any, field: str) -> Iterator[tuple[str, str]]:
    for key, table in tables.items() if isinstance(tables, dict) else ():
        if isinstance(table, dict) and isinstance(table.get(field), str):
            yield key, table[field]


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
        body = dict(value) if is_described(value) else {"value": value}
        if "secret" in body:
            body["type"] = "public" if body.pop("secret") is False else "secret"
        path = f"/v1/tocsin/variables/{segment(key)}"
        yield Setting(f"{section}.{key}", path, body, environment)


def _channels(given: dict[str, Any], section: str, environment: str) -> Iterator[Setting]:
    for key, channel in given.items():
        path = f"/v1/tocsin/channels/{segment(key)}"
        yield Setting(f"{section}.{key}", path, channel, environment)


def _channel_groups(
    given: dict[str, dict[str, Any]], environment: str, made: Collection[str]
) -> Iterator[Setting]:
    for key, group in given.items():
        path, body = f"/v1/channel_groups/{segment(key)}", {"channel_group": group}
        yield Setting(
            f"channel_groups.{key}", path, body, environment, "channel_group", _rules_about(group, made)
        )


def _rules_about(group: dict[str, Any], made: Collection[str]) -> frozenset[str]:
    """Where the rules of a group name these channels."""
    rules = group.get("channel_rules") or []
    return frozenset(
        f"channel_group.channel_rules[{index}].channel_key"
        for index, rule in enumerate(rules if isinstance(rules, list) else [])
        if isinstance(rule, dict) and rule.get("channel_key") in made
    )


def _webhooks(given: dict[str, dict[str, Any]], environment: str) -> Iterator[Setting]:
    for name, webhook in given.items():
        path = f"/v1/tocsin/webhooks/{segment(name)}"
        yield Setting(f"webhooks.{name}", path, webhook, environment)


def _environments(given: dict[str, dict[str, Any]], channels: dict[str, Any]) -> Iterator[Setting]:
    for slug, held in given.items():
        section = f"environments.{slug}"
        named = {key: _named(channel, channels.get(key)) for key, channel in held.get("channels", {}).items()}
        yield from _variables(held.get("variables", {}), f"{section}.variables", slug)
        yield from _channels(named, f"{section}.channels", slug)
        if held.get("preferences"):
            yield _preferences(held["preferences"], f"{section}.preferences", slug)


def _named(channel: Any, of_account: Any) -> Any:
    """An environment's part says what the channel is as well: it may be made by this very push."""
    if not isinstance(channel, dict) or not isinstance(of_account, dict):
        return channel
    return {part: of_account[part] for part in _IDENTITY if part in of_account} | channel
