"""Runs a worker: `python -m worker [--queues runs,sends,bulk]`."""

import os
import signal


def main(arguments: list[str] | None = None) -> None:
    """Read the settings and serve; a mistake in them is told in one line a setting."""
    # As for the API: told to stop while it still reads its modules, it has nothing to finish.
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(0))

    from worker.process import run

    run(arguments)


if __name__ == "__main__":
    main()
