"""What docs/monitoring asks Prometheus, for the tests that compare it with what is served."""

import json
import re
from typing import Any

import yaml

from tests.architecture.sources import ROOT

MONITORING = ROOT / "docs" / "monitoring"
METRIC = re.compile(r"\b(?:tocsin|temporal)_[a-z_]+")


def expressions() -> list[str]:
    """What the dashboard and the alerts ask Prometheus."""
    board = json.loads((MONITORING / "dashboard.json").read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked += [one["query"] for one in board["templating"]["list"]]
    return asked + [rule["expr"] for rule in rules()]


def rules() -> list[dict[str, Any]]:
    written = yaml.safe_load((MONITORING / "alerts.yml").read_text())
    return [rule for group in written["groups"] for rule in group["rules"]]


def asked_for(prefix: str) -> set[str]:
    return {name for one in expressions() for name in METRIC.findall(one) if name.startswith(prefix)}
