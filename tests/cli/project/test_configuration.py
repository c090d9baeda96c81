from pathlib import Path

import pytest

from cli.project.configuration import Configuration, read_configuration
from cli.project.mistakes import Mistake

GIVEN = {"HOST": "mail.example.com", "PORT": "25"}


def read(project: Path, text: str) -> tuple[Configuration, list[Mistake]]:
    (project / "tocsin.toml").write_text(text)
    mistakes: list[Mistake] = []
    return read_configuration(project, GIVEN, mistakes), mistakes


def test_a_project_without_the_file_configures_nothing(tmp_path: Path) -> None:
    mistakes: list[Mistake] = []
    configuration = read_configuration(tmp_path, GIVEN, mistakes)
    assert (configuration.channels, configuration.variables, mistakes) == ({}, {}, [])


def test_references_to_the_environment_are_filled_in_at_every_depth(tmp_path: Path) -> None:
    configuration, mistakes = read(
        tmp_path,
        """
        [variables]
        url = "smtp://${HOST}:${PORT}"
        plain = "$HOST ${} {HOST}"
        number = 7
        [channels.mail.provider_settings]
        hosts = ["${HOST}"]
        """,
    )
    assert mistakes == []
    assert configuration.variables == {
        "url": "smtp://mail.example.com:25",
        "plain": "$HOST ${} {HOST}",
        "number": 7,
    }
    assert configuration.channels == {"mail": {"provider_settings": {"hosts": ["mail.example.com"]}}}


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        (
            '[channels.mail]\nhosts = ["${NOT_SET_AT_ALL}"]',
            "channels.mail.hosts[0]",
            "NOT_SET_AT_ALL is not set",
        ),
        ("variables = 7", "variables", "must be a table"),
        ("channels = []", "channels", "must be a table"),
        ('[channels]\nmail = "smtp"', "channels.mail", "must be a table"),
        ("[variables]\nstarted = 2026-01-01", "variables.started", "in quotes"),
        ("[variables]\nat = 07:30:00", "variables.at", "in quotes"),
        ("[environments]\nstaging = 1", "environments.staging", "must be a table"),
        ("[channel_groups]\nall = 1", "channel_groups.all", "must be a table"),
        ("[webhooks]\nmine = 1", "webhooks.mine", "must be a table"),
        ('[variables.a]\nvalue = "s"\nsecret = "true"', "variables.a.secret", "must be true or false"),
        ('[variables]\na = { value = "s", secret = 1 }', "variables.a.secret", "must be true or false"),
        (
            '[environments.production.variables.a]\nvalue = "s"\nsecret = "${PORT}"',
            "environments.production.variables.a.secret",
            "must be true or false",
        ),
        ("[colours]", "colours", "expected one of account, branding"),
        ("a = ", "", "is not TOML"),
    ],
)
def test_a_mistake_is_told_at_its_path(tmp_path: Path, text: str, path: str, said: str) -> None:
    mistakes = read(tmp_path, text)[1]
    assert [mistake.path for mistake in mistakes] == [path]
    assert said in mistakes[0].message
    assert str(mistakes[0]).startswith(f"{tmp_path / 'tocsin.toml'}: ")
