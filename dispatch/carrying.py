"""Which workflow carries a recipient run."""

from uuid import UUID

from psycopg.rows import DictRow

from models.values.refs import RecipientRef
from workflows_engine import names


def workflow_id_of(run: DictRow) -> str:
    """The workflow that carries the run of this row (with its environment's `slug`)."""
    recipient = RecipientRef(collection=run["recipient_collection"], id=run["recipient_id"])
    return names.recipient_run_workflow(
        run["slug"], run["workflow_key"], recipient, UUID(str(run["id"])), run["incarnation"]
    )
