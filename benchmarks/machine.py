"""How noisy the machine is while we measure: a figure without its noise means little."""

import os
import time

import psutil


class Meter:
    """Watches the machine from its making on."""

    def __init__(self) -> None:
        self._before = psutil.cpu_times()
        self._load = os.getloadavg()[0]

    def figures(self) -> dict[str, float]:
        """Load averages, and the share of all cores' time that the hypervisor stole (/proc/stat)."""
        after = psutil.cpu_times()
        stolen = getattr(after, "steal", 0.0) - getattr(self._before, "steal", 0.0)
        spent = sum(after[:8]) - sum(self._before[:8])
        return {
            "load_average_before": round(self._load, 2),
            "load_average_after": round(os.getloadavg()[0], 2),
            "steal_percent": round(100 * stolen / spent, 1) if spent else 0.0,
        }


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
