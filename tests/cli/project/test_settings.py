from pathlib import Path
from typing import Any

import pytest

from cli.project.configuration import read_configuration
from cli.project.settings import Setting, settings_of, unknown_sections

ACCOUNT = "/v1/tocsin/account"


def settings(project: Path, text: str) -> list[Setting]:
    (project / "tocsin.toml").write_text(text)
    mistakes: list[Any] = []
    configuration = read_configuration(project, {}, mistakes)
    assert mistakes == []
    assert list(unknown_sections(configuration)) == []
    return settings_of(configuration)


@pytest.mark.parametrize(
    ("text", "section", "path", "body", "environment"),
    [
        ("[account]\nlocale = 'de'", "account", ACCOUNT, {"locale": "de"}, "development"),
        (
            "[branding]\nprimary_color = '#fff'",
            "branding",
            ACCOUNT,
            {"branding": {"primary_color": "#fff"}},
            "development",
        ),
        (
            "[environments.production.preferences.workflows]\nhello = false",
            "environments.production.preferences",
            ACCOUNT,
            {"preferences": {"workflows": {"hello": False}}},
            "production",
        ),
        ("[variables]\na = 1", "variables.a", "/v1/tocsin/variables/a", {"value": 1}, None),
        (
            "[variables.a]\nvalue = 's'\nsecret = true",
            "variables.a",
            "/v1/tocsin/variables/a",
            {"value": "s", "type": "secret"},
            None,
        ),
        (
            "[variables]\na = { value = 1, description = 'd' }",
            "variables.a",
            "/v1/tocsin/variables/a",
            {"value": 1, "description": "d"},
            None,
        ),
        ("[variables]\na = { b = 1 }", "variables.a", "/v1/tocsin/variables/a", {"value": {"b": 1}}, None),
        (
            "[environments.production.variables]\na = 2",
            "environments.production.variables.a",
            "/v1/tocsin/variables/a",
            {"value": 2},
            "production",
        ),
        (
            "[channels.mail]\nname = 'M'",
            "channels.mail",
            "/v1/tocsin/channels/mail",
            {"name": "M"},
            "development",
        ),
        (
            "[channel_groups.all]\nname = 'A'",
            "channel_groups.all",
            "/v1/channel_groups/all",
            {"channel_group": {"name": "A"}},
            "development",
        ),
        (
            "[webhooks.audit]\nurl = 'u'",
            "webhooks.audit",
            "/v1/tocsin/webhooks/audit",
            {"url": "u"},
            "development",
        ),
    ],
)
def test_each_section_has_its_route(
    tmp_path: Path, text: str, section: str, path: str, body: Any, environment: str | None
) -> None:
    [setting] = settings(tmp_path, text)
    told = (setting.section, setting.path, setting.body, setting.environment)
    assert told == (section, path, body, environment)


def test_a_group_may_name_channels_that_are_made_with_it(tmp_path: Path) -> None:
    text = "[channels.mail]\nname = 'M'\n[[channel_groups.all.channel_rules]]\nchannel_key = 'mail'"
    made = {setting.section: setting.made_before for setting in settings(tmp_path, text)}
    assert made == {
        "channels.mail": frozenset(),
        "channel_groups.all": {"channel_group.channel_rules[0].channel_key"},
    }


def test_an_environments_channel_says_again_what_the_channel_is(tmp_path: Path) -> None:
    text = """
        [channels.mail]
        name = "M"
        type = "email"
        provider = "email_smtp"
        [environments.production.channels.mail]
        is_sandbox = true
    """
    _, production = settings(tmp_path, text)
    identity = {"name": "M", "type": "email", "provider": "email_smtp"}
    assert (production.environment, production.body) == ("production", {**identity, "is_sandbox": True})


def test_a_mistake_is_placed_in_its_section(tmp_path: Path) -> None:
    [branding] = settings(tmp_path, "[branding]\nprimary_color = 'red'")
    assert branding.place("branding.primary_color") == "branding.primary_color"
    [channel] = settings(tmp_path, "[channels.mail]\ntype = 'post'")
    assert channel.place("type") == "channels.mail.type"
    assert channel.place("") == "channels.mail"


def test_what_an_environment_cannot_hold_is_told(tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text("[environments.production]\ncolours = 1\nvariables = 2")
    configuration = read_configuration(tmp_path, {}, [])
    told = dict(unknown_sections(configuration))
    assert "expected one of variables" in told["environments.production.colours"]
    assert "must be a table" in told["environments.production.variables"]
