"""Flat data: what batches merge and what `trigger_data` filters compare (E-BATCH-28, E-BATCH-32)."""

from typing import Any

LONGEST_TEXT = 256


def flattened(data: dict[str, Any]) -> dict[str, Any]:
    """Top-level texts (cut to 256 characters), numbers, booleans and nulls; nested values are dropped."""
    return {
        key: value[:LONGEST_TEXT] if isinstance(value, str) else value
        for key, value in data.items()
        if value is None or isinstance(value, str | int | float | bool)
    }
