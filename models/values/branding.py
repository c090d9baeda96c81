"""The account's branding: what `vars.branding.*` is made of (E-TEMPLATE-4)."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Color = Annotated[str, Field(pattern=r"^#(?:[A-Fa-f0-9]{3}|[A-Fa-f0-9]{6})$")]
"""`#1a2b3c` or `#abc`."""


def _web_address(text: str) -> str:
    if not re.fullmatch(r"https?://\S+", text):
        raise ValueError("must be a URL that begins with https:// or http://")
    return text


Url = Annotated[str, AfterValidator(_web_address)]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Branding(BaseModel):
    """Knock's keys, and any further ones of a name that Liquid can read; null is as if never set."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, str | None]

    logo_url: Url | None = None
    icon_url: Url | None = None
    dark_logo_url: Url | None = None
    dark_icon_url: Url | None = None
    primary_color: Color | None = None
    primary_color_contrast: Color | None = None
    dark_primary_color: Color | None = None
    dark_primary_color_contrast: Color | None = None

    @model_validator(mode="after")
    def _names_are_readable(self) -> "Branding":
        for name in self.__pydantic_extra__:
            if not _NAME.fullmatch(name):
                raise ValueError(f'"{name}" is not a name that templates can read')
        return self
