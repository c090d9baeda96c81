"""Published layouts, partials and translations, kept a process until their environment has a new commit."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from cachetools import LRUCache
from psycopg.rows import DictRow

from models.database import Connection
from models.queries.published import find_contents, list_published
from models.values.content import ContentType, TranslationName
from rendering.content import Content, Partial
from rendering.layouts import Layout
from rendering.translations.dictionaries import TranslationFile, Translations
from rendering.translations.files import texts_of


@dataclass(frozen=True)
class PublishedContent:
    """What stands around the templates of one environment or branch."""

    layouts: Mapping[str, Layout] = field(default_factory=dict)
    partials: Mapping[str, Partial] = field(default_factory=dict)
    """By key; an archived one renders nothing (E-TEMPLATE-24)."""
    translations: Translations = field(default_factory=Translations)
    archived: frozenset[str] = frozenset()
    """The keys of archived partials."""

    def content(self, locale: str | None, default_locale: str | None, tenant: str | None) -> Content:
        """What a recipient of this locale and tenant sees of it (E-TEMPLATE-32)."""
        return Content(self.partials, self.translations.dictionary(locale, default_locale, tenant))


NOTHING_PUBLISHED = PublishedContent()


class Published:
    """The bounded cache; a commit shows in the very next step, since that asks with a higher number."""

    def __init__(self, environments: int = 64, pinned: int = 1_000) -> None:
        self._kept: LRUCache[UUID, tuple[int, PublishedContent]] = LRUCache(environments)
        self._pinned: LRUCache[UUID, Partial] = LRUCache(pinned)

    async def get(
        self, connection: Connection, environment_id: UUID, number: int, pinned: Mapping[str, str]
    ) -> PublishedContent:
        """The environment's content after its commit `number`.

        `pinned` holds, by key, the versions of partials that the running workflow was published with: they
        stand in for those archived since.
        """
        kept = self._kept.get(environment_id)
        if kept is None or kept[0] < number:
            kept = (number, published_content(await list_published(connection, environment_id)))
            self._kept[environment_id] = kept
        published = kept[1]
        wanted = {key: UUID(pinned[key]) for key in published.archived if key in pinned}
        if not wanted:
            return published
        stand_ins = await self._stand_ins(connection, wanted)
        return replace(published, partials={**published.partials, **stand_ins})

    async def _stand_ins(self, connection: Connection, wanted: Mapping[str, UUID]) -> dict[str, Partial]:
        missing = {version_id: key for key, version_id in wanted.items() if version_id not in self._pinned}
        found = await find_contents(connection, missing) if missing else {}
        read = {version_id: read_partial(missing[version_id], one) for version_id, one in found.items()}
        stand_ins: dict[str, Partial] = {}
        for key, version_id in wanted.items():
            partial = read.get(version_id) or self._pinned.get(version_id)
            if partial is not None:
                stand_ins[key] = partial
        self._pinned.update(read)
        return stand_ins


def published_content(rows: list[DictRow]) -> PublishedContent:
    """From the rows of `list_published`."""
    layouts: dict[str, Layout] = {}
    partials: dict[str, Partial] = {}
    files: list[TranslationFile] = []
    archived: set[str] = set()
    for row in rows:
        key, content = row["key"], row["content"]
        match row["type"], row["is_archived"]:
            case ContentType.PARTIAL, True:
                archived.add(key)
                partials[key] = Partial(key, "text", "")
            case ContentType.PARTIAL, False:
                partials[key] = read_partial(key, content)
            case ContentType.EMAIL_LAYOUT, _:
                # An archived layout stays readable for what was published with it (E-RUN-10).
                layouts[key] = read_layout(content)
            case ContentType.TRANSLATION, False:
                files.append(read_translation(key, content))
    return PublishedContent(layouts, partials, Translations(files), frozenset(archived))


def read_partial(key: str, content: Mapping[str, Any]) -> Partial:
    """From the content of `PartialRequest`."""
    return Partial(key, content["type"], content["content"], tuple(content.get("input_schema") or ()))


def read_layout(content: Mapping[str, Any]) -> Layout:
    """From the content of `EmailLayoutRequest`."""
    return Layout(
        html=content["html_layout"],
        text=content.get("text_layout") or "",
        is_mjml=bool(content.get("is_mjml")),
        footer_links=tuple((link["text"], link["url"]) for link in content.get("footer_links") or ()),
        branding_overrides=content.get("branding_overrides") or {},
    )


def read_translation(key: str, content: Mapping[str, Any]) -> TranslationFile:
    """From the content of `TranslationRequest` under its written name."""
    name = TranslationName.read(key)
    entries = texts_of(content["format"], content["content"])
    return TranslationFile(name.locale, entries, name.namespace or "", name.tenant)
