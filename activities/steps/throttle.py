"""Performs throttle steps: a gate that lets so many runs pass in a window (E-THROTTLE)."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from activities.judging import judged, why_skipped
from activities.keys import resolve_key
from activities.ledger import Entry, LedgerKey, claim
from activities.moments import moment_at
from activities.performs import performs
from activities.scopes import build_scope
from activities.standing import Standing, load, stopped
from activities.step_log import log_step
from activities.versions import Versions
from models.database import Database
from models.tables.run_events import LogLine
from models.tables.throttles import Passage, find_throttle, pass_gate
from models.values.kinds import Outcome
from rendering.environment import TemplateError
from workflows_engine import effects
from workflows_engine.effects.steps import StepAnswer, StepAsk, Verdict
from workflows_engine.scope import RunScope
from workflows_engine.steps.throttle import LONGEST_WINDOW, ThrottleSettings, ThrottleStep

LONGEST_KEY = 64
"""A key is shorter than this once it is JSON in a URL (E-THROTTLE-4)."""


@dataclass(frozen=True)
class Unthrottled:
    """Why the run passes without being counted; `is_mistake` where the step's settings lead nowhere."""

    reason: str
    is_mistake: bool = False


class ThrottleSteps:
    """Performs `pass_throttle`."""

    def __init__(self, database: Database, versions: Versions) -> None:
        self._database = database
        self._versions = versions

    @performs(effects.pass_throttle)
    async def pass_throttle(self, ask: StepAsk) -> StepAnswer:
        """Count the run and let it pass, or halt it where the window's limit is used up."""
        async with self._database.connection() as connection:
            standing = await load(connection, self._versions, ask)
            scope = await build_scope(connection, standing)
        wanted = standing.stop or think(ask, standing, scope)
        key = LedgerKey(ask.recipient_run_id, ask.step_ref, f"throttle:{ask.attempt}")
        async with claim(self._database, key, ask.now) as entry:
            if entry.stored is not None:
                return StepAnswer.model_validate(entry.stored)
            answer = await standing.enter(entry, ask.now) or await _pass(entry, ask, wanted)
            await entry.record(answer)
        return answer


async def _pass(entry: Entry, ask: StepAsk, wanted: Passage | Unthrottled | StepAnswer) -> StepAnswer:
    if isinstance(wanted, StepAnswer):
        return wanted
    if isinstance(wanted, Unthrottled):
        status = "error" if wanted.is_mistake else "ok"
        line = LogLine(event="step_skipped", status=status, data={"reason": wanted.reason})
        await log_step(entry.connection, ask, line, "throttle")
        return StepAnswer(verdict=Verdict.SKIP, reason=wanted.reason)
    has_passed = await pass_gate(entry.connection, wanted)
    window = await find_throttle(entry.connection, wanted.environment_id, wanted.key)
    event = "throttle_passed" if has_passed else "throttle_closed"
    told = {
        "passed": window["passed"],
        "limit": wanted.limit,
        "opened_at": window["opened_at"].isoformat(),
        "closes_at": window["closes_at"].isoformat(),
    }
    await log_step(entry.connection, ask, LogLine(event=event, data=told), "throttle")
    until = f"until {window['closes_at']:%Y-%m-%d %H:%M:%S} UTC"
    if has_passed:
        return StepAnswer(reason=f"passed as number {window['passed']} of {wanted.limit} {until}")
    return stopped(Outcome.HALTED, f"{ask.step_ref}: the throttle is closed {until}")


def think(ask: StepAsk, standing: Standing, scope: RunScope) -> Passage | Unthrottled:
    """The window this run would open or join; a throttle that cannot be told is open (E-THROTTLE-5)."""
    step: ThrottleStep = standing.version.definition.step(ask.step_ref)
    judgement = judged(step.conditions, scope, ask.now)
    if not judgement.holds:
        return Unthrottled(why_skipped(judgement))
    throttle_key = _key(step.settings.throttle_key, scope, ask.now)
    if isinstance(throttle_key, Unthrottled):
        return throttle_key
    closes_at = _closing(step.settings, standing, scope, ask.now)
    if isinstance(closes_at, str):
        return Unthrottled(closes_at, is_mistake=True)
    parts = [standing.version.key, step.ref, standing.ref.gid, throttle_key]
    return Passage(
        environment_id=ask.environment_id,
        # The version is not among them: a commit opens no gate (E-THROTTLE-3).
        key=hashlib.sha256(json.dumps(parts).encode()).hexdigest(),
        workflow_key=standing.version.key,
        step_ref=step.ref,
        now=ask.now,
        closes_at=closes_at,
        limit=step.settings.limit,
    )


def _key(written: str | None, scope: RunScope, now: datetime) -> str | Unthrottled:
    if written is None:
        return ""
    try:
        key = resolve_key(written, scope, now)
    except TemplateError:
        return Unthrottled("the Liquid in throttle_key cannot be rendered", is_mistake=True)
    if not key:
        return Unthrottled("throttle_key is empty for this run", is_mistake=True)
    if len(quote(json.dumps(key, ensure_ascii=False), safe="")) >= LONGEST_KEY:
        return Unthrottled("throttle_key has 64 characters or more once it is encoded", is_mistake=True)
    return key


def _closing(
    settings: ThrottleSettings, standing: Standing, scope: RunScope, now: datetime
) -> datetime | str:
    """When a window that opens now ends; a path goes before a fixed length."""
    path, length = settings.throttle_window_field_path, settings.throttle_window
    if path is not None:
        return moment_at(path, scope, standing, now, longest=LONGEST_WINDOW)
    assert length is not None  # a throttle has one of the two
    closes_at = length.after(now)
    if now < closes_at <= now + LONGEST_WINDOW:
        return closes_at
    return "the window is not between now and 31 days"
