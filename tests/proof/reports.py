"""A kept report as `make bench ARGS=--keep` writes it, small, with figures on both sides of every goal."""

from typing import Any

MACHINE = {"load_average_before": 1.0, "load_average_after": 2.0, "steal_percent": 3.0}


def spread(median: float) -> dict[str, float]:
    return {"median": median, "min": round(median * 0.9, 2), "max": round(median * 1.2, 2)}


def percentiles(lowest: float, count: int = 80) -> dict[str, float]:
    p99 = {"p99": lowest * 10} if count >= 100 else {}
    return {"seen": float(count), "p50": lowest, "p95": lowest * 3, **p99, "max": lowest * 11}


def shape(ratio: float, cpu_ratio: float) -> dict[str, Any]:
    parts = {"temporal": 6.0, "worker": 5.0, "api": 3.0, "postgres": 4.0}
    return {
        "rounds": 5,
        "runs_a_round": 300,
        "cpu_ms_per_run": spread(18.0),
        "cpu_ms_by_process": {process: spread(ms) for process, ms in parts.items()},
        "runs_per_s": spread(ratio * 100),
        "bare_cpu_ms_per_run": spread(18.0 / cpu_ratio),
        "bare_runs_per_s": spread(100.0),
        "ratio_to_same_activities": spread(ratio),
        "cpu_ratio_to_same_activities": spread(cpu_ratio),
    }


def stages(*names: str) -> dict[str, Any]:
    return {name: percentiles(10.0, 120) for name in (*names, "task_started_ms", "task_completed_ms")}


def report() -> dict[str, Any]:
    load = {"triggers_per_s": 4.0, "refused": 0}
    times = {name: percentiles(20.0) for name in ("answer_ms", "feed_row_ms", "mail_received_ms")}
    return {
        "seen": {
            "date": "2031-02-03",
            "commit": "abc1234",
            "command": "make bench ARGS=--keep",
            "machine": {
                "cpu": "A CPU",
                "cores": 2,
                "memory_gib": 7.5,
                "kernel": "Linux 6",
                "python": "3.11.7",
            },
        },
        "runs": {
            "one-in-app": shape(0.6, 2.0),
            "in-app-and-mail": shape(0.75, 1.5),
            "delay-1s": shape(0.9, 1.5),
            "batch-of-20": shape(0.7, 1.5),
            "machine": MACHINE,
            "took_s": 60.0,
        },
        "latency": {
            "capacity_runs_per_s": 40.0,
            **{f"at_{share}_percent": load | times for share in (10, 50, 80)},
            "machine": MACHINE | {"steal_percent": 41.0},
            "took_s": 40.0,
        },
        "sleepers": {
            "open": 5000,
            "opened_per_s": 50.0,
            "spread": {
                "asleep_in_time": True,
                "late_ms": percentiles(120.0),
                "stages_ms": stages("timer_fired_ms"),
            },
            "herd": {
                "herd": 1000,
                "asleep_in_time": True,
                "late_ms": percentiles(2000.0),
                "drained_per_s": 40.0,
                "bare_drained_per_s": 50.0,
                "ratio_to_ceiling": 0.8,
                "foreground_alone_ms": percentiles(30.0, 120),
                "foreground_beside_ms": percentiles(90.0),
                "foreground_p99_ratio": 3.0,
                "stages_ms": stages("timer_fired_ms", "item_committed_ms"),
                "bare_stages_ms": stages("timer_fired_ms"),
                "foreground_alone_stages_ms": stages("accepted_ms"),
                "foreground_beside_stages_ms": {"accepted_ms": percentiles(7.0)},
            },
            "machine": MACHINE,
            "took_s": 20.0,
        },
    }
