"""Which machine measures, and how noisy it is meanwhile: a figure without its noise means little."""

import os
import platform
import time
from pathlib import Path

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


def described() -> dict[str, str | float]:
    """What a figure needs to be compared with those of another machine."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count() or 0,
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _cpu() -> str:
    """The model where the kernel tells it, else the architecture."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
