"""A real mail server on loopback that does as it is told."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

USERNAME = "tocsin"
PASSWORD = "correct horse/battery"


@dataclass
class MailServer:
    """Answers each command as `answers` says ("MAIL", "RCPT bob@example.com", "DATA", …), else with 250."""

    answers: dict[str, str] = field(default_factory=dict)
    envelopes: list[Envelope] = field(default_factory=list)
    port: int = 0

    def mail(self) -> EmailMessage:
        """The only mail that came."""
        (envelope,) = self.envelopes
        assert isinstance(envelope.content, bytes)
        return message_from_bytes(envelope.content, policy=policy.default)

    def recipients(self) -> list[str]:
        """To whom the only mail went, by its envelope."""
        (envelope,) = self.envelopes
        return envelope.rcpt_tos

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "MAIL" not in self.answers:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return self.answers.get("MAIL", "250 2.1.0 OK")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(f"RCPT {address}", "250 2.1.5 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.answers.get("DATA", "250 2.0.0 queued as A1B2")
        if answer.startswith("250"):
            self.envelopes.append(envelope)
        return answer

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, credentials: Any
    ) -> AuthResult:
        if "AUTH" in self.answers:
            return AuthResult(success=False, handled=False, message=self.answers["AUTH"])
        right = (credentials.login, credentials.password) == (USERNAME.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False)


@asynccontextmanager
async def a_mail_server(
    answers: dict[str, str] | None = None,
    *,
    encryption: tuple[str, ssl.SSLContext | None] = ("none", None),
    sign_in: bool = False,
) -> AsyncIterator[MailServer]:
    """A server that offers "starttls", or speaks "tls" at once, or neither, and wants a sign-in or not."""
    mail_server = MailServer(answers or {})
    kind, context = encryption

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            # It warns of a sign-in without encryption.
            warnings.simplefilter("ignore")
            return SMTP(
                mail_server,
                hostname="mail.example.com",
                enable_SMTPUTF8=True,
                tls_context=context if kind == "starttls" else None,
                authenticator=mail_server.authenticate if sign_in else None,
                auth_required=sign_in,
                auth_require_tls=False,
                loop=asyncio.get_running_loop(),
            )

    server = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", 0, ssl=context if kind == "tls" else None
    )
    mail_server.port = server.sockets[0].getsockname()[1]
    async with server:
        yield mail_server


def a_certificate(*names: str) -> tuple[ssl.SSLContext, str]:
    """A server's TLS context for `names`, and the authority that signed its certificate, as PEM."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    return context, authority.cert_pem.bytes().decode()
