"""Every table, imported here so that migrations see them all."""

from models.tables.batches import BatchMember, BatchWindow
from models.tables.cancels import Cancel
from models.tables.channels import Channel, ChannelSettings
from models.tables.environments import Environment
from models.tables.feeds import FeedCounter, FeedItem
from models.tables.keys import ApiKey
from models.tables.messages import DeliveryAttempt, DeliveryLogEntry, Message, MessageEvent
from models.tables.recipient_runs import LedgerEntry, RecipientRun, RunEvent
from models.tables.recipients import Recipient
from models.tables.triggers import Trigger
from models.tables.variables import Variable
from models.tables.workflows import Workflow, WorkflowVersion

TABLES = [
    Environment,
    ApiKey,
    Channel,
    ChannelSettings,
    Variable,
    Workflow,
    WorkflowVersion,
    Recipient,
    Trigger,
    RecipientRun,
    RunEvent,
    LedgerEntry,
    BatchWindow,
    BatchMember,
    Cancel,
    Message,
    MessageEvent,
    DeliveryAttempt,
    DeliveryLogEntry,
    FeedCounter,
    FeedItem,
]
