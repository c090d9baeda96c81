"""What would else be done while somebody waits: once, before anything is served."""

import gc
import sys

from sqlalchemy.orm import configure_mappers

YOUNG = 10_000
"""Objects made since the collector last looked at the young ones. A run makes thousands that its end frees;
looked at every 700, as is usual, they were taken for old while it went on."""
SWITCH_SECONDS = 0.001
"""How long a thread that carries a workflow on keeps the loop waiting, which waits once for each answer of
Postgres that it reads; five times as long is usual."""


def warm_up() -> None:
    """Bind rows' classes, spare what is there from the garbage collector, and let threads give way sooner.

    For the whole process, and for good; the collector looks at the young less often from then on, too.
    Python collects garbage while everything else waits, and a quarter of a million objects are there before
    the first call: with them a full collection took 110 to 240 ms on two busy cores, without them 10 to 100.
    Classes were bound with the first row, which took 190 ms.
    """
    configure_mappers()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
    sys.setswitchinterval(SWITCH_SECONDS)
