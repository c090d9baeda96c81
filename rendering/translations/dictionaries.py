"""Translations: the files of an environment, and what one recipient reads of them (E-TEMPLATE-27 to -33)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

_LANGUAGES_KEPT: Final = 256
SYSTEM: Final = "system"
"""The namespace that may hold what `{% t %}` tags say; such texts are sought beside it too."""


@dataclass(frozen=True)
class TranslationFile:
    """One file: the texts of a locale, in a namespace ("" for none), for one tenant or for all."""

    locale: str
    entries: Mapping[str, Any]
    namespace: str = ""
    tenant: str | None = None


_FORMS: Final = ("zero", "one", "other")


@dataclass(frozen=True)
class Dictionary:
    """The texts that one recipient's templates find: by namespace, and in it by dotted path."""

    namespaces: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def find(self, reference: str, count: str | None = None) -> Any:
        """What `namespace:path.to.key` stands for, or None (E-TEMPLATE-28, -33).

        With a `count` an object of plural forms answers the form that fits (E-TEMPLATE-29).
        """
        namespace, _, path = reference.rpartition(":")
        entries = self.namespaces.get(namespace, {})
        if count is not None and any(f"{path}.{form}" in entries for form in _FORMS):
            wanted = entries.get(f"{path}.{_form(count)}")
            return entries.get(f"{path}.other") if wanted is None else wanted
        return entries[path] if path in entries else _object(entries, f"{path}.")

    def find_text(self, text: str) -> str | None:
        """The translation of a whole text, whose key is the text itself (E-TEMPLATE-30)."""
        for namespace in ("", SYSTEM):
            found = self.namespaces.get(namespace, {}).get(text)
            if isinstance(found, str):
                return found
        return None


NO_TRANSLATIONS: Final = Dictionary()


class Translations:
    """All published files of an environment; the dictionaries made of them are kept, up to 256."""

    def __init__(self, files: Iterable[TranslationFile] = ()) -> None:
        self._files: dict[tuple[str | None, str], list[TranslationFile]] = {}
        for file in files:
            self._files.setdefault((file.tenant, _folded(file.locale)), []).append(file)
        self._merged = lru_cache(_LANGUAGES_KEPT)(self._merge)

    def dictionary(self, locale: str | None, default_locale: str | None, tenant: str | None) -> Dictionary:
        """What a recipient of this locale and tenant reads, by the six levels of E-TEMPLATE-32."""
        if not self._files:
            return NO_TRANSLATIONS
        # Only what can name a file is kept apart, so that odd locales of recipients fill no memory.
        known = tenant if any(key[0] == tenant for key in self._files) else None
        return self._merged(*_levels(locale, default_locale), known)

    def _merge(self, own: tuple[str, ...], default: str | None, tenant: str | None) -> Dictionary:
        merged: dict[str, dict[str, Any]] = {}
        locales = [*([default] if default else []), *reversed(own)]
        for owner in (None, tenant) if tenant is not None else (None,):
            for locale in locales:
                for file in self._files.get((owner, locale), []):
                    _merge_into(merged.setdefault(file.namespace, {}), file.entries)
        return Dictionary(merged)


def _levels(locale: str | None, default_locale: str | None) -> tuple[tuple[str, ...], str | None]:
    """The recipient's locale and the wider ones it falls back to, and the account's."""
    own: list[str] = []
    name = _folded(locale or "")
    while name:
        own.append(name)
        name = name.rpartition("-")[0]
    return tuple(own), _folded(default_locale) if default_locale else None


def _folded(locale: str) -> str:
    """One spelling for `pt_BR`, `pt-br` and `pt-BR`."""
    return locale.strip().replace("_", "-").lower()


def _merge_into(merged: dict[str, Any], entries: Mapping[str, Any], above: str = "") -> None:
    """Put entries over others; `{"a": {"b": …}}` is `{"a.b": …}`, since PO files know paths only."""
    for key, value in entries.items():
        path = f"{above}{key}"
        if isinstance(value, Mapping):
            merged.pop(path, None)
            _merge_into(merged, value, f"{path}.")
        else:
            for form in _FORMS:
                merged.pop(f"{path}.{form}", None)
            merged[path] = value


def _object(entries: Mapping[str, Any], prefix: str) -> dict[str, Any] | None:
    """All texts below a path, by the rest of theirs."""
    found = {path.removeprefix(prefix): text for path, text in entries.items() if path.startswith(prefix)}
    return found or None


def _form(count: str) -> str:
    return {"0": "zero", "0.0": "zero", "1": "one", "1.0": "one"}.get(count.strip(), "other")
