"""The closed vocabularies of Knock's API that rows and engine share."""

from enum import StrEnum


class ChannelType(StrEnum):
    """What a channel delivers (E-SHAPE-4)."""

    EMAIL = "email"
    IN_APP = "in_app"
    IN_APP_FEED = "in_app_feed"
    IN_APP_GUIDE = "in_app_guide"
    SMS = "sms"
    PUSH = "push"
    CHAT = "chat"
    HTTP = "http"


class MessageStatus(StrEnum):
    """Where a message is on its way to the recipient; exclusive (E-MSG-1)."""

    UNDELIVERED = "undelivered"
    BOUNCED = "bounced"
    DELIVERY_ATTEMPTED = "delivery_attempted"
    QUEUED = "queued"
    NOT_SENT = "not_sent"
    SENT = "sent"
    DELIVERED = "delivered"


class EngagementStatus(StrEnum):
    """What the recipient did with a message; a set (E-MSG-11)."""

    SEEN = "seen"
    READ = "read"
    INTERACTED = "interacted"
    LINK_CLICKED = "link_clicked"
    ARCHIVED = "archived"


class RunStatus(StrEnum):
    """The states of a recipient run (E-RUN-1)."""

    QUEUED = "queued"
    PROCESSING = "processing"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (RunStatus.COMPLETED, RunStatus.CANCELLED)


class TriggerSource(StrEnum):
    """Who asked for a run (E-TRIGGER-29)."""

    API = "api"
    AUDIENCE = "audience"
    SCHEDULE = "schedule"
    BROADCAST = "broadcast"
    WORKFLOW_STEP = "workflow_step"
    INTEGRATION = "integration"
    REHEARSAL = "rehearsal"


class KeyKind(StrEnum):
    """What a credential may do: everything in an environment, a browser's share, or the management API."""

    SECRET = "secret"
    PUBLIC = "public"
    SERVICE = "service"


class Outcome(StrEnum):
    """Why a recipient run ended (E-RUN-3); the status follows from it."""

    FINISHED = "finished"
    ABSORBED = "absorbed"
    HALTED = "halted"
    FAILED = "failed"
    CANCELLED = "cancelled"
    WORKFLOW_INACTIVE = "workflow_inactive"
    RECIPIENT_MISSING = "recipient_missing"
    RECIPIENT_DELETED = "recipient_deleted"
    TERMINATED = "terminated"

    @property
    def status(self) -> RunStatus:
        """Completed for what ran its course, cancelled for what was stopped (E-RUN-3)."""
        stopped = (
            Outcome.CANCELLED,
            Outcome.WORKFLOW_INACTIVE,
            Outcome.RECIPIENT_DELETED,
            Outcome.TERMINATED,
        )
        return RunStatus.CANCELLED if self in stopped else RunStatus.COMPLETED
