"""What the worker reads from its environment."""

from datetime import timedelta

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dispatch.crowds import MOST_RUNS
from dispatch.log_lines import LogFormat
from dispatch.room import REST_TIMES
from models.database_url import DatabaseUrl
from models.values.retention import RETENTION
from worker.assembly import RUNS_AT_ONCE


class WorkerSettings(BaseSettings):
    """Read once, at start. Temporal's own address and TLS come from the TEMPORAL_… variables."""

    model_config = SettingsConfigDict(populate_by_name=True, extra="ignore", env_ignore_empty=True)

    database_url: DatabaseUrl = Field(validation_alias="DATABASE_URL")
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

    retention_days: int = Field(default=RETENTION.days, validation_alias="TOCSIN_RETENTION_DAYS", ge=0)
    """How long runs that ended, their messages and logs are kept, in days; 0 keeps them for ever."""

    pool_size: int = Field(default=20, validation_alias="TOCSIN_WORKER_POOL_SIZE", ge=2)
    """Connections to Postgres, which stay open."""

    runs_at_once: int = Field(default=RUNS_AT_ONCE, validation_alias="TOCSIN_WORKER_RUNS_AT_ONCE", ge=2)
    """Workflow tasks at a time, of each queue."""

    crowd_runs: int = Field(default=MOST_RUNS, validation_alias="TOCSIN_CROWD_RUNS", ge=1)
    """Runs that a tenant's fan-outs, schedules and steps may ask for within a second before they leave
    others room."""

    crowd_rest_times: float = Field(default=REST_TIMES, validation_alias="TOCSIN_CROWD_REST_TIMES", ge=0)
    """How long a crowd rests while others are at work, as a multiple of its work; 0 for no rest."""

    upgrading: bool = Field(default=False, validation_alias="TOCSIN_UPGRADING")
    """Workers of the release before serve the same runs: carry none on in a way that they cannot."""

    sandboxed: bool = Field(default=False, validation_alias="TOCSIN_WORKFLOW_SANDBOX")
    """Run workflow code in Temporal's sandbox: slower, and what every test does."""

    @field_validator("retention_days")
    @classmethod
    def _covers_what_is_shown(cls, days: int) -> int:
        if 0 < days < RETENTION.days:
            raise ValueError(
                f"the API shows what is up to {RETENTION.days} days old: keep that, or 0 for all"
            )
        return days

    @property
    def retention(self) -> timedelta | None:
        """After which time what is over is erased; None for never."""
        return timedelta(days=self.retention_days) if self.retention_days else None
