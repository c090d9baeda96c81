"""What a key that a step's author wrote is for a run: a batch's, or a cohort's."""

import json
from datetime import datetime

from rendering.environment import render
from workflows_engine.conditions import resolve
from workflows_engine.operators import ABSENT
from workflows_engine.scope import RunScope


def resolve_key(written: str, scope: RunScope, now: datetime) -> str:
    """Liquid, a path, or a bare property of `data`; what leads nowhere is "" (E-BATCH-5, E-BATCH-6).

    Raises TemplateError when the Liquid cannot be rendered.
    """
    if not written:
        return ""
    if "{" in written:
        return render(written, scope.for_templates(), now=now)
    path = written if "." in written else f"data.{written}"
    value = resolve(path, scope.for_conditions())
    if value is ABSENT or value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
