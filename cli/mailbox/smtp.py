"""The receiving side of the development mailbox: SMTP that takes every mail and sends none on."""

import asyncio

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from cli.mailbox.messages import receive_mail
from cli.mailbox.store import MessageStore

_LARGEST_MAIL = 32 * 1024 * 1024


class _Receiver:
    """What aiosmtpd calls, by these names, while a mail arrives."""

    def __init__(self, store: MessageStore) -> None:
        self._store = store

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.original_content or b""
        message = receive_mail(content, envelope.mail_from or "", list(envelope.rcpt_tos))
        self._store.add(message)  # Before the answer: what was answered 250 is kept.
        return f"250 2.0.0 kept as {message.id}"


def _welcome(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: LoginPassword | None
) -> AuthResult:
    # A provider configured with a password must be able to use it here too.
    return AuthResult(success=True)


async def listen(store: MessageStore, host: str, port: int) -> asyncio.Server:
    """Receive mails on this address until the server is closed."""
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(
            _Receiver(store),
            hostname="tocsin.localhost",
            ident="Tocsin development mailbox",
            data_size_limit=_LARGEST_MAIL,
            enable_SMTPUTF8=True,
            authenticator=_welcome,
            auth_require_tls=False,
            loop=loop,
        )

    return await loop.create_server(protocol, host, port)
