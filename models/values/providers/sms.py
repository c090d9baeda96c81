"""The settings of the SMS providers."""

from typing import Final, Literal

from pydantic import Field

from models.values.kinds import ChannelType
from models.values.providers.settings import AwsRegion, AwsSettings, Provider, ProviderSettings, Secret, Text

_SENDERS = {
    "phone_number": ("from_phone_number",),
    "short_code": ("from_short_code",),
    "sender_id": ("from_sender_id",),
}


class Sender(ProviderSettings):
    """What messages come from: a number, a short code or a name."""

    companions = {"from_type": _SENDERS}

    from_type: Literal["phone_number", "short_code", "sender_id"] = Field(description="What sends.")
    from_phone_number: Text | None = Field(default=None, description="With country code: `+15551234567`.")
    from_short_code: Text | None = Field(default=None, description="The short code.")
    from_sender_id: Text | None = Field(default=None, description="The name that recipients see.")


class AfricasTalkingSettings(ProviderSettings):
    """Africa's Talking."""

    api_key: Secret = Field(description="Of the application.")
    username: Text = Field(description="Of the application; `sandbox` for its sandbox.")
    short_code: Text | None = Field(default=None, description="A short code or sender id to send from.")


class SnsSmsSettings(AwsSettings):
    """Amazon Simple Notification Service."""

    companions = {
        **AwsSettings.companions,
        "originator_type": {
            "phone_number": ("originator_phone_number",),
            "short_code": ("originator_short_code",),
        },
    }

    region: AwsRegion = Field(description="Such as `us-east-1`.")
    message_type: Literal["promotional", "transactional"] | None = Field(
        default=None, description="How AWS shall treat them; its own default where absent."
    )
    sender_id: Text | None = Field(default=None, description="The name that recipients see.")
    originator_type: Literal["phone_number", "short_code"] | None = Field(
        default=None, description="What sends, where it is not for AWS to choose."
    )
    originator_phone_number: Text | None = Field(default=None, description="With country code.")
    originator_short_code: Text | None = Field(default=None, description="The short code.")


class MailersendSmsSettings(ProviderSettings):
    """MailerSend."""

    api_key: Secret = Field(description="An API token with the SMS scope.")
    phone_number: Text = Field(description="What sends, with country code.")


class MessagebirdSettings(Sender):
    """MessageBird's legacy API."""

    api_key: Secret = Field(description="An access key of the legacy API.")


class PlivoSettings(Sender):
    """Plivo."""

    auth_id: Text = Field(description="Of the account.")
    auth_token: Secret = Field(description="Of the account.")


class SinchSettings(Sender):
    """Sinch; without `from_type` the account chooses what sends."""

    api_token: Secret = Field(description="Of the service plan.")
    service_plan_id: Text = Field(description="Of the SMS API.")
    region: Literal["au", "br", "ca", "eu", "us"] = Field(description="Where the plan is.")
    from_type: Literal["phone_number", "short_code", "sender_id"] | None = Field(  # type: ignore[assignment]
        default=None, description="What sends; absent where the account has an automatic originator."
    )


class MessageMediaSettings(ProviderSettings):
    """Sinch MessageMedia."""

    api_key: Secret = Field(description="Of the REST API.")
    api_secret: Secret = Field(description="Of the REST API.")
    source_number: Text = Field(description="What sends.")
    source_number_type: Literal["alpha", "international", "short_code"] | None = Field(
        default=None, description="Inferred from the number where absent."
    )
    region: Literal["apac", "eu"] = Field(description="Where the account is.")


class TelnyxSettings(ProviderSettings):
    """Telnyx."""

    companions = {"from_type": {**_SENDERS, "messaging_profile_id": ("messaging_profile_id",)}}

    api_key: Secret = Field(description="A v2 API key.")
    from_type: Literal["phone_number", "short_code", "sender_id", "messaging_profile_id"] = Field(
        description="What sends; `messaging_profile_id` takes a number of its pool."
    )
    from_phone_number: Text | None = Field(default=None, description="With country code.")
    from_short_code: Text | None = Field(default=None, description="The short code.")
    from_sender_id: Text | None = Field(default=None, description="The name that recipients see.")
    messaging_profile_id: Text | None = Field(default=None, description="The profile with the number pool.")


class TwilioSettings(ProviderSettings):
    """Twilio."""

    companions = {
        "from_type": {
            "phone_number": ("from_phone_number",),
            "short_code": ("from_short_code",),
            "messaging_service_sid": ("messaging_service_sid",),
        }
    }

    account_sid: Text = Field(description="Of the account, `AC…`.")
    auth_token: Secret = Field(description="Of the account.")
    from_type: Literal["phone_number", "short_code", "messaging_service_sid"] = Field(
        description="What sends; a messaging service chooses one of its senders."
    )
    from_phone_number: Text | None = Field(default=None, description="With country code.")
    from_short_code: Text | None = Field(default=None, description="The short code.")
    messaging_service_sid: Text | None = Field(default=None, description="Of the messaging service, `MG…`.")


class VonageSettings(Sender):
    """Vonage."""

    api_key: Secret = Field(description="Of the account.")
    api_secret: Secret = Field(description="Of the account.")


_SMS = ChannelType.SMS

SMS: Final = (
    Provider("sms_africas_talking", "Africa's Talking", _SMS, AfricasTalkingSettings),
    Provider("sms_aws_sns", "Amazon SNS", _SMS, SnsSmsSettings),
    Provider("sms_mailersend", "MailerSend", _SMS, MailersendSmsSettings),
    Provider("sms_messagebird", "MessageBird", _SMS, MessagebirdSettings),
    Provider("sms_plivo", "Plivo", _SMS, PlivoSettings),
    Provider("sms_sinch", "Sinch", _SMS, SinchSettings),
    Provider("sms_sinch_messagemedia", "Sinch MessageMedia", _SMS, MessageMediaSettings),
    Provider("sms_telnyx", "Telnyx", _SMS, TelnyxSettings),
    Provider("sms_twilio", "Twilio", _SMS, TwilioSettings),
    Provider("sms_vonage", "Vonage", _SMS, VonageSettings),
)
