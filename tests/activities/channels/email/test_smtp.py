"""SMTP, before a real mail server on loopback."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr, ValidationError

from activities.channels import conformance
from activities.channels.email import PROVIDERS
from activities.channels.email.smtp import Smtp
from activities.channels.provider import EmailMessage
from models.values.providers import trust
from tests.activities.channels.email.mail_server import PASSWORD, USERNAME, a_certificate, a_mail_server

MESSAGE = EmailMessage(
    message_id="2kqXyVbz0000000000000000000",
    from_address="team@example.com",
    from_name="Grüße & Co.",
    to="ada@example.com",
    subject="Your invoice is ready",
    html_body="<p>Hello</p>",
    text_body="Hello",
)


def plain(port: int, **settings: object) -> Smtp:
    return Smtp.model_validate(
        {"host": "127.0.0.1", "port": port, "tls": "none", "timeout_seconds": 5, **settings}
    )


def signed_in(port: int, **settings: object) -> Smtp:
    return plain(port, username=USERNAME, password=SecretStr(PASSWORD), **settings)


class SmtpRehearsal:
    message = MESSAGE
    secrets = (PASSWORD,)

    @asynccontextmanager
    async def accepting(self) -> AsyncIterator[Smtp]:
        async with a_mail_server(sign_in=True) as server:
            yield signed_in(server.port)

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[Smtp]:
        async with a_mail_server({"DATA": f"451 4.3.0 {PASSWORD} {'later ' * 300}"}, sign_in=True) as server:
            yield signed_in(server.port)

    @asynccontextmanager
    async def refusing(self) -> AsyncIterator[Smtp]:
        async with a_mail_server({"DATA": f"554 5.6.0 {PASSWORD} {'never ' * 300}"}, sign_in=True) as server:
            yield signed_in(server.port)

    @asynccontextmanager
    async def refusing_recipient(self) -> AsyncIterator[Smtp]:
        async with a_mail_server({"RCPT ada@example.com": "550 5.1.1 No such user"}, sign_in=True) as server:
            yield signed_in(server.port)

    @asynccontextmanager
    async def refusing_credentials(self) -> AsyncIterator[Smtp]:
        async with a_mail_server({"AUTH": f"535 5.7.8 not {PASSWORD}"}, sign_in=True) as server:
            yield signed_in(server.port)

    @asynccontextmanager
    async def silent(self) -> AsyncIterator[Smtp]:
        async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(listen, "127.0.0.1", 0)
        async with server:
            yield signed_in(server.sockets[0].getsockname()[1], timeout_seconds=0.2)

    @asynccontextmanager
    async def unreachable(self) -> AsyncIterator[Smtp]:
        yield signed_in(1)


@pytest.mark.parametrize("claim", conformance.CLAIMS, ids=lambda claim: claim.__name__)
async def test_smtp_is_a_provider(claim: conformance.Claim) -> None:
    await claim(SmtpRehearsal())


async def test_a_mail_arrives_with_both_its_bodies() -> None:
    async with a_mail_server() as server:
        await plain(server.port).deliver(
            MESSAGE.model_copy(update={"html_body": "<p>Grüße 🎉</p>", "text_body": "Grüße 🎉"})
        )
    assert server.mail().get_content_type() == "multipart/alternative"
    text, html = server.mail().iter_parts()
    assert (text.get_content_type(), text.get_content().strip()) == ("text/plain", "Grüße 🎉")
    assert (html.get_content_type(), html.get_content().strip()) == ("text/html", "<p>Grüße 🎉</p>")


async def test_the_headers_say_from_whom_to_whom_and_what() -> None:
    message = MESSAGE.model_copy(
        update={
            "subject": "Ihre Übersicht für Oktober: " + "ä" * 200,
            "cc": "Bob Ümit <bob@example.com>, carol@example.com",
            "bcc": "dan@example.com",
            "reply_to": "help@example.com",
            "headers": {"X-Campaign": "october"},
        }
    )
    async with a_mail_server() as server:
        receipt = await plain(server.port).deliver(message)
    mail = server.mail()
    assert (
        mail["From"] == '"Grüße & Co." <team@example.com>' or mail["From"] == "Grüße & Co. <team@example.com>"
    )
    assert mail["To"] == "ada@example.com"
    assert mail["Cc"] == "Bob Ümit <bob@example.com>, carol@example.com"
    assert mail["Bcc"] is None
    assert mail["Reply-To"] == "help@example.com"
    assert mail["Subject"] == message.subject
    assert mail["X-Campaign"] == "october"
    assert mail["Date"].datetime.tzinfo is not None
    assert mail["Message-ID"] == "<2kqXyVbz0000000000000000000@example.com>" == receipt.provider_reference
    assert server.recipients() == [
        "ada@example.com",
        "bob@example.com",
        "carol@example.com",
        "dan@example.com",
    ]


async def test_a_mail_that_is_sent_again_has_the_same_message_id() -> None:
    async with a_mail_server() as server:
        first = await plain(server.port).deliver(MESSAGE)
        second = await plain(server.port).deliver(MESSAGE)
    assert len(server.envelopes) == 2
    assert first.provider_reference == second.provider_reference


async def test_the_log_shows_the_server_and_its_answer() -> None:
    async with a_mail_server() as server:
        receipt = await plain(server.port).deliver(MESSAGE)
    (log,) = receipt.logs
    assert log.service_name == "SMTP"
    assert (log.request.method, log.request.host, log.request.path) == (
        "POST",
        f"127.0.0.1:{server.port}",
        "/",
    )
    assert isinstance(log.request.body, dict)
    assert log.request.body["to"] == "ada@example.com"
    assert (log.response.status, log.response.body) == (250, "2.0.0 queued as A1B2")


@pytest.mark.parametrize(
    ("command", "answer", "outcome", "bounced"),
    [
        ("RCPT ada@example.com", "450 4.2.1 Mailbox busy", "retry_after", False),
        ("RCPT ada@example.com", "452 4.2.2 Mailbox full", "retry_after", False),
        ("RCPT ada@example.com", "550 5.1.1 No such user", "dead", True),
        ("RCPT ada@example.com", "530 5.7.0 Authentication required", "dead", False),
        ("MAIL", "421 4.3.2 Shutting down", "retry_after", False),
        ("MAIL", "553 5.7.1 Not your address", "dead", False),
        ("DATA", "451 4.7.1 Greylisted", "retry_after", False),
        ("DATA", "552 5.3.4 Too large", "dead", False),
    ],
)
async def test_the_servers_answer_decides(command: str, answer: str, outcome: str, bounced: bool) -> None:
    async with a_mail_server({command: answer}) as server:
        receipt = await plain(server.port).deliver(MESSAGE)
    assert (receipt.outcome, receipt.bounced) == (outcome, bounced)
    assert answer in (receipt.detail or "")
    assert receipt.logs[0].response.status == int(answer[:3])
    assert not server.envelopes


async def test_a_refused_copy_does_not_hold_the_mail_back() -> None:
    answers = {"RCPT bob@example.com": "550 5.1.1 No such user", "RCPT dan@example.com": "450 4.2.1 Busy"}
    message = MESSAGE.model_copy(
        update={"cc": "bob@example.com, carol@example.com", "bcc": "dan@example.com"}
    )
    async with a_mail_server(answers) as server:
        receipt = await plain(server.port).deliver(message)
    assert (receipt.outcome, receipt.bounced) == ("sent", False)
    assert receipt.detail == "the server refused 2 of 3 addresses in cc and bcc"
    assert server.recipients() == ["ada@example.com", "carol@example.com"]


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_the_connection_is_encrypted_before_the_sign_in(tls: str) -> None:
    context, authority = a_certificate("localhost", "127.0.0.1")
    async with a_mail_server(sign_in=True, encryption=(tls, context)) as server:
        receipt = await signed_in(server.port, tls=tls, ca_certificate=authority).deliver(MESSAGE)
    assert receipt.outcome == "sent", receipt
    assert server.mail()["Subject"] == "Your invoice is ready"


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_certificate_that_nobody_vouches_for_is_dead_and_named(tls: str) -> None:
    context, _ = a_certificate("127.0.0.1")
    async with a_mail_server(sign_in=True, encryption=(tls, context)) as server:
        receipt = await signed_in(server.port, tls=tls).deliver(MESSAGE)
    assert receipt.outcome == "dead"
    assert "certificate is not trusted" in (receipt.detail or "")
    assert not server.envelopes


async def test_a_server_without_starttls_gets_neither_the_password_nor_the_mail() -> None:
    async with a_mail_server(sign_in=True) as server:
        receipt = await signed_in(server.port, tls="starttls").deliver(MESSAGE)
    assert receipt.outcome == "dead"
    assert "STARTTLS" in (receipt.detail or "")
    assert not server.envelopes


async def test_a_server_that_hangs_up_is_tried_again() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com\r\n")
        await reader.readline()
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        receipt = await plain(server.sockets[0].getsockname()[1]).deliver(MESSAGE)
    assert receipt.outcome == "retry_after"


async def test_the_whole_attempt_has_one_deadline() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220-")
        while not reader.at_eof():
            writer.write(b"x\r\n220-")
            try:
                await asyncio.wait_for(reader.read(1), 0.05)
            except TimeoutError:
                continue
        writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with server:
        started = time.monotonic()
        receipt = await plain(server.sockets[0].getsockname()[1], timeout_seconds=0.3).deliver(MESSAGE)
    assert receipt.outcome == "retry_after"
    assert receipt.detail == "no answer from the server within 0.3 s"
    assert time.monotonic() - started < 20


async def test_a_server_that_breaks_off_after_its_answer_has_the_mail() -> None:
    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com\r\n")
        while (command := await reader.readline())[:4].upper() != b"DATA":
            writer.write(b"250 OK\r\n" if command else b"")
        writer.write(b"354 Go on\r\n")
        await reader.readuntil(b"\r\n.\r\n")
        writer.write(b"250 Taken\r\n")
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    async with server:
        receipt = await plain(server.sockets[0].getsockname()[1]).deliver(MESSAGE)
    assert receipt.outcome == "sent"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"host": ""},
        {"host": "a", "port": 0},
        {"host": "a", "tls": "maybe"},
        {"host": "a", "timeout_seconds": 0},
        {"host": "a", "ca_certificate": "not a certificate"},
        {"host": "a", "prot": 25},
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PROVIDERS["email_smtp"].model_validate(settings)


def test_a_password_is_not_shown() -> None:
    assert PASSWORD not in repr(signed_in(587))


def test_certificate_authorities_are_read_once() -> None:
    # It takes 50 ms, in which a worker does nothing else.
    assert trust(None) is trust(None)
