"""Which batch window a run wants, thought before anything is written (E-BATCH-3…15)."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import DictRow

from activities.judging import judged, why_skipped
from activities.keys import resolve_key
from activities.standing import Standing
from activities.step_log import failure
from models.ids import new_uuid
from models.tables.batches import BatchWindow
from models.tables.run_events import LogLine
from models.values.durations import LONGEST
from models.values.wall_time import zone_of
from models.values.window_rules import MISSING, resolve_moment
from rendering.environment import TemplateError
from workflows_engine.conditions import resolve
from workflows_engine.effects.steps import StepAnswer, StepAsk, Verdict
from workflows_engine.operators import ABSENT
from workflows_engine.scope import RunScope
from workflows_engine.steps.batch import BatchSettings, BatchStep


@dataclass(frozen=True)
class Wanted:
    """The window a run would join or open. `unresolved` says why it cannot open one (E-BATCH-10)."""

    window: BatchWindow
    settings: BatchSettings
    unresolved: str | None = None
    warning: str | None = None

    def closes_at(self, window: DictRow) -> datetime:
        """When an open window closes once this run joins it; sliding ones move (E-BATCH-11…13).

        Whoever opened it has the whole window: the limit applies to arrivals (E-BATCH-12).
        """
        known: datetime = window["closes_at"]
        if not self.settings.is_sliding or self.unresolved is not None or self.opened(window):
            return known
        cap = self.settings.latest_close(window["opened_at"])
        return self.window.closes_at if cap is None else min(self.window.closes_at, cap)

    def opened(self, window: DictRow) -> bool:
        """Whether it is this run that opened that window."""
        return bool(window["id"] == self.window.id)


def think(ask: StepAsk, standing: Standing, scope: RunScope) -> Wanted | StepAnswer:
    """The window this run wants, or why it passes the step by."""
    if standing.stop is not None:
        return standing.stop
    step: BatchStep = standing.version.definition.step(ask.step_ref)
    judgement = judged(step.conditions, scope, ask.now)
    if not judgement.holds:
        return StepAnswer(verdict=Verdict.SKIP, reason=why_skipped(judgement))
    try:
        batch_key = resolve_key(step.settings.batch_key or "", scope, ask.now)
    except TemplateError as error:
        where = f" in line {error.line}" if error.line else ""
        return failure(ask, f"template error in batch_key{where}")
    closes_at = closing(step.settings, standing, scope, ask.now)
    unresolved = closes_at if isinstance(closes_at, str) else None
    window = BatchWindow(
        id=new_uuid(),
        environment_id=ask.environment_id,
        key=window_key(standing, step, batch_key),
        workflow_key=standing.version.key,
        workflow_version_id=standing.version.id,
        step_ref=ask.step_ref,
        leader_run_id=ask.recipient_run_id if step.settings.flushes_leading else None,
        opened_at=ask.now,
        closes_at=ask.now if isinstance(closes_at, str) else closes_at,
    )
    lost = step.settings.batch_key is not None and not batch_key
    return Wanted(
        window,
        step.settings,
        unresolved=unresolved,
        warning=f"batch_key {step.settings.batch_key!r} is empty for this run" if lost else None,
    )


def joined_line(wanted: Wanted, before: DictRow, joined: DictRow) -> LogLine:
    """What a joiner's log says of the window, which was so `before` and is so now."""
    opens = wanted.opened(before)
    data = {
        "window_id": str(joined["id"]),
        "count": joined["member_count"],
        "closes_at": joined["closes_at"].isoformat(),
        "owner_run_id": str(joined["owner_run_id"]),
        "window_type": wanted.settings.batch_window_type or "fixed",
    }
    if before["closes_at"] != joined["closes_at"]:
        data["closed_before_at"] = before["closes_at"].isoformat()
    if joined["closed_at"] is not None:
        data["closed_by"] = joined["close_reason"]
    if wanted.warning:
        data["warning"] = wanted.warning
    if not opens and wanted.settings.is_sliding and wanted.unresolved is not None:
        data["warning"] = f"the window was not extended: {wanted.unresolved}"
    return LogLine(event="batch_opened" if opens else "batch_joined", data=data)


def closing(settings: BatchSettings, standing: Standing, scope: RunScope, now: datetime) -> datetime | str:
    """When a window that this run opens now closes, or why that cannot be told (E-BATCH-7…10)."""
    path = settings.batch_until_field_path
    if path is None:
        assert settings.batch_window is not None  # a batch has one of the two
        closes_at = settings.batch_window.after(now)
        if now < closes_at <= now + LONGEST:
            return closes_at
        return "the window is not between now and 365 days"
    value = resolve(path, scope.for_conditions())
    if value is ABSENT:
        return f"{path} {MISSING}"
    zone = zone_of([scope.recipient.get("timezone"), standing.facts["account_timezone"]])
    found = resolve_moment(value, now, zone, settings.batch_window)
    return found if isinstance(found, datetime) else f"{path} {found}"


def window_key(standing: Standing, step: BatchStep, batch_key: str) -> str:
    """Always per recipient and key (E-BATCH-3).

    Pinned steps add the version, not the step: two of them without keys share a window. One that follows
    the latest version adds itself, and its environment or branch, so that a commit keeps the window open.
    """
    if step.settings.follows_latest:
        place = ["latest", str(standing.facts["content_environment_id"]), step.ref]
    else:
        place = [str(standing.version.id)]
    parts = [standing.version.key, *place, standing.ref.gid, batch_key]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
