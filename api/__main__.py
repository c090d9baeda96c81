"""Run the API: `python -m api`."""

import os
import signal
import sys


def main() -> int:
    """Serve until SIGINT or SIGTERM; 1 when it cannot start, with the reason on stderr."""
    # Whoever is told to stop while it still reads its modules, which takes seconds, has nothing to finish.
    # Not SystemExit: one raised in the midst of an import may meet a handler that takes it for a failure.
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(0))

    from api.process import serve

    return serve()


if __name__ == "__main__":
    sys.exit(main())
