"""A push of tocsin.toml without its effects: what would be refused of it, and what it would set up."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from cli.management import Management, Refused
from cli.project.configuration import Configuration
from cli.project.mistakes import Mistake
from cli.project.settings import Setting, settings_of, unknown_sections

_CHANNELS = "/v1/tocsin/channels/"
_VARIABLES = "/v1/tocsin/variables/"
_GROUPS = "/v1/channel_groups/"
_ASKED = ("type", "provider", "is_sandbox", "is_valid")
_FILLED = ("channel_settings", "provider_settings", "conditions")


@dataclass
class Rehearsed:
    """What a push would do. `planned` is the part of the doctor's question that is about this."""

    mistakes: list[Mistake] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)

    def holds_channel(self, environment: str | None, about: str) -> bool:
        channels = self.environments.get(environment or "", {}).get("channels", {})
        return any(about == f'channel "{key}"' for key in channels)

    def planned(self) -> dict[str, Any]:
        return {"variables": self.variables, "groups": self.groups, "environments": self.environments}


async def rehearse(api: Management, configuration: Configuration) -> Rehearsed:
    """Every setting of the file is checked as a push would; those that are refused count as not made."""
    rehearsed = Rehearsed()
    file = configuration.file
    rehearsed.mistakes += [Mistake(file, path, why) for path, why in unknown_sections(configuration)]
    if rehearsed.mistakes:  # no settings can be read off it
        return rehearsed
    for setting in settings_of(configuration):
        query = {"environment": setting.environment}
        try:
            answer = await api.put(f"{setting.path}/validate", setting.body, query)
        except Refused as refused:
            faults = [one for one in refused.faults if one.field not in setting.made_before]
            rehearsed.mistakes += [Mistake(file, setting.place(one.field), one.message) for one in faults]
            if faults:
                continue
            answer = {}
        _note(rehearsed, setting, answer)
    return rehearsed


def _note(rehearsed: Rehearsed, setting: Setting, answer: dict[str, Any]) -> None:
    key = unquote(setting.path.rsplit("/", 1)[1])
    place: dict[str, Any] | None = None
    if setting.environment:
        place = rehearsed.environments.setdefault(setting.environment, {"variables": [], "channels": {}})
    if setting.path.startswith(_VARIABLES):
        (rehearsed.variables if place is None else place["variables"]).append(key)
    elif setting.path.startswith(_GROUPS):
        rehearsed.groups[key] = setting.body["channel_group"]["channel_type"]
    elif setting.path.startswith(_CHANNELS) and place is not None:
        shown = {name: answer[name] for name in _ASKED}
        place["channels"][key] = {**shown, "settings": {name: answer[name] for name in _FILLED}}
