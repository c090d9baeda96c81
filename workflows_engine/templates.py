"""What channel steps render, by channel type, and what they set over their channel (E-CHANNEL-3)."""

from typing import Literal

from pydantic import Field, model_validator

from workflows_engine.step import Written
from workflows_engine.visual_blocks import AnyBlock, PartialBlock

Method = Literal["get", "post", "put", "delete", "patch"]


def given(**texts: str | None) -> dict[str, str]:
    """The texts that are there."""
    return {path: text for path, text in texts.items() if text is not None}


def below(path: str, found: dict[str, str]) -> dict[str, str]:
    """The same templates, seen from further up."""
    return {f"{path}.{inner}": text for inner, text in found.items()}


class Template(Written):
    """What is rendered."""

    def templates(self) -> dict[str, str]:
        """Liquid by its JSON path below the template."""
        return {}


class Pair(Written):
    """A header or a query parameter, both sides Liquid."""

    key: str
    value: str


def pair_templates(name: str, value: str | list[Pair] | None) -> dict[str, str]:
    """The Liquid of headers or query parameters, however they are written."""
    if isinstance(value, str):
        return {name: value}
    found = {}
    for index, pair in enumerate(value or []):
        found[f"{name}[{index}].key"] = pair.key
        found[f"{name}[{index}].value"] = pair.value
    return found


class ActionButton(Written):
    """A button of an in-app message."""

    label: str
    action: str


class InAppFeedTemplate(Template):
    """A feed item: a body in markdown, and where a click leads (E-TEMPLATE-25)."""

    markdown_body: str
    action_url: str | None = None
    action_buttons: list[ActionButton] | None = Field(default=None, max_length=2)

    def templates(self) -> dict[str, str]:
        found = given(markdown_body=self.markdown_body, action_url=self.action_url)
        for index, button in enumerate(self.action_buttons or []):
            found[f"action_buttons[{index}].label"] = button.label
            found[f"action_buttons[{index}].action"] = button.action
        return found


class EmailTemplateSettings(Written):
    """The layout around the mail, where its attachments are in the data, and a Liquid prelude."""

    layout_key: str | None = None
    attachment_key: str | None = None
    pre_content: str | None = None


class EmailTemplate(Template):
    """A mail: HTML or MJML, or blocks; the text part is derived when omitted (E-TEMPLATE-16)."""

    subject: str
    html_body: str | None = None
    visual_blocks: list[AnyBlock] | None = None
    is_mjml: bool | None = None
    text_body: str | None = None
    settings: EmailTemplateSettings = EmailTemplateSettings()

    @model_validator(mode="after")
    def _has_one_body(self) -> "EmailTemplate":
        if self.html_body is None and self.visual_blocks is None:
            raise ValueError("a mail needs html_body or visual_blocks")
        if self.html_body is not None and self.visual_blocks:
            raise ValueError("a mail has either html_body or visual_blocks, not both")
        if self.is_mjml and self.html_body is None:
            raise ValueError("is_mjml speaks of html_body; visual blocks are not MJML")
        return self

    @property
    def partials(self) -> list[tuple[str, str]]:
        """The partials that blocks call: path below the template, and key."""
        return [
            (f"visual_blocks[{index}].key", block.key)
            for index, block in enumerate(self.visual_blocks or [])
            if isinstance(block, PartialBlock)
        ]

    def templates(self) -> dict[str, str]:
        found = given(subject=self.subject, html_body=self.html_body, text_body=self.text_body)
        if self.settings.pre_content is not None:
            found["settings.pre_content"] = self.settings.pre_content
        for index, block in enumerate(self.visual_blocks or []):
            found |= below(f"visual_blocks[{index}]", block.templates())
        return found


class SmsTemplateSettings(Written):
    """Whom to send to instead, and what to lay over the provider's payload (JSON, Liquid)."""

    payload_overrides: str | None = None
    to_number: str | None = None


class SmsTemplate(Template):
    """A text message."""

    text_body: str
    settings: SmsTemplateSettings | None = None

    def templates(self) -> dict[str, str]:
        settings = self.settings or SmsTemplateSettings()
        own = given(payload_overrides=settings.payload_overrides, to_number=settings.to_number)
        return {"text_body": self.text_body} | below("settings", own)


class PushTemplateSettings(Written):
    """Whether a push is shown, and what to lay over the provider's payload (JSON, Liquid)."""

    delivery_type: Literal["silent", "content"]
    payload_overrides: str | None = None


class PushTemplate(Template):
    """A push notification."""

    title: str
    text_body: str
    settings: PushTemplateSettings

    def templates(self) -> dict[str, str]:
        own = given(payload_overrides=self.settings.payload_overrides)
        return {"title": self.title, "text_body": self.text_body} | below("settings", own)


class ChatTemplate(Template):
    """A chat message: markdown, or the vendor's own JSON as a template."""

    markdown_body: str | None = None
    json_body: str | None = None
    summary: str | None = None

    @model_validator(mode="after")
    def _has_a_body(self) -> "ChatTemplate":
        if self.markdown_body is None and self.json_body is None:
            raise ValueError("a chat message needs markdown_body or json_body")
        return self

    def templates(self) -> dict[str, str]:
        return given(markdown_body=self.markdown_body, json_body=self.json_body, summary=self.summary)


class WebhookTemplate(Template):
    """A request of an HTTP channel."""

    method: Method
    url: str = Field(min_length=1)
    headers: list[Pair] | None = None
    query_params: list[Pair] | None = None
    body: str | None = None

    def templates(self) -> dict[str, str]:
        found = given(url=self.url, body=self.body)
        found |= pair_templates("headers", self.headers)
        return found | pair_templates("query_params", self.query_params)


class EmailOverrides(Written):
    """Addresses that this step sets over its channel's own, each Liquid (E-TEMPLATE-22)."""

    from_address: str | None = None
    from_name: str | None = None
    to_address: str | None = None
    cc_address: str | None = None
    bcc_address: str | None = None
    reply_to_address: str | None = None
    json_overrides: str | None = None
    open_tracking: bool | None = None
    link_tracking: bool | None = None

    def templates(self) -> dict[str, str]:
        return {key: text for key, text in self.model_dump().items() if isinstance(text, str)}


class LinkOverrides(Written):
    """Whether links in a feed item or a text message are tracked."""

    link_tracking: bool | None = None


class ChatOverrides(LinkOverrides):
    """Whether links are tracked, and whether people are found by their mail address."""

    email_based_user_id_resolution: bool | None = None


class PushOverrides(Written):
    """Whether a token that bounced is forgotten."""

    token_deregistration: bool | None = None
