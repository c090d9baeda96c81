"""What one call gives of a recipient that it names twice: as much as two calls would have left."""

from typing import Any, Final

STRATEGY: Final = "__persistence_strategy__"


def merged(first: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    """The later object in the first, deeply, as Postgres' `deep_merge` does; lists and texts are replaced.

    An object that says that it replaces what there is (E-PREF-18) does so here as well, and goes on to.
    """
    if later.get(STRATEGY) == "replace":
        return later
    both = {**first, **later}
    for key in first.keys() & later.keys():
        if isinstance(first[key], dict) and isinstance(later[key], dict):
            both[key] = merged(first[key], later[key])
    return both | ({STRATEGY: "replace"} if first.get(STRATEGY) == "replace" else {})


def merged_sets(
    first: dict[str, dict[str, Any]], later: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Preference sets by their ids."""
    return merged(first, later)
