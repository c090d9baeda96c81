"""The channel step: sends one template over one channel, or a group of them (E-CHANNEL)."""

from typing import Annotated, Any, Literal

from models.values.kinds import Outcome
from pydantic import Field, model_validator

from workflows_engine.effects.steps import compose_messages
from workflows_engine.run import Run
from workflows_engine.send_windows import SendWindows
from workflows_engine.step import End, GoOn, Next, PlannedStep, Reference, Step, Unsupported
from workflows_engine.templates import (
    ChatOverrides,
    ChatTemplate,
    EmailOverrides,
    EmailTemplate,
    InAppFeedTemplate,
    LinkOverrides,
    PushOverrides,
    PushTemplate,
    SmsTemplate,
    Template,
    WebhookTemplate,
    below,
)

TRACKING = ("link_tracking", "open_tracking")


class ChannelPlan(PlannedStep):
    """What travels: nothing but the ref; channel and template are read when the step runs."""

    type: Literal["channel"] = "channel"

    async def run(self, run: Run) -> Next:
        composed = await run.perform(self, compose_messages)
        then = run.settle(self, composed)
        if composed.is_settled:
            return End(Outcome.FINISHED, is_settled=True)
        if then is not None:
            return then
        for message_id in composed.to_deliver:
            run.deliver(self, message_id)
        for waiting in composed.scheduled:
            # The message waits for its window in a workflow of its own; the run does not (E-CHANNEL-14).
            await run.hand_over(waiting.message_id, attempt=1, due=waiting.due)
        return GoOn()


class ChannelStep(Step):
    """What all channel steps share; exactly one of the two keys is there (E-CHANNEL-1)."""

    type: Literal["channel"]
    channel_type: str
    channel_key: str | None = Field(default=None, min_length=1)
    channel_group_key: str | None = Field(default=None, min_length=1)
    send_windows: SendWindows = None

    @model_validator(mode="after")
    def _names_one_destination(self) -> "ChannelStep":
        if (self.channel_key is None) == (self.channel_group_key is None):
            raise ValueError("a channel step has either channel_key or channel_group_key")
        return self

    def plan(self) -> ChannelPlan:
        return ChannelPlan(ref=self.ref)

    def templates(self) -> dict[str, str]:
        template: Template | None = getattr(self, "template", None)
        return {} if template is None else below("template", template.templates())

    def references(self) -> list[Reference]:
        if self.channel_key is not None:
            return [Reference("channel", self.channel_key, "channel_key", self.channel_type)]
        return [
            Reference("channel_group", self.channel_group_key or "", "channel_group_key", self.channel_type)
        ]

    def unsupported(self) -> list[Unsupported]:
        found: list[Unsupported] = []
        overrides: Any = getattr(self, "channel_overrides", None)
        for name in TRACKING:
            if getattr(overrides, name, None):
                what = "opens and links are not tracked by this release"
                found.append(Unsupported(f"channel_overrides.{name}", what))
        return found


class InAppFeedStep(ChannelStep):
    """A channel step into a person's feed."""

    channel_type: Literal["in_app_feed"]
    template: InAppFeedTemplate
    channel_overrides: LinkOverrides | None = None


class InAppGuideStep(ChannelStep):
    """A channel step that shows a person a guide; it has no template (E-CHANNEL-19)."""

    channel_type: Literal["in_app_guide"]
    guide_key: str | None = Field(default=None, min_length=1)

    def references(self) -> list[Reference]:
        guides = [] if self.guide_key is None else [Reference("guide", self.guide_key, "guide_key")]
        return super().references() + guides

    def unsupported(self) -> list[Unsupported]:
        what = "guides are not shown by this release; the person joins the guide's audience"
        own = [] if self.guide_key is None else [Unsupported("guide_key", what)]
        return super().unsupported() + own


class EmailStep(ChannelStep):
    """A channel step by mail."""

    channel_type: Literal["email"]
    template: EmailTemplate
    channel_overrides: EmailOverrides | None = None

    def templates(self) -> dict[str, str]:
        overrides = self.channel_overrides.templates() if self.channel_overrides else {}
        return super().templates() | below("channel_overrides", overrides)

    def references(self) -> list[Reference]:
        found = super().references()
        layout = self.template.settings.layout_key
        if layout is not None:
            found.append(Reference("email_layout", layout, "template.settings.layout_key"))
        return found + [Reference("partial", key, f"template.{path}") for path, key in self.template.partials]

    def unsupported(self) -> list[Unsupported]:
        found = super().unsupported()
        if self.template.settings.attachment_key is not None:
            what = "mails have no attachments in this release"
            found.append(Unsupported("template.settings.attachment_key", what))
        if self.channel_overrides and self.channel_overrides.json_overrides:
            what = "payload overrides of mails are not obeyed by this release"
            found.append(Unsupported("channel_overrides.json_overrides", what))
        return found


class SmsStep(ChannelStep):
    """A channel step by text message."""

    channel_type: Literal["sms"]
    template: SmsTemplate
    channel_overrides: LinkOverrides | None = None


class PushStep(ChannelStep):
    """A channel step by push notification."""

    channel_type: Literal["push"]
    template: PushTemplate
    channel_overrides: PushOverrides | None = None


class ChatStep(ChannelStep):
    """A channel step into a chat."""

    channel_type: Literal["chat"]
    template: ChatTemplate
    channel_overrides: ChatOverrides | None = None


class WebhookStep(ChannelStep):
    """A channel step by HTTP request."""

    channel_type: Literal["http"]
    template: WebhookTemplate


AnyChannelStep = Annotated[
    InAppFeedStep | InAppGuideStep | EmailStep | SmsStep | PushStep | ChatStep | WebhookStep,
    Field(discriminator="channel_type"),
]
