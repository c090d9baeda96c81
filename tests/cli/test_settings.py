from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.settings import UpSettings, flag_of, read_settings, variable_of

SETTINGS_PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.mark.parametrize("setting", UpSettings.model_fields)
def test_every_setting_is_documented_with_flag_variable_and_default(setting: str) -> None:
    # Further down the page names some of them again, as variables of the API and the worker alone.
    row = f"| `{flag_of(setting)}` | `{variable_of(setting)}` |"
    rows = [line for line in SETTINGS_PAGE.read_text().splitlines() if line.startswith(row)]
    assert len(rows) == 1
    default = UpSettings.model_fields[setting].default
    if isinstance(default, int) and not isinstance(default, bool):
        assert f"| {default} |" in rows[0]


def test_a_value_of_the_wrong_kind_names_flag_and_variable() -> None:
    with pytest.raises(CommandError, match=r"--api-port / TOCSIN_API_PORT cannot be 'eighty'"):
        read_settings(["--api-port", "eighty"])


def test_a_database_url_that_nobody_can_read_is_refused_without_repeating_its_password() -> None:
    with pytest.raises(
        CommandError, match=r"--database-url / DATABASE_URL cannot be read: give it as"
    ) as told:
        read_settings(["--database-url", "hunter2 at my database"])
    assert "hunter2" not in str(told.value)


def test_an_empty_project_means_none() -> None:
    assert read_settings(["--project", ""]).project == ""


def test_what_is_not_started_needs_no_port() -> None:
    ports = read_settings(
        ["--database-url", "postgresql://db", "--temporal-address", "temporal:7233"]
    ).ports()
    assert set(ports) == {"api_port", "smtp_port", "mailbox_port"}
