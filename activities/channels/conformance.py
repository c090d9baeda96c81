"""The claims that every provider's tests check: a rehearsal brings the vendor, this brings the questions."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

from activities.channels.provider import EmailMessage, Provider, Receipt

_LONGEST_DETAIL: Final = 500
_LONGEST_LOGGED_STRING: Final = 1024 + len("[TRUNCATED]")


class Rehearsal(Protocol):
    """A provider before vendors that do as they are told, on loopback."""

    @property
    def message(self) -> EmailMessage:
        """What is sent."""
        ...

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret in the provider's settings."""
        ...

    def accepting(self) -> AbstractAsyncContextManager[Provider[EmailMessage]]:
        """The vendor takes the message."""
        ...

    def busy(self) -> AbstractAsyncContextManager[Provider[EmailMessage]]:
        """The vendor asks to come back later, in a long text that repeats the secrets."""
        ...

    def refusing(self) -> AbstractAsyncContextManager[Provider[EmailMessage]]:
        """The vendor refuses the message for good, in a long text that repeats the secrets."""
        ...

    def refusing_recipient(self) -> AbstractAsyncContextManager[Provider[EmailMessage]]:
        """The vendor does not know the recipient."""
        ...

    def refusing_credentials(self) -> AbstractAsyncContextManager[Provider[EmailMessage]]:
        """The vendor does not accept the provider's credentials."""
        ...

    def silent(self) -> AbstractAsyncContextManager[Provider[EmailMessage]]:
        """The vendor takes the connection and says nothing; the provider waits some tenths of a second."""
        ...

    def unreachable(self) -> AbstractAsyncContextManager[Provider[EmailMessage]]:
        """Nobody listens."""
        ...


async def an_accepted_message_is_sent(rehearsal: Rehearsal) -> None:
    async with rehearsal.accepting() as provider:
        receipt = await provider.deliver(rehearsal.message)
    assert receipt.outcome == "sent", receipt
    assert receipt.provider_reference
    assert not receipt.bounced


async def a_busy_vendor_is_tried_again(rehearsal: Rehearsal) -> None:
    async with rehearsal.busy() as provider:
        receipt = await provider.deliver(rehearsal.message)
    assert receipt.outcome == "retry_after", receipt
    assert receipt.detail


async def a_refused_message_is_dead(rehearsal: Rehearsal) -> None:
    async with rehearsal.refusing() as provider:
        receipt = await provider.deliver(rehearsal.message)
    assert receipt.outcome == "dead", receipt
    assert receipt.detail
    assert not receipt.bounced


async def an_unknown_recipient_bounces(rehearsal: Rehearsal) -> None:
    async with rehearsal.refusing_recipient() as provider:
        receipt = await provider.deliver(rehearsal.message)
    assert receipt.outcome == "dead", receipt
    assert receipt.bounced


async def wrong_credentials_are_dead_and_named(rehearsal: Rehearsal) -> None:
    async with rehearsal.refusing_credentials() as provider:
        receipt = await provider.deliver(rehearsal.message)
    assert receipt.outcome == "dead", receipt
    assert not receipt.bounced
    assert receipt.detail


async def a_silent_vendor_is_tried_again(rehearsal: Rehearsal) -> None:
    async with rehearsal.silent() as provider:
        receipt = await provider.deliver(rehearsal.message)
    assert receipt.outcome == "retry_after", receipt
    assert receipt.detail


async def an_unreachable_vendor_is_tried_again(rehearsal: Rehearsal) -> None:
    async with rehearsal.unreachable() as provider:
        receipt = await provider.deliver(rehearsal.message)
    assert receipt.outcome == "retry_after", receipt
    assert receipt.detail


async def every_attempt_is_logged(rehearsal: Rehearsal) -> None:
    for receipt in await _all_receipts(rehearsal):
        assert receipt.logs, receipt
        for log in receipt.logs:
            assert log.service_name
            assert log.request.host


async def no_secret_is_told(rehearsal: Rehearsal) -> None:
    assert rehearsal.secrets, "a rehearsal names the secrets that must not be told"
    for receipt in await _all_receipts(rehearsal):
        told = receipt.model_dump_json()
        assert not [secret for secret in rehearsal.secrets if secret in told], told


async def no_text_is_long(rehearsal: Rehearsal) -> None:
    for receipt in await _all_receipts(rehearsal):
        assert len(receipt.detail or "") <= _LONGEST_DETAIL
        for log in receipt.logs:
            assert all(len(text.encode()) <= _LONGEST_LOGGED_STRING for text in _strings(log.model_dump()))


Claim = Callable[[Rehearsal], Awaitable[None]]

CLAIMS: Final[tuple[Claim, ...]] = (
    an_accepted_message_is_sent,
    a_busy_vendor_is_tried_again,
    a_refused_message_is_dead,
    an_unknown_recipient_bounces,
    wrong_credentials_are_dead_and_named,
    a_silent_vendor_is_tried_again,
    an_unreachable_vendor_is_tried_again,
    every_attempt_is_logged,
    no_secret_is_told,
    no_text_is_long,
)


async def _all_receipts(rehearsal: Rehearsal) -> list[Receipt]:
    receipts: list[Receipt] = []
    for scene in (
        rehearsal.accepting,
        rehearsal.busy,
        rehearsal.refusing,
        rehearsal.refusing_recipient,
        rehearsal.refusing_credentials,
        rehearsal.silent,
        rehearsal.unreachable,
    ):
        async with scene() as provider:
            receipts.append(await provider.deliver(rehearsal.message))
    return receipts


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in _strings(item)]
