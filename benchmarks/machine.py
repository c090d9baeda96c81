"""How noisy the machine is while we measure: a figure without its noise means little."""

import os
import time

import psutil


def noise(seconds: float = 1.0) -> dict[str, float]:
    """Load average, and cores that somebody else keeps busy while we do nothing."""
    before = psutil.cpu_times()
    time.sleep(seconds)
    after = psutil.cpu_times()
    busy = sum(after[:3]) - sum(before[:3])
    stolen = getattr(after, "steal", 0.0) - getattr(before, "steal", 0.0)
    return {
        "load_average_1m": round(os.getloadavg()[0], 2),
        "cores": float(os.cpu_count() or 0),
        "cores_busy_with_others": round((busy + stolen) / seconds, 2),
    }
