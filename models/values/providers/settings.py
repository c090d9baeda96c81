"""What the settings of all providers have in common: secrets, Liquid, and fields that need each other."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator

from models.values.kinds import ChannelType

HIDDEN = "********"
"""How a secret is shown."""
_LIQUID = re.compile(r"\{\{|\{%")
_AWS_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")


def is_liquid(text: str) -> bool:
    """Whether a value is filled in when it is used: `{{ vars.sendgrid_key }}`."""
    return _LIQUID.search(text) is not None


def checked(check: Callable[[str], bool], message: str) -> AfterValidator:
    """A text must pass `check`, unless it is Liquid; else the field `message`."""

    def validated(text: str) -> str:
        if not is_liquid(text) and not check(text):
            raise ValueError(message)
        return text

    return AfterValidator(validated)


def _is_no_disguise(secret: SecretStr) -> SecretStr:
    if secret.get_secret_value() == HIDDEN:
        raise ValueError(
            "is how a secret is shown: give the secret itself, or leave the settings out to keep them"
        )
    return secret


Text = Annotated[str, Field(min_length=1)]
Secret = Annotated[SecretStr, Field(min_length=1), AfterValidator(_is_no_disguise)]
"""Never shown or logged; may be Liquid, and then it is shown as it stands."""
AwsRegion = Annotated[
    Text, checked(lambda text: bool(_AWS_REGION.fullmatch(text)), "must be a region of AWS such as us-east-1")
]


class ProviderSettings(BaseModel):
    """Base of what a provider may be configured with; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, hide_input_in_errors=True)

    companions: ClassVar[Mapping[str, Mapping[str, tuple[str, ...]]]] = {}
    """By selector and choice: the fields that this choice requires, and that the others refuse.

    A selector is declared before its companions.
    """

    @field_validator("*", mode="after")
    @classmethod
    def _suits_what_was_chosen(cls, value: Any, info: ValidationInfo) -> Any:
        for selector, choices in cls.companions.items():
            owners = [choice for choice, fields in choices.items() if info.field_name in fields]
            if not owners or selector not in info.data:
                continue  # no companion, or its selector was refused already
            chosen = info.data[selector]
            if chosen in owners and value is None:
                raise ValueError(f"is required when {selector} is {chosen}")
            if chosen not in owners and value is not None:
                raise ValueError(f"is only for {selector} {' or '.join(owners)}")
        return value


class NoSettings(ProviderSettings):
    """Nothing to configure."""


class AwsSettings(ProviderSettings):
    """How Amazon Web Services know who calls: keys of an IAM user, or a role that we may assume."""

    companions = {
        "auth_scheme": {
            "access_key": ("access_key_id", "secret_access_key"),
            "external_id": ("role_arn", "external_id"),
        }
    }

    auth_scheme: Literal["access_key", "external_id"] = Field(
        description="`access_key`: an IAM user's keys; `external_id`: a role to assume."
    )
    access_key_id: Text | None = Field(default=None, description="Of the IAM user.")
    secret_access_key: Secret | None = Field(default=None, description="Of the IAM user.")
    role_arn: (
        Annotated[
            Text, checked(lambda text: text.startswith("arn:"), "must be an ARN: arn:aws:iam::…:role/…")
        ]
        | None
    ) = Field(default=None, description="The role, `arn:aws:iam::…:role/…`.")
    external_id: Text | None = Field(default=None, description="That the role's trust policy asks for.")


class ProviderTracking(ProviderSettings):
    """The provider's own tracking, beside Tocsin's."""

    open_tracking: bool = Field(default=False, description="Let the provider track opens.")
    link_tracking: bool = Field(default=False, description="Let the provider track clicks on links.")


@dataclass(frozen=True)
class Provider:
    """Who delivers for a channel; `id` is as Knock writes it: `<channel type>_<vendor>`."""

    id: str
    name: str
    channel_type: ChannelType
    settings: type[ProviderSettings]
    is_built: bool = False
    """Whether this release sends with it. The settings of all are checked and kept."""
    note: str = ""

    @property
    def needs_settings(self) -> bool:
        """Without, it works in every environment (a sink: in development)."""
        return self.settings is not NoSettings


@dataclass(frozen=True)
class SettingsField:
    """One field of a provider's settings, for people."""

    name: str
    kind: str
    """`text`, `true or false`, `number`, or the values it may have."""
    is_required: bool
    is_secret: bool
    required_when: str
    """`auth_scheme is access_key`; empty for a field that no choice requires."""
    default: Any
    description: str

    @property
    def need(self) -> str:
        """Whether it must be given: `required`, `when auth_scheme is access_key`, or `optional`."""
        if self.is_required:
            return "required"
        return f"when {self.required_when}" if self.required_when else "optional"


def fields_of(settings: type[BaseModel]) -> Iterator[SettingsField]:
    """Those that are always required first, else in the order they are declared."""
    schema = settings.model_json_schema().get("properties", {})
    for name, field in sorted(settings.model_fields.items(), key=lambda item: not item[1].is_required()):
        yield SettingsField(
            name=name,
            kind=_kind(schema[name]),
            is_required=field.is_required(),
            is_secret=schema[name].get("format") == "password"
            or any(option.get("format") == "password" for option in schema[name].get("anyOf", ())),
            required_when=" or ".join(_requiring(settings, name)),
            default=None if field.is_required() else field.default,
            description=field.description or "",
        )


def exposed(settings: BaseModel) -> dict[str, Any]:
    """The settings as plain JSON, secrets included: to be sealed, never to be shown."""
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in settings.model_dump().items()
    }


def shown(settings: BaseModel) -> dict[str, Any]:
    """The settings as plain JSON for everyone: a secret is HIDDEN, unless it is Liquid."""
    return {name: _veiled(value) for name, value in settings.model_dump().items()}


def _veiled(value: Any) -> Any:
    if not isinstance(value, SecretStr):
        return value
    secret = value.get_secret_value()
    return secret if is_liquid(secret) else HIDDEN


def _requiring(settings: type[BaseModel], name: str) -> Iterator[str]:
    companions = settings.companions if issubclass(settings, ProviderSettings) else {}
    for selector, choices in companions.items():
        yield from (f"{selector} is {choice}" for choice, fields in choices.items() if name in fields)


def _kind(schema: dict[str, Any]) -> str:
    options = [schema, *schema.get("anyOf", ())]
    for option in options:
        values = option.get("enum") or ([option["const"]] if "const" in option else None)
        if values:
            return " / ".join(f"`{value}`" for value in values)
    types = [option["type"] for option in options if option.get("type") not in (None, "null")]
    names = {"string": "text", "boolean": "true or false", "integer": "number", "number": "number"}
    return names.get(types[0], "JSON") if types else "JSON"
