"""Whether there are traces: without an endpoint neither the SDK nor an interceptor is loaded."""

from collections.abc import Sequence

from temporalio.client import Interceptor


def traces(service: str, endpoint: str | None) -> Sequence[Interceptor]:
    """What the process' Temporal client is to be made with; begins to collect where an endpoint is set."""
    if endpoint is None:
        return ()
    from dispatch.tracing.collector import collect
    from dispatch.tracing.interceptor import Tracing

    collect(service)
    return (Tracing(),)
