import subprocess
import sys

ASKED = """
import sys
from api.app import create_app
from api.settings import ApiSettings
from dispatch.tracing.switch import traces
from worker.assembly import working

create_app(ApiSettings(database_url="postgresql://x", secret_key="0123456789abcdef"))
before = len(traces("tocsin-worker", None))
loaded = [name for name in ("opentelemetry.sdk", "temporalio.contrib.opentelemetry") if name in sys.modules]
print(before, loaded, len(traces("tocsin-worker", "http://127.0.0.1:9")), "opentelemetry.sdk" in sys.modules)
"""


def test_without_an_endpoint_nothing_is_intercepted_and_nothing_loaded_for_it() -> None:
    # A process of its own: what is loaded once, and who collects, holds for all of it.
    told = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True)
    assert told.stdout == "0 [] 1 True\n", told.stderr
