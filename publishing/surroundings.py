"""What content may refer to, and what is wrong with what it does refer to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from models.database import Connection
from models.queries.surroundings import list_channel_types, list_group_types, list_names
from models.values.content import ContentType, Name
from publishing.kinds import KINDS
from publishing.kinds.kind import Checked, Reference
from publishing.mistakes import Mistake, NotPublishable
from publishing.space import Space

DEEPEST_PARTIAL = 5
"""E-TEMPLATE-13."""
RESOLVABLE = (ContentType.EMAIL_LAYOUT, ContentType.PARTIAL)
"""Archived ones stand in no way: a partial renders nothing, a layout as it was (E-TEMPLATE-24)."""
SYSTEM_MESSAGE_TYPES = frozenset({"banner", "card", "modal"})
"""Every Knock account has these; a project that was pulled may refer to them without holding them."""


@dataclass(frozen=True)
class Coming:
    """What will be there before the content is: the types of channels and of channel groups, by key."""

    channels: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Surroundings:
    """Everything that references are looked up in; `drafts_count` tells whether saved content will do."""

    space: Space
    names: dict[Name, Checked | None]
    partial_versions: dict[str, UUID]
    channels: dict[str, str]
    groups: dict[str, str]
    drafts_count: bool
    archived: frozenset[Name] = frozenset()
    """What was published here and archived: it can be resolved, and `tocsin doctor` tells who needs it."""
    lenient: frozenset[ContentType] = field(default_factory=frozenset)
    """Kinds whose absence is no mistake yet: clients save them one after the other."""

    def with_these(self, items: Mapping[Name, Checked]) -> "Surroundings":
        """As if these were there as well."""
        return replace(self, names={**self.names, **items})

    def with_coming(self, coming: Coming) -> "Surroundings":
        """As if these were there already."""
        return replace(
            self,
            channels={**self.channels, **coming.channels},
            groups={**self.groups, **coming.groups},
        )

    def mistakes(self, name: Name, checked: Checked) -> list[Mistake]:
        """What the references of this content lack, each with what to do about it."""
        found = [self._mistake(one) for one in checked.references if not one.is_soft]
        told = [mistake for mistake in found if mistake is not None]
        if name.type is ContentType.PARTIAL:
            told += self._cycles(name, checked)
        return [mistake.of(name) for mistake in dict.fromkeys(told)]

    def partials_for(self, checked: Checked) -> dict[str, str]:
        """Version ids of the partials that the content renders, also through one another."""
        needed: dict[str, str] = {}
        waiting = [one.key for one in checked.references if one.type == "partial"]
        while waiting:
            key = waiting.pop()
            if key in needed or key not in self.partial_versions:
                continue
            needed[key] = str(self.partial_versions[key])
            waiting += self._renders(key)
        return needed

    def _mistake(self, reference: Reference) -> Mistake | None:
        if reference.type == "channel":
            return self._channel_mistake(reference)
        if reference.type == "channel_group":
            return self._group_mistake(reference)
        return self._resource_mistake(reference)

    def _resource_mistake(self, reference: Reference) -> Mistake | None:
        wanted = Name(ContentType(reference.type), reference.key)
        if wanted in self.names:
            return self._detail_mistake(reference, self.names[wanted])
        is_system = wanted.type is ContentType.MESSAGE_TYPE and wanted.key in SYSTEM_MESSAGE_TYPES
        if is_system or wanted.type in self.lenient or wanted in self.archived:
            return None
        published, do = ("", "push it") if self.drafts_count else ("published ", "commit or promote it")
        return Mistake(
            reference.path,
            f'there is no {published}{KINDS[wanted.type].title} "{reference.key}" in {self.space}; '
            f"{do} first, or together with this",
        )

    def _detail_mistake(self, reference: Reference, found: Checked | None) -> Mistake | None:
        if found is None or reference.detail is None:
            return None
        if reference.type == ContentType.EMAIL_LAYOUT:
            if found.compiled.get("is_mjml") is not False:
                return None
            return Mistake(
                reference.path,
                f'the email layout "{reference.key}" is not MJML; '
                "a template with is_mjml needs one that is, or none (E-TEMPLATE-19)",
            )
        variants = found.compiled.get("variants")
        variant = reference.detail.partition(" ")[2]
        if not variants or variant in variants:
            return None
        path = reference.path.replace("schema_key", "schema_variant_key")
        known = ", ".join(variants)
        return Mistake(
            path, f'the message type "{reference.key}" has no variant "{variant}"; expected one of {known}'
        )

    def _channel_mistake(self, reference: Reference) -> Mistake | None:
        known = self.channels.get(reference.key)
        if known is None:
            if self.space.is_development:
                return None  # Bound to the sink of its type; `tocsin doctor` tells.
            return Mistake(
                reference.path,
                f'there is no channel "{reference.key}"; create it with '
                f"`tocsin channels set {reference.key}`, or name another",
            )
        if reference.detail is not None and known != reference.detail:
            return Mistake(
                reference.path,
                f'the channel "{reference.key}" is of type {known}; this needs {reference.detail}',
            )
        return None

    def _group_mistake(self, reference: Reference) -> Mistake | None:
        known = self.groups.get(reference.key)
        if known is None:
            if self.space.is_development:
                return None
            return Mistake(
                reference.path, f'there is no channel group "{reference.key}"; create it, or name another'
            )
        if reference.detail is not None and known != reference.detail:
            return Mistake(
                reference.path,
                f'the channel group "{reference.key}" is of type {known}; this needs {reference.detail}',
            )
        return None

    def _renders(self, key: str) -> list[str]:
        checked = self.names.get(Name(ContentType.PARTIAL, key))
        return [one.key for one in checked.references if one.type == "partial"] if checked else []

    def _cycles(self, name: Name, checked: Checked) -> list[Mistake]:
        for path in self._chains((name.key,), checked):
            if path[-1] == name.key and len(path) > 1:
                return [Mistake("content", f"partials render one another in a circle: {' → '.join(path)}")]
            if len(path) > DEEPEST_PARTIAL:
                return [
                    Mistake(
                        "content",
                        f"partials may be nested {DEEPEST_PARTIAL} deep, not deeper: {' → '.join(path)}",
                    )
                ]
        return []

    def _chains(self, path: tuple[str, ...], checked: Checked | None) -> Iterable[tuple[str, ...]]:
        """Ways through partials; one that meets itself or is too deep ends there."""
        keys = [one.key for one in checked.references if one.type == "partial"] if checked else []
        for key in keys:
            longer = (*path, key)
            yield longer
            if key not in path and len(longer) <= DEEPEST_PARTIAL:
                yield from self._chains(longer, self.names.get(Name(ContentType.PARTIAL, key)))


async def surroundings_of(connection: Connection, space: Space, *, drafts_count: bool) -> Surroundings:
    """As they are now; take the log's lock first where they must stay so."""
    names: dict[Name, Checked | None] = {}
    versions: dict[str, UUID] = {}
    archived: set[Name] = set()
    for row in await list_names(connection, space.id):
        name = Name(ContentType(row["type"]), row["key"])
        is_published = row["current_version_id"] is not None and not row["is_archived"]
        if row["is_archived"] and row["current_version_id"] is not None and name.type in RESOLVABLE:
            archived.add(name)
        if is_published and name.type is ContentType.PARTIAL:
            versions[name.key] = row["current_version_id"]
        if is_published or (drafts_count and row["is_saved"]):
            names[name] = _checked(name, row, drafts_count=drafts_count)
    return Surroundings(
        space=space,
        names=names,
        partial_versions=versions,
        channels=await list_channel_types(connection),
        groups=await list_group_types(connection),
        drafts_count=drafts_count,
        archived=frozenset(archived),
    )


def _checked(name: Name, row: Any, *, drafts_count: bool) -> Checked | None:
    """What others must know of it: a partial's own partials, a message type's variants."""
    if drafts_count and row["draft"] is not None:
        try:
            return KINDS[name.type].check(name.key, row["draft"])
        except NotPublishable:
            return None  # Saved by an older release that took it; it cannot be committed, but it is there.
    return None if row["compiled"] is None else published(row["compiled"])


def published(compiled: dict[str, Any]) -> Checked:
    """What publishing found out about a version, as it was stored with it."""
    return Checked([Reference(**one) for one in compiled.get("references", [])], compiled)
