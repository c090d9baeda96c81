"""Memory of the idle stack, shared pages counted once."""

import asyncio
from typing import Any

from benchmarks.instance import Instance

SETTLING_SECONDS = 5


async def measure(instance: Instance, rounds: int) -> dict[str, Any]:
    """`rounds` is not used."""
    await asyncio.sleep(SETTLING_SECONDS)
    by_role = {role: memory.megabytes for role, memory in instance.memory().items()}
    return {"pss_megabytes": by_role, "pss_megabytes_in_all": round(sum(by_role.values()), 1)}
