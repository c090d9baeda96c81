"""What `tocsin up` seeds for everyone alike; accepted on loopback only (D15)."""

from uuid import UUID

ENVIRONMENT = "development"
SECRET_KEY = "sk_test_tocsin"
PUBLIC_KEY = "pk_test_tocsin"
SERVICE_TOKEN = "knock_st_tocsin"

FEED_CHANNEL_ID = UUID("11111111-1111-4111-8111-111111111111")
"""The channel `in-app`."""
