"""What a run's workflow is started with, from its row."""

from psycopg.rows import DictRow

from dispatch.starting import StartableRun
from models.values.refs import RecipientRef


def startable(run: DictRow) -> StartableRun:
    """`run` holds the columns of a carrier: its row and its environment's slug."""
    return StartableRun(
        environment_id=run["environment_id"],
        environment=run["slug"],
        workflow_key=run["workflow_key"],
        workflow_run_id=run["workflow_run_id"],
        recipient_run_id=run["id"],
        recipient=RecipientRef(collection=run["recipient_collection"], id=run["recipient_id"]),
        tenant_id=run["tenant_id"],
        cancellation_key=run["cancellation_key"],
        incarnation=run["incarnation"],
    )
