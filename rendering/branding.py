"""Branding: what `vars.branding` holds (E-TEMPLATE-4)."""

from collections.abc import Mapping
from typing import Any, Final

_DEFAULTS: Final[Mapping[str, Any]] = {
    "logo_url": None,
    "icon_url": None,
    "dark_logo_url": None,
    "dark_icon_url": None,
    "primary_color": "#000000",
    "primary_color_contrast": "#FFFFFF",
    "dark_primary_color": "#FFFFFF",
    "dark_primary_color_contrast": "#000000",
}
_LIGHT: Final = {"dark_logo_url": "logo_url", "dark_icon_url": "icon_url"}
"""What a dark picture falls back to."""


def branding(*given: object) -> dict[str, Any]:
    """The defaults, and over them what is given, the strongest last: account, layout, tenant.

    Blank values give nothing, and neither does what is no object; further keys are kept.
    """
    merged = dict(_DEFAULTS)
    for one in given:
        if isinstance(one, Mapping):
            merged |= {key: value for key, value in one.items() if value not in (None, "")}
    for dark, light in _LIGHT.items():
        merged[dark] = merged[dark] or merged[light]
    return merged
