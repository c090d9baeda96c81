"""Translations: texts by locale, namespace and tenant (E-TEMPLATE-27)."""

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from models.values.content import ContentType, TranslationName
from models.values.given import LONGEST_ID
from publishing.kinds.kind import Checked, Kind
from publishing.kinds.templates import check_templates
from publishing.mistakes import Mistake, NotPublishable, mistakes_of
from rendering.translations.files import TranslationFileError, texts_of

LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
LONGEST_NAMESPACE = 255
NAMESPACE = re.compile(rf"[^/~]{{1,{LONGEST_NAMESPACE}}}")


class TranslationContent(BaseModel):
    """The body of `TranslationRequest` in the management contract: JSON or PO as text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["json", "po"]
    content: str


def check(key: str, content: dict[str, Any]) -> Checked:
    """Raises NotPublishable."""
    try:
        require_name(TranslationName.read(key))
    except ValueError as error:
        raise NotPublishable([Mistake("key", str(error))]) from error
    try:
        translation = TranslationContent.model_validate(content)
        entries = texts_of(translation.format, translation.content)
    except ValidationError as error:
        raise NotPublishable(mistakes_of(error)) from error
    except TranslationFileError as error:
        raise NotPublishable([Mistake("content", str(error))]) from error
    mistakes, _ = check_templates(_sources(entries, "content"))
    mistakes += [
        Mistake(path, "must be a text, or an object of texts") for path in _others(entries, "content")
    ]
    if mistakes:
        raise NotPublishable(mistakes)
    return Checked()


def require_name(name: TranslationName) -> None:
    """Raises NotPublishable for parts that are none, or that would be read as another part once joined."""
    mistakes = []
    if not LOCALE.fullmatch(name.locale) or len(name.locale) > LONGEST_NAMESPACE:
        mistakes.append(Mistake("locale_code", f'"{name.locale[:60]}" is no locale, e.g. en or pt-BR'))
    if name.namespace and not NAMESPACE.fullmatch(name.namespace):
        mistakes.append(
            Mistake("namespace", f"must be at most {LONGEST_NAMESPACE} characters, without / and ~")
        )
    if name.tenant and len(name.tenant) > LONGEST_ID:
        mistakes.append(Mistake("tenant", f"must be at most {LONGEST_ID} characters"))
    if mistakes:
        raise NotPublishable(mistakes)


def _sources(entries: Any, path: str) -> dict[str, str]:
    """Every text, which may be Liquid (E-TEMPLATE-28)."""
    if not isinstance(entries, dict):
        return {path: entries} if isinstance(entries, str) else {}
    found: dict[str, str] = {}
    for key, inner in entries.items():
        found |= _sources(inner, f"{path}.{key}")
    return found


def _others(entries: Any, path: str) -> list[str]:
    """Where something stands that nobody can read; null is a text that nobody translated yet."""
    if isinstance(entries, dict):
        return [one for key, inner in entries.items() for one in _others(inner, f"{path}.{key}")]
    return [] if entries is None or isinstance(entries, str) else [path]


TRANSLATION = Kind(
    type=ContentType.TRANSLATION,
    readonly=("locale_code", "namespace", "tenant", "inserted_at", "created_at", "updated_at"),
    check=check,
    never_null=("tenant",),
)
