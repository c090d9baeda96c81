"""What the API reads from its environment."""

from ipaddress import ip_address

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.content_database import TURNS
from dispatch.crowds import MOST_RUNS
from dispatch.log_lines import LogFormat
from dispatch.room import REST_TIMES
from models.database_url import DatabaseUrl
from models.sealing import former_of


class ApiSettings(BaseSettings):
    """Read once, at start. Temporal's own address and TLS come from the TEMPORAL_… variables."""

    model_config = SettingsConfigDict(populate_by_name=True, extra="ignore", env_ignore_empty=True)

    database_url: DatabaseUrl = Field(validation_alias="DATABASE_URL")
    """Where Postgres is, as `postgresql://user:password@host:port/name`."""

    secret_key: SecretStr = Field(validation_alias="TOCSIN_SECRET_KEY", min_length=16)
    """The instance's one master secret: keys, links and provider credentials hang on it."""

    former_secret_keys: SecretStr | None = Field(default=None, validation_alias="TOCSIN_FORMER_SECRET_KEYS")
    """Master secrets of before, with commas between: what they hashed and sealed stays good."""

    host: str = Field(default="127.0.0.1", validation_alias="TOCSIN_API_HOST")
    """The address to listen on. Development keys are accepted on loopback only."""

    port: int = Field(default=8000, validation_alias="TOCSIN_API_PORT", ge=0, le=65535)
    """The port to listen on."""

    is_development: bool = Field(default=False, validation_alias="TOCSIN_DEVELOPMENT")
    """Whether `GET /demo` and what it needs are served."""

    public_url: str | None = Field(default=None, validation_alias="TOCSIN_PUBLIC_URL")
    """The address under which callers reach this API, for links that leave the house."""

    temporal_ui_url: str | None = Field(default=None, validation_alias="TOCSIN_TEMPORAL_UI_URL")
    """The Temporal Web UI, for links to a run."""

    mailbox_url: str | None = Field(default=None, validation_alias="TOCSIN_MAILBOX_URL")
    """The development mailbox, whose mails `GET /demo` shows."""

    payload_keys: str | None = Field(default=None, validation_alias="TOCSIN_PAYLOAD_KEYS")
    """Keys that encrypt what Temporal stores; empty leaves payloads readable."""

    log_format: LogFormat = Field(default="auto", validation_alias="TOCSIN_LOG_FORMAT")
    """How logs are written: `json`, `text`, or `auto`, which is text on a terminal and JSON elsewhere."""

    metrics_address: str | None = Field(default=None, validation_alias="TOCSIN_API_METRICS_ADDRESS")
    """Where Prometheus may fetch metrics, as `host:port`; empty serves none."""

    longest_wait: float = Field(default=10, validation_alias="TOCSIN_API_LONGEST_WAIT", gt=0)
    """Seconds that a tenant's single triggers may wait for a worker; with a longer backlog more of them
    wait to be accepted, and are refused after 20 s."""

    pool_size: int = Field(default=10, validation_alias="TOCSIN_API_POOL_SIZE", ge=TURNS + 2)
    """Connections to Postgres, which stay open. Writers of content may hold three of them for a minute: a
    trigger, and whoever asks whether the API is ready, must find one beside."""

    crowd_runs: int = Field(default=MOST_RUNS, validation_alias="TOCSIN_CROWD_RUNS", ge=1)
    """Runs that a tenant may ask this process for within a second before it leaves others room."""

    crowd_rest_times: float = Field(default=REST_TIMES, validation_alias="TOCSIN_CROWD_REST_TIMES", ge=0)
    """How long a crowd rests while others ask, as a multiple of its work; 0 for no rest."""

    otlp_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    """Where traces are sent by OTLP over HTTP; empty sends and makes none."""

    @property
    def secrets(self) -> list[str]:
        """Every master secret that is good, today's first."""
        return [self.secret_key.get_secret_value(), *former_of(self.former_secret_keys)]

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the API."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False
