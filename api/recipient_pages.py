"""Pages of recipients: users, tenants, and the objects of a collection."""

from uuid import UUID

from api.pagination import BY_TIME, read_page, slice_of
from api.query import Query
from api.schemas import recipients as schemas
from api.schemas.recipients import RecipientPage
from models.database import Connection
from models.queries.recipients import list_preference_sets, list_recipients
from models.values.refs import TENANTS, RecipientRef


async def list_page(
    connection: Connection,
    environment_id: UUID,
    collection: str,
    query: Query,
    *,
    as_objects: bool = False,
) -> RecipientPage:
    """The latest first. `include[]=preferences` adds every preference set of users and objects.

    Tenants alone are filtered: by `tenant_id` and by `name`, to the letter. Everybody is an object too.
    """
    page = read_page(query, BY_TIME)
    is_tenants = collection == TENANTS and not as_objects
    rows = await list_recipients(
        connection,
        environment_id,
        collection,
        page,
        only_id=query.text("tenant_id") if is_tenants else None,
        only_name=query.text("name") if is_tenants else None,
    )
    found = slice_of(rows, page, schemas.position)
    refs = [RecipientRef(collection=collection, id=row["id"]) for row in found.rows]
    entries = [
        schemas.show_object(ref, row["properties"], row["updated_at"])
        if as_objects
        else schemas.show(ref, row, row["updated_at"])
        for ref, row in zip(refs, found.rows, strict=True)
    ]
    if "preferences" in query.texts("include") and not is_tenants:
        ids = [ref.id for ref in refs]
        sets = await list_preference_sets(connection, environment_id, collection, ids)
        entries = schemas.with_sets(entries, sets)
    return RecipientPage(entries=entries, page_info=found.info)
