"""What is versioned: the kinds of content, and how one piece of it is named (E-VERSION-2, E-VERSION-7)."""

import re
from dataclasses import dataclass
from enum import StrEnum


class ContentType(StrEnum):
    """The resource types of the commit log, as the management API writes them."""

    AUDIENCE = "audience"
    EMAIL_LAYOUT = "email_layout"
    GUIDE = "guide"
    MESSAGE_TYPE = "message_type"
    PARTIAL = "partial"
    TRANSLATION = "translation"
    WORKFLOW = "workflow"


@dataclass(frozen=True, order=True)
class Name:
    """One resource of an environment: its type and key; a translation's key is its `TranslationName`."""

    type: ContentType
    key: str

    def __str__(self) -> str:
        return f'{self.type} "{self.key}"'


_TRANSLATION = re.compile(r"(?P<locale>[^/~]+)(?:/(?P<namespace>[^/~]+))?(?:~(?P<tenant>.+))?", re.DOTALL)


@dataclass(frozen=True)
class TranslationName:
    """`locale[/namespace][~tenant]` (E-VERSION-7)."""

    locale: str
    namespace: str | None = None
    tenant: str | None = None

    def __str__(self) -> str:
        namespace = f"/{self.namespace}" if self.namespace else ""
        tenant = f"~{self.tenant}" if self.tenant else ""
        return f"{self.locale}{namespace}{tenant}"

    @classmethod
    def read(cls, key: str) -> "TranslationName":
        """From its written form; raises ValueError."""
        match = _TRANSLATION.fullmatch(key)
        if match is None:
            raise ValueError(f'"{key[:60]}" is no translation: locale[/namespace][~tenant]')
        return cls(match["locale"], match["namespace"], match["tenant"])
