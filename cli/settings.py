"""The settings of `tocsin up`: flags win over environment variables, these over the defaults.

One class gives the flags, the variables, their help and docs/settings.md.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from cli.errors import CommandError
from models.database_url import DatabaseUrl

EXAMPLE_PROJECT = Path(__file__).resolve().parents[1] / "examples" / "collab"

Port = Annotated[int, Field(ge=1, le=65535)]
# `DATABASE_URL=` in an environment file means that there is none.
_NONE_IF_EMPTY = BeforeValidator(lambda given: given or None)
Unset = Annotated[str | None, _NONE_IF_EMPTY]


class UpSettings(BaseSettings):
    """Start Postgres, Temporal, API, worker and mailbox on this machine; Ctrl-C stops them.

    Every flag is also an environment variable: --api-port is TOCSIN_API_PORT (docs/settings.md).
    """

    model_config = SettingsConfigDict(
        env_prefix="TOCSIN_",
        populate_by_name=True,
        extra="ignore",
        cli_prog_name="tocsin up",
        cli_kebab_case=True,
        cli_hide_none_type=True,
        cli_implicit_flags=True,
    )

    reset: bool = Field(default=False, description="Forget all state first.")
    home: Path = Field(default=Path(".tocsin"), description="The state folder, kept over restarts.")
    api_port: Port = Field(default=8000, description="The API's port.")
    postgres_port: Port = Field(default=5433, description="The embedded Postgres' port.")
    temporal_port: Port = Field(default=7233, description="The embedded Temporal's gRPC port.")
    temporal_ui_port: Port = Field(default=8233, description="The port of Temporal's web UI.")
    smtp_port: Port = Field(default=1025, description="The port on which the mailbox receives mails.")
    mailbox_port: Port = Field(default=8025, description="The port of the mailbox's page.")
    project: str = Field(
        default=str(EXAMPLE_PROJECT),
        description="The project folder that is pushed at the start; empty: none.",
    )
    knock_service_token: Unset = Field(
        default=None,
        validation_alias="knock_service_token",
        description="The service token the project is pushed with, where it is not development's own.",
    )
    public_url: Unset = Field(
        default=None, description="The address in links, where it is not the API's own on this machine."
    )
    temporal_ui_url: Unset = Field(
        default=None, description="The address of Temporal's web UI, where it is not the embedded one's."
    )
    secret_key: Unset = Field(
        default=None, description="The master secret, where it is not the one made in the state folder."
    )
    temporal_synchronous: Literal[1, 2] = Field(
        default=1, description="1: a killed Temporal loses nothing, a power cut the last commits; 2: neither."
    )
    temporal_retention_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=7, description="How long closed runs stay visible in the embedded Temporal."
    )
    database_url: Annotated[DatabaseUrl | None, _NONE_IF_EMPTY] = Field(
        default=None, validation_alias="database_url", description="A Postgres to use; none is started then."
    )
    temporal_address: Unset = Field(
        default=None,
        validation_alias="temporal_address",
        description="A Temporal to use, host:port; none is started then.",
    )
    temporal_namespace: str = Field(
        default="default", validation_alias="temporal_namespace", description="Temporal's namespace."
    )

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def mailbox_url(self) -> str:
        return f"http://127.0.0.1:{self.mailbox_port}"

    @property
    def temporal_ui(self) -> str:
        """The address of Temporal's web UI; empty when a Temporal is used whose UI we were not told."""
        embedded = f"http://127.0.0.1:{self.temporal_ui_port}" if self.temporal_address is None else ""
        return self.temporal_ui_url or embedded

    def ports(self) -> dict[str, int]:
        """The ports that `up` opens itself, each under its setting's name."""
        ports = {"api_port": self.api_port, "smtp_port": self.smtp_port, "mailbox_port": self.mailbox_port}
        if self.database_url is None:
            ports["postgres_port"] = self.postgres_port
        if self.temporal_address is None:
            ports |= {"temporal_port": self.temporal_port, "temporal_ui_port": self.temporal_ui_port}
        return ports


def flag_of(setting: str) -> str:
    return "--" + setting.replace("_", "-")


def variable_of(setting: str) -> str:
    alias = UpSettings.model_fields[setting].validation_alias
    return alias.upper() if isinstance(alias, str) else f"TOCSIN_{setting.upper()}"


def read_settings(arguments: list[str]) -> UpSettings:
    """The settings that these command-line arguments and the environment give; `--help` prints and exits.

    Raises:
        CommandError: a value is not what its setting takes; it says which and what.
        SystemExit: an unknown flag; usage has been printed.
    """
    try:
        return UpSettings(_cli_parse_args=arguments)
    except ValidationError as error:
        first = error.errors()[0]
        setting = str(first["loc"][0])
        name = f"{flag_of(setting)} / {variable_of(setting)}"
        if first["type"] == "value_error":
            # Ours, about what holds a secret.
            raise CommandError(f"{name} cannot be read: {first['ctx']['error']}") from None
        raise CommandError(f"{name} cannot be {first['input']!r}: {first['msg']}") from error
