"""What a recipient prefers: layers merged into one set, and its verdict on one channel (E-PREF). Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflows_engine.conditions import Judgement

STRATEGY = "__strategy__"
KEYS = ("categories", "channel_types", "channels", "commercial_subscribed", "workflows")
"""What a set may hold; anything else that was stored beside these is not looked at."""
CHANNEL_TYPES = ("email", "in_app_feed", "sms", "push", "chat", "http")
_PREFERRED_AS = {"in_app": "in_app_feed"}
"""The generic type of in-app channels, which no set can name (E-SHAPE-4)."""

Preferences = Mapping[str, Any]
Judge = Callable[[Sequence[Any]], Judgement]
"""Judges a list of conditions, which must all hold (E-COND-4)."""


@dataclass(frozen=True)
class Layers:
    """The sets that may apply to one run, lowest first; one that nobody set is empty.

    The last two are the recipient's own: `default`, and the one whose id is the run's tenant.
    """

    environment: Preferences = field(default_factory=dict)
    tenant: Preferences = field(default_factory=dict)
    recipient_default: Preferences = field(default_factory=dict)
    recipient_tenant: Preferences = field(default_factory=dict)

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> "Layers":
        """From JSON, where sets may be absent or null."""
        given = stored or {}
        return cls(**{name: _known(given.get(name)) for name in cls.__dataclass_fields__})

    @property
    def speaks_of_tenant(self) -> bool:
        """Whether the tenant's layers are used, and the recipient's `default` is not (E-PREF-4, E-PREF-5)."""
        return says_anything(self.tenant) or says_anything(self.recipient_tenant)

    def resolved(self) -> dict[str, Any]:
        """The one set that counts (E-PREF-3, E-PREF-4); `__strategy__` shows what was imposed."""
        if self.speaks_of_tenant:
            return layered(self.environment, self.tenant, self.recipient_tenant)
        return layered(self.environment, self.recipient_default)

    @property
    def commercial(self) -> Any:
        """The recipient's own word in `default` first, whichever the tenant (E-PREF-10)."""
        own = self.recipient_default.get("commercial_subscribed")
        return self.resolved().get("commercial_subscribed") if own is None else own


def layered(*layers: Preferences) -> dict[str, Any]:
    """Sets merged, lowest first; the highest is the recipient's, who imposes nothing (E-PREF-7)."""
    *defaults, own = map(_known, layers)
    result: dict[str, Any] = {}
    for layer in [*defaults, _without_strategies(own)]:
        result = merged(result, layer)
    return result


def merged(lower: Preferences, higher: Preferences) -> dict[str, Any]:
    """Deep, by key; the higher wins but under a node that says `replace` (E-PREF-6, E-PREF-7)."""
    result = dict(lower)
    for key, value in higher.items():
        under = lower.get(key)
        if not isinstance(under, Mapping):
            result[key] = value
        elif under.get(STRATEGY) != "replace":
            result[key] = merged(under, value) if isinstance(value, Mapping) else value
    return result


def says_anything(preferences: Preferences) -> bool:
    """Whether a set holds any preference: `{}` does not count as one (E-PREF-24)."""
    return any(
        says_anything(value) if isinstance(value, Mapping) else key != STRATEGY and value is not None
        for key, value in preferences.items()
    )


def _known(preferences: Any) -> dict[str, Any]:
    if not isinstance(preferences, Mapping):
        return {}
    return {key: preferences[key] for key in KEYS if preferences.get(key) is not None}


def _without_strategies(preferences: Preferences) -> dict[str, Any]:
    return {
        key: _without_strategies(value) if isinstance(value, Mapping) else value
        for key, value in preferences.items()
        if key != STRATEGY
    }


@dataclass(frozen=True)
class Subject:
    """What is asked about: one workflow's message on one channel."""

    workflow_key: str
    channel_id: str
    channel_type: str
    categories: Sequence[str] = ()
    is_commercial: bool = False
    overrides: bool = False
    """The workflow sends whatever is preferred."""


@dataclass(frozen=True)
class Verdict:
    """Whether the message may go out; the trace is grouped by location in the set (E-COND-30)."""

    allowed: bool
    trace: dict[str, Any]


def weigh(layers: Layers, subject: Subject, judge: Judge) -> Verdict:
    """Allowed if every node that applies is true (E-PREF-11, E-PREF-13) and no opt-out stands (E-PREF-10)."""
    opt_out = _commercial(layers, judge) if subject.is_commercial else None
    trace: dict[str, Any] = {} if opt_out is None else {"commercial_subscribed": opt_out}
    subscribed = opt_out is None or bool(opt_out["allowed"])
    if subject.overrides:
        return Verdict(subscribed, trace | {"allowed": subscribed, "overridden": True})
    resolved = layers.resolved()
    nodes = {where: _node(where, node, subject, judge) for where, node in _applicable(resolved, subject)}
    allowed = subscribed and all(node["allowed"] for node in nodes.values())
    return Verdict(
        allowed,
        {
            "allowed": allowed,
            "preference_set": "tenant" if layers.speaks_of_tenant else "default",
            "channel_types": shown_channel_types(resolved),
            "nodes": nodes,
            **trace,
        },
    )


def shown_channel_types(resolved: Preferences) -> dict[str, Any]:
    """Every channel type with what is preferred: true where nothing was said (E-PREF-9)."""
    given = _mapping(resolved.get("channel_types"))
    return dict.fromkeys(CHANNEL_TYPES, True) | {name: given[name] for name in CHANNEL_TYPES if name in given}


def _applicable(resolved: Preferences, subject: Subject) -> Iterator[tuple[str, Any]]:
    top = {key: resolved[key] for key in ("channels", "channel_types") if key in resolved}
    yield "", top
    named = [("workflows", subject.workflow_key), *(("categories", name) for name in subject.categories)]
    for kind, name in named:
        found = _mapping(resolved.get(kind))
        if name in found:
            yield f"{kind}.{name}", found[name]


def _node(where: str, node: Any, subject: Subject, judge: Judge) -> dict[str, Any]:
    """A bool is itself; an object needs its conditions and its choice for the channel (E-PREF-12)."""
    if not isinstance(node, Mapping):
        return {"allowed": node is not False}
    lines = [_line(where, node, judge)] if node.get("conditions") else []
    choice = _choice(node, subject)
    if choice is not None:
        name, value = choice
        lines.append(_line(f"{where}.{name}" if where else name, value, judge))
    return {"allowed": all(line["allowed"] for line in lines), "decided_by": lines}


def _choice(node: Preferences, subject: Subject) -> tuple[str, Any] | None:
    """The channel itself before its type, within the same node (E-PREF-14)."""
    channel_type = _PREFERRED_AS.get(subject.channel_type, subject.channel_type)
    for kind, name in (("channels", subject.channel_id), ("channel_types", channel_type)):
        found = _mapping(node.get(kind))
        if name in found:
            return f"{kind}.{name}", found[name]
    return None


def _commercial(layers: Layers, judge: Judge) -> dict[str, Any]:
    value = layers.commercial
    return _line("commercial_subscribed", True if value is None else value, judge)


def _line(location: str, value: Any, judge: Judge) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {"location": location, "allowed": value is not False}
    judgement = judge(value.get("conditions") or [])
    line = {"location": location, "allowed": judgement.holds, "conditions": judgement.trace}
    return line if judgement.unjudged is None else line | {"unjudged": judgement.unjudged}


def _mapping(value: Any) -> Preferences:
    return value if isinstance(value, Mapping) else {}
