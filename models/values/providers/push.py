"""The settings of the push providers."""

import json
import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, SecretStr

from models.values.kinds import ChannelType
from models.values.providers.settings import (
    AwsSettings,
    Provider,
    ProviderSettings,
    Secret,
    Text,
    checked,
    is_liquid,
)

_TEN = re.compile(r"[A-Z0-9]{10}")


def _is_apple_id(text: str) -> bool:
    return _TEN.fullmatch(text) is not None


def _is_service_account(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if is_liquid(text):
        return secret
    try:
        account = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("must be the JSON of a service account's key file") from None
    if not isinstance(account, dict) or not account.keys() >= {"client_email", "private_key"}:
        raise ValueError("must hold client_email and private_key, as a service account's key file does")
    return secret


def _is_pem(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not is_liquid(text) and "-----BEGIN " not in text:
        raise ValueError("must be PEM: -----BEGIN …")
    return secret


AppleId = Annotated[Text, checked(_is_apple_id, "must be 10 capital letters and digits")]
Pem = Annotated[Secret, AfterValidator(_is_pem)]
ServiceAccount = Annotated[Secret, AfterValidator(_is_service_account)]


class ApnsSettings(ProviderSettings):
    """Apple Push Notification service."""

    companions = {
        "auth_scheme": {
            "token": ("signing_key", "key_id", "team_id"),
            "certificate": ("certificate", "private_key"),
        }
    }

    mode: Literal["production", "sandbox"] = Field(
        default="production", description="Which of Apple's servers; development builds need `sandbox`."
    )
    bundle_id: Text = Field(description="Of the app, such as `com.example.app`.")
    auth_scheme: Literal["token", "certificate"] = Field(description="How Apple knows who sends.")
    signing_key: Pem | None = Field(default=None, description="The content of the `.p8` file.")
    key_id: AppleId | None = Field(default=None, description="Of the signing key, 10 characters.")
    team_id: AppleId | None = Field(default=None, description="Of the developer account, 10 characters.")
    certificate: Pem | None = Field(default=None, description="In PEM.")
    private_key: Pem | None = Field(default=None, description="Of the certificate, in PEM.")


class SnsPushSettings(AwsSettings):
    """Amazon Simple Notification Service; the region is that of the target's ARN."""


class ExpoSettings(ProviderSettings):
    """Expo."""

    project_name: Text = Field(description="The experience id, `@account/project`.")
    auth_token: Secret | None = Field(
        default=None, description="An access token, where enhanced push security is on."
    )


class FcmSettings(ProviderSettings):
    """Firebase Cloud Messaging."""

    project_id: Text = Field(description="Of the Firebase project.")
    service_account: ServiceAccount = Field(description="The content of a service account's JSON key file.")


class OneSignalSettings(ProviderSettings):
    """OneSignal."""

    app_id: Text = Field(description="Of the app.")
    api_key: Secret = Field(description="The app's REST API key.")
    recipient_mode: Literal["external_id", "player_id"] = Field(
        description="`external_id`: users are known by their ids here; `player_id`: by channel data."
    )


_PUSH = ChannelType.PUSH

PUSH: Final = (
    Provider("push_apns", "Apple Push Notification service", _PUSH, ApnsSettings),
    Provider("push_aws_sns", "Amazon SNS", _PUSH, SnsPushSettings),
    Provider("push_expo", "Expo", _PUSH, ExpoSettings),
    Provider("push_fcm", "Firebase Cloud Messaging", _PUSH, FcmSettings),
    Provider("push_one_signal", "OneSignal", _PUSH, OneSignalSettings),
)
