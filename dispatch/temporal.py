"""The one Temporal client of a process."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from temporalio.client import Client, Interceptor
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime

from dispatch.codec import data_converter

PATIENCE = timedelta(seconds=5)
"""How long one call may take before its caller hears that Temporal is away."""


@dataclass(frozen=True)
class Temporal:
    """A client, and what the server behind it can do.

    `is_listed` is False on the time-skipping test server, which refuses custom search attributes.
    `hides_keys` is True when payloads are encrypted: then search attributes hold hashes of what callers
    gave as cancellation keys.
    """

    client: Client
    ui_url: str | None = None
    is_listed: bool = True
    hides_keys: bool = False

    def url_of(self, workflow_id: str, run_id: str | None = None) -> str | None:
        """Where a person watches this workflow; None without a Web UI."""
        if self.ui_url is None:
            return None
        base = f"{self.ui_url.rstrip('/')}/namespaces/{quote(self.client.namespace, safe='')}/workflows"
        run = f"/{quote(run_id, safe='')}/history" if run_id else ""
        return f"{base}/{quote(workflow_id, safe='')}{run}"


async def connect(
    payload_keys: str | None = None,
    *,
    ui_url: str | None = None,
    lazy: bool = True,
    runtime: Runtime | None = None,
    interceptors: Sequence[Interceptor] = (),
) -> Temporal:
    """Connect as TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_TLS… say, as every Temporal tool does.

    A lazy client connects at its first call, so that an API starts while Temporal is away.
    """
    where = ClientConfig.load_client_connect_config()
    converter: DataConverter = data_converter(payload_keys)
    where.setdefault("target_host", "127.0.0.1:7233")
    client = await Client.connect(
        **where, data_converter=converter, lazy=lazy, runtime=runtime, interceptors=interceptors
    )
    return Temporal(client=client, ui_url=ui_url, hides_keys=payload_keys is not None)
