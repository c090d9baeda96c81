"""What processes do before they serve, seen in one of its own: it cannot be undone."""

import json
import subprocess
import sys

import pytest

from dispatch.warming import SWITCH_SECONDS, YOUNG

PROGRAM = """
import gc, json, sys
from {module} import *
from sqlmodel import SQLModel
from dispatch.warming import warm_up

def unbound():
    return [one for one in SQLModel._sa_registry.mappers if not one.configured]

before = len(unbound())
warm_up()
seen = len(gc.get_objects())
set_to = [gc.get_threshold()[0], sys.getswitchinterval()]
print(json.dumps([before, len(unbound()), gc.get_freeze_count(), seen, *set_to]))
"""


@pytest.mark.parametrize("module", ["api.app", "worker.assembly"])
def test_what_is_there_before_the_first_call_is_bound_and_never_collected(module: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(module=module)], capture_output=True, check=True, text=True
    )
    unbound_before, unbound, stays, looked_at, young, switch = json.loads(told.stdout)
    assert unbound_before > 0
    assert unbound == 0
    assert stays > 100_000 > 10 * looked_at
    assert (young, switch) == (YOUNG, pytest.approx(SWITCH_SECONDS))
