"""What channels of each type may be set to, whoever delivers."""

import json
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from models.values.kinds import ChannelType
from models.values.providers.settings import checked


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _is_schema(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.get("type") != "object":
        raise ValueError('must be a JSON Schema of an object: {"type": "object", "properties": …}')
    return schema


Overrides = Annotated[str, checked(_is_object, "must be a JSON object, written as text; it may hold Liquid")]
"""Rendered, parsed, and merged into what is sent to the provider."""


class ChannelSettings(BaseModel):
    """Base of them; unknown fields are refused, absent ones leave the default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoChannelSettings(ChannelSettings):
    """Nothing to set."""


class EmailChannelSettings(ChannelSettings):
    """What mails of a channel carry unless a step says otherwise; each text may be Liquid (E-CHANNEL-3)."""

    from_address: str | None = Field(default=None, description="Who sends.")
    from_name: str | None = Field(default=None, description="The sender's name.")
    to_address: str | None = Field(default=None, description="Instead of `recipient.email`.")
    cc_address: str | None = Field(default=None, description="Copies, separated by commas.")
    bcc_address: str | None = Field(default=None, description="Blind copies, separated by commas.")
    reply_to_address: str | None = Field(default=None, description="Where answers go.")
    json_overrides: Overrides | None = Field(
        default=None, description="JSON as text, merged into the request to the provider."
    )
    open_tracking: bool | None = Field(default=None, description="Track opens; off by default.")
    link_tracking: bool | None = Field(default=None, description="Track clicks; off by default.")


class SmsChannelSettings(ChannelSettings):
    """Of SMS channels."""

    link_tracking: bool | None = Field(default=None, description="Short links that are tracked.")
    payload_overrides: Overrides | None = Field(
        default=None, description="JSON as text, merged into the request to the provider."
    )


class PushChannelSettings(ChannelSettings):
    """Of push channels."""

    token_deregistration: bool | None = Field(
        default=None, description="Forget a device's token when it bounces; on by default."
    )
    payload_overrides: Overrides | None = Field(
        default=None, description="JSON as text, merged into the request to the provider."
    )


class ChatChannelSettings(ChannelSettings):
    """Of chat channels."""

    link_tracking: bool | None = Field(default=None, description="Track clicks; off by default.")
    email_based_user_id_resolution: bool | None = Field(
        default=None, description="Slack: find users by their email address."
    )


class Pair(ChannelSettings):
    """A header or a query parameter."""

    key: str = Field(min_length=1)
    value: str = ""


class HttpChannelSettings(ChannelSettings):
    """The request of a webhook channel, which steps may replace; each text may be Liquid.

    They are shown to everyone who may see channels: secrets stand in variables, `{{ vars.x }}`.
    """

    method: Literal["get", "post", "put", "delete", "patch"] | None = Field(
        default=None, description="Of the request."
    )
    url: (
        Annotated[
            str, checked(lambda url: url.startswith("https://"), "must begin with https://, or be Liquid")
        ]
        | None
    ) = Field(default=None, description="https only.")
    headers: list[Pair] | None = Field(default=None, description="`[{key, value}]`.")
    query_params: list[Pair] | None = Field(default=None, description="`[{key, value}]`.")
    body: str | None = Field(default=None, description="As text.")
    input_schema: Annotated[dict[str, JsonValue], AfterValidator(_is_schema)] | None = Field(
        default=None, description="JSON Schema of the `inputs` that steps give; the same everywhere."
    )


class Chosen(ChannelSettings):
    """A part of a feed item: only these paths of it, or all but these."""

    only: list[str] | None = None
    # `except` is a word of Python.
    but: list[str] | None = Field(default=None, alias="except")

    @model_validator(mode="after")
    def _one_of_both(self) -> "Chosen":
        if (self.only is None) == (self.but is None):
            raise ValueError('must be true, false, {"only": [paths]} or {"except": [paths]}')
        return self


class ResponseFilters(ChannelSettings):
    """What of a feed's items clients get; everything unless said otherwise."""

    vars: bool | Chosen | None = None
    actor: bool | Chosen | None = None
    recipient: bool | Chosen | None = None
    data: bool | Chosen | None = None


class InAppFeedChannelSettings(ChannelSettings):
    """Of feed channels."""

    link_tracking: bool | None = Field(default=None, description="Track clicks; off by default.")
    response_filters: ResponseFilters | None = Field(
        default=None,
        description="Of `vars`, `actor`, `recipient` and `data`: true, false, or which paths of it.",
    )


CHANNEL_SETTINGS: Final[dict[ChannelType, type[ChannelSettings]]] = {
    ChannelType.EMAIL: EmailChannelSettings,
    ChannelType.IN_APP_FEED: InAppFeedChannelSettings,
    ChannelType.IN_APP_GUIDE: NoChannelSettings,
    ChannelType.SMS: SmsChannelSettings,
    ChannelType.PUSH: PushChannelSettings,
    ChannelType.CHAT: ChatChannelSettings,
    ChannelType.HTTP: HttpChannelSettings,
    ChannelType.IN_APP: NoChannelSettings,
}
