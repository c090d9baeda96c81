"""Which audiences a run's recipient is in (E-COND-21)."""

from activities.standing import Standing
from models.database import Connection


async def memberships_of(connection: Connection, standing: Standing) -> frozenset[str]:
    """Keys of audiences whose record has the run's tenant, or none if the run has none.

    They come with the run's facts: conditions of channels and of preferences ask too, and a workflow's text
    does not tell. Objects are never members.
    """
    return frozenset(standing.facts["memberships"])
