"""Reading a person's feed in tests, as their browser would."""

from knockapi import AsyncKnock
from knockapi.types.users.feed_list_items_response import FeedListItemsResponse

from models.values.development import FEED_CHANNEL_ID
from tests.eventually import PATIENCE_SECONDS, eventually


async def feed_of(knock: AsyncKnock, user_id: str) -> list[FeedListItemsResponse]:
    page = await knock.users.feeds.list_items(user_id, str(FEED_CHANNEL_ID))
    return list(page.entries)


async def feed_with(
    knock: AsyncKnock, user_id: str, count: int, seconds: float = PATIENCE_SECONDS
) -> list[FeedListItemsResponse]:
    """The feed once it holds that many items."""
    return await eventually(
        lambda: feed_of(knock, user_id), until=lambda items: len(items) >= count, seconds=seconds
    )


def body_of(item: FeedListItemsResponse) -> str:
    """The rendered HTML of an item's body."""
    rendered: str = next(block.rendered for block in item.blocks if block.name == "body")  # type: ignore[union-attr]
    return rendered
