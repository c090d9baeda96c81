"""Checks of content: what it names that is not there, and what this release does not run."""

from collections.abc import Iterable, Iterator
from typing import Any

from models.values.content import ContentType, TranslationName
from models.values.providers import PROVIDER_OF_ID, SINK_IDS
from publishing.checkup.finding import Finding, Level
from publishing.checkup.ground import ChannelFacts, Ground, Held
from publishing.checkup.variables import guarding_secrets, missing_variables
from publishing.kinds import KINDS
from publishing.kinds.kind import Reference
from publishing.mistakes import NotPublishable
from publishing.surroundings import SYSTEM_MESSAGE_TYPES
from workflows_engine.definition import WorkflowDefinition
from workflows_engine.support import unsupported

_CONTENT_TYPES = set(ContentType)


def check_content(contents: Iterable[Held], ground: Ground) -> list[Finding]:
    """Everything found in these, in their order; each once."""
    held = list(contents)
    found = [finding for one in held for finding in _Check(one, ground).findings()]
    return list(dict.fromkeys([*found, *_locales(held, ground)]))


class _Check:
    """The checks of one piece of content."""

    def __init__(self, held: Held, ground: Ground) -> None:
        self._held = held
        self._ground = ground

    def findings(self) -> Iterator[Finding]:
        name, content = self._held.name, self._held.content
        try:
            checked = KINDS[name.type].check(name.key, content)
        except NotPublishable as refused:
            for mistake in refused.mistakes:
                yield self._error(
                    "refused",
                    mistake.path,
                    f"cannot be committed: {mistake.message}",
                    "mend it and push it again",
                )
            return
        for reference in checked.references:
            yield from self._reference(reference)
        yield from self._variables(content)
        if name.type is ContentType.WORKFLOW:
            yield from self._workflow(content)

    def _workflow(self, content: dict[str, Any]) -> Iterator[Finding]:
        for path, told in unsupported(WorkflowDefinition.model_validate(content)):
            fix = "it is kept as it is for a later release; remove it to be rid of this line"
            yield self._warning("not_run", path, told, fix)
        if self._held.is_published and not self._held.is_active:
            words = f"{self._held.name.key} --environment {self._ground.slug} --status true"
            fix = f"knock workflow activate {words}"
            yield self._warning("inactive", "", "is switched off here: triggers are refused", fix)

    def _reference(self, reference: Reference) -> Iterator[Finding]:
        if reference.type == "channel":
            yield from self._channel(reference)
        elif reference.type == "channel_group":
            yield from self._group(reference)
        elif reference.type in _CONTENT_TYPES:
            yield from self._content(reference)

    def _channel(self, reference: Reference) -> Iterator[Finding]:
        key, slug, path = reference.key, self._ground.slug, reference.path
        channel = self._ground.channels.get(key)
        create = f"tocsin channels set {key} --environment {slug}, or [channels.{key}] in tocsin.toml"
        if channel is None and self._ground.is_development:
            kind = reference.detail or "step's"
            told = f'there is no channel "{key}": its messages go to the {kind} sink and leave nowhere'
            yield self._warning("no_channel", path, told, create)
        elif channel is None:
            yield self._error("no_channel", path, f'there is no channel "{key}"', create)
        elif reference.detail is not None and channel.type != reference.detail:
            told = f'the channel "{key}" is of type {channel.type}; this needs {reference.detail}'
            yield self._error("wrong_channel", path, told, "name a channel of that type")
        elif not channel.is_configured:
            yield self._error("channel_not_configured", path, self._unconfigured(channel), create)
        elif not PROVIDER_OF_ID[channel.provider].is_built:
            told = f'the channel "{key}" sends with {channel.provider}, which this release cannot'
            yield self._error("provider_not_built", path, told, f"give {key} another provider for now")

    def _unconfigured(self, channel: ChannelFacts) -> str:
        if channel.provider in SINK_IDS:
            return f'the channel "{channel.key}" is a sink, and sinks work in development only'
        return f'the channel "{channel.key}" has no settings in {self._ground.slug}'

    def _group(self, reference: Reference) -> Iterator[Finding]:
        if reference.key not in self._ground.groups:
            told = f'there is no channel group "{reference.key}"'
            fix = f"[channel_groups.{reference.key}] in tocsin.toml, or name a channel"
            is_bound = self._ground.is_development
            yield (self._warning if is_bound else self._error)("no_channel", reference.path, told, fix)

    def _content(self, reference: Reference) -> Iterator[Finding]:
        wanted = type(self._held.name)(ContentType(reference.type), reference.key)
        is_system = wanted.type is ContentType.MESSAGE_TYPE and wanted.key in SYSTEM_MESSAGE_TYPES
        if wanted in self._ground.names or is_system:
            return
        title = KINDS[wanted.type].title
        if wanted in self._ground.archived:
            told, fix = f'the {title} "{wanted.key}" was archived', "push it again, or name another"
        else:
            told, fix = (
                f'there is no {title} "{wanted.key}" in {self._ground.slug}',
                "push it, or name another",
            )
        yield self._error("missing_content", reference.path, told, fix)

    def _variables(self, content: Any) -> Iterator[Finding]:
        for path, told, fix in missing_variables(content, self._ground):
            yield self._error("missing_variable", path, told, fix)
        for path, told, fix in guarding_secrets(content, self._ground):
            yield self._error("secret_in_condition", path, told, fix)

    def _error(self, check: str, path: str, message: str, fix: str) -> Finding:
        return self._finding(Level.ERROR, check, path, message, fix)

    def _warning(self, check: str, path: str, message: str, fix: str) -> Finding:
        return self._finding(Level.WARNING, check, path, message, fix)

    def _finding(self, level: Level, check: str, path: str, message: str, fix: str) -> Finding:
        name = self._held.name
        keys = (name.type.value, name.key)
        return Finding(level, check, self._ground.slug, str(name), message, fix, path, keys)


def _locales(held: list[Held], ground: Ground) -> Iterator[Finding]:
    """Texts that have no default: who speaks another language reads keys."""
    names = [TranslationName.read(one.name.key) for one in held if one.name.type is ContentType.TRANSLATION]
    default = ground.locale.replace("_", "-").split("-")[0].lower()
    spoken = {(one.namespace, one.tenant) for one in names if _language(one) == default}
    for namespace, tenant in sorted({(one.namespace, one.tenant) for one in names}, key=str):
        if (namespace, tenant) in spoken or (tenant is not None and (namespace, None) in spoken):
            continue
        what = f'translations of the namespace "{namespace}"' if namespace else "translations"
        yield Finding(
            Level.WARNING,
            "no_default_locale",
            ground.slug,
            what,
            f"there are none in the default locale {ground.locale}",
            f"push them in {ground.locale}, or set the default: tocsin account set --locale",
        )


def _language(name: TranslationName) -> str:
    return name.locale.replace("_", "-").split("-")[0].lower()
