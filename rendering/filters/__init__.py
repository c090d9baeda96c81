"""Our filters: the visible list. What is not here is the Liquid library's own."""

from collections.abc import Callable
from typing import Final

from rendering.filters.data import from_json, intersect, join, json, uniq
from rendering.filters.dates import date, timezone
from rendering.filters.digests import hmac_sha256, md5, sha256
from rendering.filters.locales import (
    currency,
    format_date_in_locale,
    format_datetime_in_locale,
    format_number,
    rounded_currency,
)
from rendering.filters.markup import from_markdown
from rendering.filters.texts import pluralize, titlecase
from rendering.filters.translate import t
from rendering.filters.versions import compare_versions

FILTERS: Final[dict[str, Callable[..., object]]] = {
    "compare_versions": compare_versions,
    "currency": currency,
    "date": date,
    "format_date_in_locale": format_date_in_locale,
    "format_datetime_in_locale": format_datetime_in_locale,
    "format_number": format_number,
    "from_json": from_json,
    "from_markdown": from_markdown,
    "hmac_sha256": hmac_sha256,
    "intersect": intersect,
    "join": join,
    "json": json,
    "md5": md5,
    "pluralize": pluralize,
    "rounded_currency": rounded_currency,
    "sha256": sha256,
    "t": t,
    "timezone": timezone,
    "titlecase": titlecase,
    "uniq": uniq,
}

UNSUPPORTED: Final = frozenset(
    {
        "object",
        "subscriptions",
        "tenant",
        "user",
    }
)
"""Filters of Knock's that are refused by name, so that a template never prints something else instead."""
