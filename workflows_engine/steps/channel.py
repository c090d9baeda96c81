"""The channel step: sends one template over one channel (E-CHANNEL)."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from workflows_engine.effects.steps import compose_messages
from workflows_engine.run import Run
from workflows_engine.step import GoOn, Next, PlannedStep, Step


class Template(BaseModel):
    """What is rendered; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ActionButton(Template):
    """A button of an in-app message."""

    label: str
    action: str


class InAppFeedTemplate(Template):
    """A feed item: a body in markdown, and where a click leads (E-TEMPLATE-25)."""

    markdown_body: str
    action_url: str | None = None
    action_buttons: list[ActionButton] | None = Field(default=None, max_length=2)


class EmailTemplateSettings(Template):
    """Layouts come with the content plane; an email carries its whole document today."""

    layout_key: None = None
    attachment_key: None = None
    pre_content: str | None = None


class EmailTemplate(Template):
    """A mail: subject and HTML; the text part is derived from the HTML when omitted (E-TEMPLATE-16)."""

    subject: str
    html_body: str
    text_body: str | None = None
    settings: EmailTemplateSettings = EmailTemplateSettings()


class EmailOverrides(Template):
    """Addresses that this step sets over its channel's own, each Liquid (E-CHANNEL-3, E-TEMPLATE-22)."""

    from_address: str | None = None
    from_name: str | None = None
    to_address: str | None = None
    cc_address: str | None = None
    bcc_address: str | None = None
    reply_to_address: str | None = None


class ChannelPlan(PlannedStep):
    """What travels: nothing but the ref; channel and template are read when the step runs."""

    type: Literal["channel"] = "channel"

    async def run(self, run: Run) -> Next:
        composed = await run.perform(self, compose_messages)
        if (then := run.settle(self, composed)) is not None:
            return then
        for message_id in composed.to_deliver:
            run.deliver(self, message_id)
        return GoOn()


class ChannelStep(Step):
    """What all channel steps share."""

    type: Literal["channel"]
    channel_key: str = Field(min_length=1)

    def plan(self) -> ChannelPlan:
        return ChannelPlan(ref=self.ref)


class InAppFeedStep(ChannelStep):
    """A channel step into a person's feed."""

    channel_type: Literal["in_app_feed"]
    template: InAppFeedTemplate

    def templates(self) -> dict[str, str]:
        found = {"template.markdown_body": self.template.markdown_body}
        if self.template.action_url is not None:
            found["template.action_url"] = self.template.action_url
        for index, button in enumerate(self.template.action_buttons or []):
            found[f"template.action_buttons[{index}].label"] = button.label
            found[f"template.action_buttons[{index}].action"] = button.action
        return found


class EmailStep(ChannelStep):
    """A channel step by mail."""

    channel_type: Literal["email"]
    template: EmailTemplate
    channel_overrides: EmailOverrides | None = None

    def templates(self) -> dict[str, str]:
        found = {"template.subject": self.template.subject, "template.html_body": self.template.html_body}
        if self.template.text_body is not None:
            found["template.text_body"] = self.template.text_body
        if self.template.settings.pre_content is not None:
            found["template.settings.pre_content"] = self.template.settings.pre_content
        overrides: dict[str, Any] = self.channel_overrides.model_dump() if self.channel_overrides else {}
        return found | {
            f"channel_overrides.{key}": text for key, text in overrides.items() if text is not None
        }


AnyChannelStep = Annotated[InAppFeedStep | EmailStep, Field(discriminator="channel_type")]
