"""Who calls: what Knock's tools ask first."""

from fastapi import APIRouter
from pydantic import BaseModel

from api.dependencies import AccountCaller, Db
from models.queries.account import find_account

router = APIRouter(prefix="/v1/whoami", tags=["Account"])


class AccountFeatures(BaseModel):
    """What an account may do. Nothing here is sold, so nothing is withheld; what is not built is false."""

    batch_items_render_limit_allowed: bool = True
    custom_branding_allowed: bool = True
    data_retention_days: int | None = None
    data_warehouse_extension_allowed: bool = False
    datadog_extension_allowed: bool = False
    dsync_allowed: bool = False
    guides_monthly_notified_recipients_limit: int | None = None
    guides_per_tenant_scope_allowed: bool = True
    heap_extension_allowed: bool = False
    knock_branding_required: bool = False
    litmus_email_preview_allowed: bool = False
    message_sent_limit: int | None = None
    new_relic_extension_allowed: bool = False
    permission_groups_allowed: bool = False
    segment_extension_allowed: bool = False
    self_serve_allowed: bool = True
    sso_allowed: bool = False
    tenant_preferences_allowed: bool = True
    translations_allowed: bool = True


class WhoamiResponse(BaseModel):
    """As in Knock; nobody but service tokens calls, so there is no user."""

    type: str = "service_token"
    account_name: str
    account_slug: str
    account_features: AccountFeatures
    service_token_name: str
    user_id: str | None = None
    user_email: str | None = None
    user_name: str | None = None


@router.get("")
async def get_whoami(caller: AccountCaller, database: Db) -> WhoamiResponse:
    """`translations_allowed` stays true where translations are switched off: they can still be written."""
    async with database.connection() as connection:
        account = await find_account(connection)
    return WhoamiResponse(
        account_name=account["name"],
        account_slug=account["slug"],
        account_features=AccountFeatures(),
        service_token_name=caller.name,
    )
