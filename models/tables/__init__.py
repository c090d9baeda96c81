"""Every table, imported here so that migrations see them all."""

from models.tables.account import Account, PreferenceDefaults
from models.tables.audience_members import AudienceMember
from models.tables.backlogs import Backlog
from models.tables.batches import BatchMember, BatchWindow
from models.tables.bulk_operations import BulkOperation
from models.tables.cancels import Cancel
from models.tables.catalogues import ItemProperty, PreferenceCategory, Tag
from models.tables.channel_data import ChannelData
from models.tables.channel_groups import ChannelGroup, ChannelGroupRule
from models.tables.channels import Channel, ChannelSettings
from models.tables.commits import Commit
from models.tables.environments import Environment
from models.tables.feeds import FeedCounter, FeedItem
from models.tables.first_runs import FirstRun
from models.tables.keys import ApiKey, SigningKey
from models.tables.messages import DeliveryAttempt, DeliveryLogEntry, Message, MessageEvent
from models.tables.preference_sets import PreferenceSet
from models.tables.recipient_runs import LedgerEntry, RecipientRun
from models.tables.recipients import Recipient
from models.tables.reconciliations import Reconciliation
from models.tables.request_signing import RequestSigningKey
from models.tables.resources import Resource, ResourceVersion
from models.tables.run_events import RunEvent
from models.tables.schedules import Schedule
from models.tables.subscriptions import Subscription
from models.tables.throttles import ThrottleWindow
from models.tables.triggers import Trigger
from models.tables.variables import Variable, VariableOverride
from models.tables.waits import AwaitedEvent, EventWait
from models.tables.webhook_endpoints import WebhookEndpoint

TABLES = [
    Environment,
    ApiKey,
    Account,
    PreferenceDefaults,
    Channel,
    ChannelSettings,
    ChannelGroup,
    ChannelGroupRule,
    SigningKey,
    Variable,
    VariableOverride,
    WebhookEndpoint,
    RequestSigningKey,
    Tag,
    PreferenceCategory,
    ItemProperty,
    Resource,
    ResourceVersion,
    Commit,
    Recipient,
    ChannelData,
    PreferenceSet,
    BulkOperation,
    AudienceMember,
    Subscription,
    Trigger,
    Backlog,
    RecipientRun,
    RunEvent,
    LedgerEntry,
    FirstRun,
    BatchWindow,
    BatchMember,
    ThrottleWindow,
    EventWait,
    AwaitedEvent,
    Cancel,
    Message,
    MessageEvent,
    DeliveryAttempt,
    DeliveryLogEntry,
    FeedCounter,
    FeedItem,
    Schedule,
    Reconciliation,
]
