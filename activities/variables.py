"""The variables that a run's templates read; the only place where secret ones are opened (E-VARS-3)."""

import base64
import logging
from typing import Any

from psycopg.rows import DictRow

from models.sealing import SealBroken, Sealer
from models.tables.variables import seal_purpose
from models.values.variables import value_of

log = logging.getLogger("tocsin.variables")


def variable_values(stored: dict[str, str] | None) -> dict[str, Any]:
    """What `vars` holds of public variables."""
    return {key: value_of(text) for key, text in (stored or {}).items()}


def secret_values(facts: DictRow, sealer: Sealer) -> dict[str, Any]:
    """The secret variables of a run's environment, opened.

    One that was sealed under a master secret that is gone is left out, and told in the log: the others and
    the run need not wait for it.
    """
    opened: dict[str, Any] = {}
    for key, stored in (facts["secrets"] or {}).items():
        if stored["sealed"] is None:
            continue
        purpose = seal_purpose(key, facts["environment_id"] if stored["is_override"] else None)
        try:
            opened[key] = value_of(sealer.open(base64.b64decode(stored["sealed"]), purpose))
        except SealBroken as error:
            log.error("a secret variable is missing in runs: %s; set it again", error)
    return opened
