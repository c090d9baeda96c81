import json
import smtplib
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from cli.embedded.ports import answers, free_port
from cli.mailbox.messages import ReceivedMessage, receive_mail
from cli.mailbox.store import MessageStore
from cli.processes import Child, Command
from tests.cli.instances import soon


class Mailbox:
    def __init__(self, home: Path) -> None:
        self.smtp_port, self.page_port = free_port(), free_port()
        ports = ["--smtp-port", str(self.smtp_port), "--mailbox-port", str(self.page_port)]
        argv = [sys.executable, "-P", "-m", "cli", "mailbox", "--home", str(home), *ports]
        self._child = Child(Command("mailbox", argv), home)

    @contextmanager
    def running(self) -> Iterator[None]:
        self._child.start()
        try:
            assert soon(lambda: answers(self.page_port)), self._child.log_tail()
            yield
        finally:
            self._child.stop()

    def send(self, mail: EmailMessage, *to: str, login: tuple[str, str] | None = None) -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp_port) as smtp:
            if login:
                smtp.login(*login)
            smtp.send_message(mail, to_addrs=list(to))

    def ask(self, path: str, method: str = "GET") -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{self.page_port}{path}", method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer) if answer.status == 200 else None


def a_mail(subject: str = "Three comments · Überblick") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Collab <notify@collab.test>"
    mail["To"] = "Ada <ada@example.com>"
    mail["Subject"] = subject
    mail.set_content("Grüße, three comments")
    mail.add_alternative("<p>Grüße, <b>three</b> comments</p>", subtype="html")
    mail.add_attachment(b"1234", maintype="application", subtype="pdf", filename="report.pdf")
    return mail


def test_a_real_mail_is_shown_and_survives_a_restart(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    with mailbox.running():
        mailbox.send(a_mail("first"), "ada@example.com")
        mailbox.send(a_mail(), "ada@example.com", "blind@example.com", login=("anyone", "anything"))
    with mailbox.running():
        newest, oldest = mailbox.ask("/api/messages")
        opened = mailbox.ask(f"/api/messages/{newest['id']}")
        with pytest.raises(urllib.error.HTTPError, match="404") as missing:
            mailbox.ask("/api/messages/nonsense")
        missing.value.close()
        mailbox.ask("/api/messages", method="DELETE")
        assert mailbox.ask("/api/messages") == []

    assert oldest["subject"] == "first"
    assert newest.pop("received_at").endswith("Z")
    assert newest == {
        "id": opened["id"],
        "channel_type": "email",
        "from": "notify@collab.test",
        "to": ["ada@example.com", "blind@example.com"],
        "subject": "Three comments · Überblick",
        "text": "Grüße, three comments\n",
        "html": "<p>Grüße, <b>three</b> comments</p>\n",
    }
    assert opened["attachments"] == [{"name": "report.pdf", "content_type": "application/pdf", "size": 4}]
    assert ["From", "Collab <notify@collab.test>"] in opened["headers"]


def test_only_the_newest_messages_are_kept(tmp_path: Path) -> None:
    store = MessageStore(tmp_path, kept=2)
    for subject in ("one", "two", "three"):
        store.add(receive_mail(a_mail(subject).as_bytes(), "a@example.com", ["b@example.com"]))

    subjects = [message.subject for message in MessageStore(tmp_path, kept=2).newest()]

    assert subjects == ["three", "two"]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00 no mail at all",
        b"Content-Type: text/html; charset=klingon\r\n\r\n<p>nuqneH</p>",
        b"Content-Type: multipart/mixed; boundary=x\r\nTo: <<>\r\n\r\n--y\r\n",
    ],
)
def test_a_mail_that_nobody_can_parse_is_kept(content: bytes) -> None:
    message = receive_mail(content, "a@example.com", ["b@example.com"])
    assert ReceivedMessage.model_validate_json(message.model_dump_json(by_alias=True)) == message
