"""How given properties are merged into stored ones, as SQL; a tenant's preference set may be replaced."""

from typing import LiteralString

from models.values.refs import TENANTS

# As arrays, not as `{…}`: these texts are formatted.
_SET: LiteralString = "ARRAY['settings', 'preference_set']"
_STRATEGY: LiteralString = "ARRAY['settings', 'preference_set', '__persistence_strategy__']"
_NOTHING: LiteralString = "ARRAY[]::text[]"


def base_of(collection: LiteralString, stored: LiteralString, given: LiteralString) -> LiteralString:
    """What is merged into: without the preference set of a tenant whose given one replaces it (E-PREF-18)."""
    replaces = f"{collection} = '{TENANTS}' AND {given} #>> {_STRATEGY} = 'replace'"
    return f"({stored} #- CASE WHEN {replaces} THEN {_SET} ELSE {_NOTHING} END)"


def kept_of(collection: LiteralString, given: LiteralString) -> LiteralString:
    """What is merged: how a tenant's set is to be kept is not kept itself."""
    return f"({given} #- CASE WHEN {collection} = '{TENANTS}' THEN {_STRATEGY} ELSE {_NOTHING} END)"


def merged(collection: LiteralString, stored: LiteralString, given: LiteralString) -> LiteralString:
    """The properties afterwards, however large."""
    return f"deep_merge({base_of(collection, stored, given)}, {kept_of(collection, given)})"


def merged_within(
    collection: LiteralString, stored: LiteralString, given: LiteralString, most: LiteralString
) -> LiteralString:
    """The properties afterwards, or as they are if they took more than `most` bytes of JSON.

    What equals its base was too large or told nothing new: a set that replaces another is never in the base.
    """
    base = base_of(collection, stored, given)
    return f"coalesce(nullif(merge_within({base}, {kept_of(collection, given)}, {most}), {base}), {stored})"
