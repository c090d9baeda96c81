"""How a mistake's place in a body is written: `devices[0].token`."""

from collections.abc import Iterable


def field_path(steps: Iterable[str | int]) -> str:
    """From the keys and indexes that lead there."""
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step:
            path += f".{step}" if path else step
    return path
