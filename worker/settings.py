"""What the worker reads from its environment."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from dispatch.log_lines import LogFormat


class WorkerSettings(BaseSettings):
    """Read once, at start. Temporal's own address and TLS come from the TEMPORAL_… variables."""

    model_config = SettingsConfigDict(populate_by_name=True, extra="ignore", env_ignore_empty=True)

    database_url: str = Field(validation_alias="DATABASE_URL")
    """Where Postgres is, as `postgresql://user:password@host:port/name`."""

    secret_key: SecretStr = Field(validation_alias="TOCSIN_SECRET_KEY", min_length=16)
    """The instance's one master secret; the same as the API's."""

    former_secret_keys: SecretStr | None = Field(default=None, validation_alias="TOCSIN_FORMER_SECRET_KEYS")
    """Master secrets of before, with commas between; the same as the API's."""

    outbound_allow: str = Field(default="", validation_alias="TOCSIN_OUTBOUND_ALLOW")
    """Networks that user-given URLs may reach though they are not public, as CIDRs with commas between."""

    payload_keys: str | None = Field(default=None, validation_alias="TOCSIN_PAYLOAD_KEYS")
    """Keys that encrypt what Temporal stores, `id:base64` with commas between; the first encrypts."""

    metrics_address: str | None = Field(default=None, validation_alias="TOCSIN_METRICS_ADDRESS")
    """Where Prometheus may fetch metrics, as `host:port`; empty serves none."""

    otlp_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    """Where traces are sent by OTLP over HTTP; empty sends and makes none."""

    log_format: LogFormat = Field(default="auto", validation_alias="TOCSIN_LOG_FORMAT")
    """How logs are written: `json`, `text`, or `auto`, which is text on a terminal and JSON elsewhere."""

    pool_size: int = Field(default=20, validation_alias="TOCSIN_WORKER_POOL_SIZE", ge=2)
    """Connections to Postgres at most."""

    sandboxed: bool = Field(default=False, validation_alias="TOCSIN_WORKFLOW_SANDBOX")
    """Run workflow code in Temporal's sandbox: slower, and what every test does."""
