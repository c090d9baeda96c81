"""SMTP: hands a mail to any mail server."""

import asyncio
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
)
from aiosmtplib.errors import SMTPConnectError

from activities.channels.mime import InvalidMail, Mail, build
from activities.channels.provider import DeliveryLog, EmailMessage, LogRequest, LogResponse, Receipt
from models.values.providers import SmtpSettings, trust
from outbound.redaction import Redaction
from outbound.resolving import connect

_AUTHENTICATION_REQUIRED: Final = 530
_SECONDS_TO_HANG_UP: Final = 2.0


class Smtp(SmtpSettings):
    """An SMTP channel's settings, and how they send: `deliver` makes one connection a mail."""

    async def deliver(self, message: EmailMessage) -> Receipt:
        """Hand `message` to the server once; see `Provider`."""
        try:
            mail = build(message)
        except InvalidMail as err:
            return Receipt(outcome="dead", detail=str(err))
        client = self._client()
        try:
            async with asyncio.timeout(self.timeout_seconds):
                verdict = await self._attempt(client, mail)
        except TimeoutError:
            verdict = _Verdict("retry_after", f"no answer from the server within {self.timeout_seconds:g} s")
        await _hang_up(client)
        return self._receipt(verdict, mail, message)

    async def _attempt(self, client: SMTP, mail: Mail) -> "_Verdict":
        try:
            # Its own way to connect goes through the event loop's two threads for names.
            await client.connect(sock=await connect(self.host, self.port))
            if self.username is not None:
                await client.login(self.username, self._password())
            return await _transfer(client, mail)
        except TimeoutError:
            raise
        except (SMTPException, OSError, ValueError) as err:
            return _verdict(err)

    def _receipt(self, verdict: "_Verdict", mail: Mail, message: EmailMessage) -> Receipt:
        redaction = Redaction([self._password()])
        sent = verdict.outcome == "sent"
        return Receipt(
            outcome=verdict.outcome,
            detail=redaction.text(verdict.detail) if verdict.detail else None,
            bounced=verdict.bounced,
            provider_reference=mail.message_id if sent else None,
            logs=[self._log(verdict, mail, message, redaction)],
        )

    def _log(
        self, verdict: "_Verdict", mail: Mail, message: EmailMessage, redaction: Redaction
    ) -> DeliveryLog:
        request = LogRequest(
            method="POST",
            host=f"{self.host}:{self.port}",
            path="/",
            headers={"Message-ID": mail.message_id},
            body={
                "from": redaction.text(mail.sender),
                "to": redaction.text(mail.to),
                "copies": len(mail.copies),
                "subject": redaction.text(message.subject),
                "size": len(mail.content),
            },
        )
        response = LogResponse(status=verdict.code, body=redaction.text(verdict.answer))
        return DeliveryLog(service_name="SMTP", request=request, response=response)

    def _client(self) -> SMTP:
        return SMTP(
            hostname=self.host,
            local_hostname=_own_name(),
            timeout=self.timeout_seconds,
            use_tls=self.tls == "tls",
            start_tls=self.tls == "starttls",
            tls_context=None if self.tls == "none" else trust(self.ca_certificate),
        )

    def _password(self) -> str:
        return self.password.get_secret_value() if self.password else ""


@cache
def _own_name() -> str:
    """What a server is greeted with; looked up once, as it may take a name server that does not answer."""
    return socket.getfqdn()


@dataclass(frozen=True)
class _Verdict:
    """What one attempt came to, and the server's own words where it had some."""

    outcome: Literal["sent", "retry_after", "dead"]
    detail: str | None = None
    code: int | None = None
    answer: str = ""
    bounced: bool = False


async def _transfer(client: SMTP, mail: Mail) -> _Verdict:
    options, encoding = (["SMTPUTF8"], "utf-8") if mail.international else ([], "ascii")
    await client.mail(mail.sender, options=options, encoding=encoding)
    await client.rcpt(mail.to, encoding=encoding)
    refused = 0
    for copy in mail.copies:
        # The mail belongs to its recipient: a copy that the server refuses does not hold it back, and trying
        # again would send it to everyone else once more.
        try:
            await client.rcpt(copy, encoding=encoding)
        except SMTPRecipientRefused:
            refused += 1
    answer: SMTPResponse = await client.data(mail.content)
    detail = (
        f"the server refused {refused} of {len(mail.copies)} addresses in cc and bcc" if refused else None
    )
    return _Verdict("sent", detail, answer.code, answer.message)


async def _hang_up(client: SMTP) -> None:
    # Whatever happens now, the server has already said what becomes of the mail.
    with suppress(SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(_SECONDS_TO_HANG_UP):
            if client.is_connected:
                await client.quit()
    client.close()


def _verdict(err: Exception) -> _Verdict:
    if isinstance(err, SMTPResponseException):
        return _verdict_of_answer(err)
    if isinstance(err.__cause__, ssl.SSLCertVerificationError) or isinstance(
        err, ssl.SSLCertVerificationError
    ):
        reason = "the server's certificate is not trusted: correct the host, or set ca_certificate"
        return _Verdict("dead", reason, answer=str(err))
    if isinstance(err, SMTPServerDisconnected | SMTPConnectError | OSError):
        return _Verdict("retry_after", f"no connection to the server: {err}", answer=str(err))
    # What is left are services that the settings ask for and the server does not offer.
    return _Verdict("dead", f"the server cannot do what the channel's settings ask: {err}", answer=str(err))


def _verdict_of_answer(err: SMTPResponseException) -> _Verdict:
    said = f"the server answered {err.code} {err.message}"
    if 400 <= err.code < 500:
        return _Verdict("retry_after", said, err.code, err.message)
    if isinstance(err, SMTPAuthenticationError):
        hint = "the server refused the sign-in: correct the channel's username and password"
        return _Verdict("dead", f"{hint} ({err.code} {err.message})", err.code, err.message)
    if err.code == _AUTHENTICATION_REQUIRED:
        hint = "the server wants a sign-in or encryption: set the channel's username, password and tls"
        return _Verdict("dead", f"{hint} ({err.code} {err.message})", err.code, err.message)
    bounced = isinstance(err, SMTPRecipientRefused)
    return _Verdict("dead", said, err.code, err.message, bounced=bounced)
