"""The kinds of content: the visible list."""

from models.values.content import ContentType
from publishing.kinds.audience import AUDIENCE
from publishing.kinds.email_layout import EMAIL_LAYOUT
from publishing.kinds.guide import GUIDE
from publishing.kinds.kind import Kind
from publishing.kinds.message_type import MESSAGE_TYPE
from publishing.kinds.partial import PARTIAL
from publishing.kinds.translation import TRANSLATION
from publishing.kinds.workflow import WORKFLOW

KINDS: dict[ContentType, Kind] = {
    kind.type: kind for kind in (AUDIENCE, PARTIAL, EMAIL_LAYOUT, MESSAGE_TYPE, TRANSLATION, GUIDE, WORKFLOW)
}
"""In the order in which each finds what it refers to already there."""
