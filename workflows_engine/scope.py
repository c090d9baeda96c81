"""RunScope: what conditions and templates can see (E-RUN-14). Its shape only; performers load it."""

from dataclasses import dataclass, field
from typing import Any

RENDERED_ACTORS = 10


@dataclass(frozen=True)
class RunScope:
    """JSON values only. Built from rows for each step, never carried by a workflow (D23)."""

    recipient: dict[str, Any]
    actor: dict[str, Any] | None
    tenant: dict[str, Any] | None
    data: dict[str, Any]
    workflow: dict[str, Any]
    variables: dict[str, Any]
    activities: list[dict[str, Any]]
    total_activities: int
    actors: list[dict[str, Any]]
    total_actors: int
    timestamp: str
    current_message: dict[str, Any] | None = field(default=None)
    secrets: dict[str, Any] = field(default_factory=dict, repr=False)
    """Secret variables: templates see them among `vars`; conditions, whose traces are logged, do not."""
    secret_keys: frozenset[str] = frozenset()
    """Of all secret variables, those without a value that can be read included."""
    refs: dict[str, Any] = field(default_factory=dict)
    """By step ref: what conditions and templates may know of earlier steps (E-COND-22, E-WAITEVENT-11)."""
    event: dict[str, Any] | None = None
    """What happened, for the match conditions of a wait only (E-WAITEVENT-6)."""
    memberships: frozenset[str] = frozenset()
    """Keys of the audiences that the recipient is in, as the run's tenant allows (E-COND-21)."""

    def for_conditions(self) -> dict[str, Any]:
        """The prefixes of E-COND-5; the totals also by the bare names of templates (E-RUN-17)."""
        return {
            "data": self.data,
            "recipient": self.recipient,
            "actor": self.actor,
            "tenant": self.tenant,
            "vars": self.variables,
            "workflow": self.workflow,
            "run": {"total_activities": self.total_activities, "total_actors": self.total_actors},
            "refs": self.refs,
            "total_activities": self.total_activities,
            "total_actors": self.total_actors,
            **self._event,
        }

    def for_templates(self) -> dict[str, Any]:
        """Everything by name; keys of `data` are at the root too, where reserved names win (E-RUN-16)."""
        return self.data | {
            **self._event,
            "recipient": self.recipient,
            "actor": self.actor,
            "tenant": self.tenant,
            "data": self.data,
            "vars": {**self.variables, **self.secrets},
            "workflow": self.workflow,
            "run": {"total_activities": self.total_activities, "total_actors": self.total_actors},
            "refs": self.refs,
            "activities": self.activities,
            "total_activities": self.total_activities,
            "actors": self.actors,
            "total_actors": self.total_actors,
            "timestamp": self.timestamp,
            "current_message": self.current_message,
        }

    @property
    def _event(self) -> dict[str, Any]:
        return {} if self.event is None else {"event": self.event}
