"""A mail is written as mail servers take it, and nothing in it can add a header."""

from email import message_from_bytes, policy
from email.message import EmailMessage as Mime

import pytest

from activities.channels.mime import InvalidMail, build
from activities.channels.provider import EmailMessage


def an_email(**fields: object) -> EmailMessage:
    return EmailMessage.model_validate(
        {
            "message_id": "m1",
            "from_address": "team@example.com",
            "to": "ada@example.com",
            "subject": "Hi",
            "text_body": "Hello",
            **fields,
        }
    )


def read(content: bytes) -> Mime:
    return message_from_bytes(content, policy=policy.default)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, "text/plain"),
        ({"text_body": "", "html_body": "<p>a</p>"}, "text/html"),
        ({"html_body": "<p>a</p>"}, "multipart/alternative"),
        ({"text_body": "", "html_body": ""}, "text/plain"),
    ],
)
def test_a_mail_has_the_parts_that_there_are(fields: dict[str, object], kind: str) -> None:
    assert read(build(an_email(**fields)).content).get_content_type() == kind


@pytest.mark.parametrize("break_", ["\n", "\r", "\r\n", "\r\n ", "\u2028", "\x0b", "\x85"])
@pytest.mark.parametrize("field", ["subject", "from_name", "header"])
def test_a_line_break_adds_no_header(field: str, break_: str) -> None:
    text = f"a{break_}Bcc: eve@example.com{break_}{break_}<p>x</p>"
    fields = {"headers": {"X-A": text}} if field == "header" else {field: text}
    mail = build(an_email(**fields))
    mime = read(mail.content)
    assert mime["Bcc"] is None
    ours = {"message-id", "date", "from", "to", "subject", "mime-version"}
    assert {name.lower() for name in mime} <= {*ours, "x-a", "content-type", "content-transfer-encoding"}
    assert mime.get_content().strip() == "Hello"
    assert mail.copies == ()


@pytest.mark.parametrize("field", ["from_address", "to", "cc", "bcc", "reply_to"])
@pytest.mark.parametrize(
    "address",
    [
        "ada",
        "ada@",
        "@example.com",
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com\nRCPT TO:<eve@example.com>",
        "ada@exa mple.com",
        "ada@@example.com",
        "ada@" + "a" * 300 + ".com",
        "a" * 300 + "@example.com",
        "ada@example.com>",
        '"a b"@example.com',
    ],
)
def test_an_address_that_is_none_is_refused(field: str, address: str) -> None:
    with pytest.raises(InvalidMail):
        build(an_email(**{field: address}))


@pytest.mark.parametrize("to", ["", " ", "a@example.com, b@example.com"])
def test_there_is_one_recipient(to: str) -> None:
    with pytest.raises(InvalidMail, match="'to' must be one address"):
        build(an_email(to=to))


@pytest.mark.parametrize("name", ["", "X A", "X:A", "X\nA", "Ü"])
def test_a_header_without_a_possible_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidMail, match="cannot be the name of a header"):
        build(an_email(headers={name: "a"}))


def test_headers_replace_ours_but_for_those_that_hold_the_mail_together() -> None:
    headers = {
        "Reply-To": "other@example.com",
        "Content-Type": "text/evil",
        "MIME-Version": "2",
        "Bcc": "eve@example.com",
        "List-Unsubscribe": "<https://example.com/u>",
    }
    mime = read(build(an_email(reply_to="help@example.com", headers=headers)).content)
    assert mime.get_all("Reply-To") == ["other@example.com"]
    assert mime["Content-Type"].startswith("text/plain")
    assert mime["MIME-Version"] == "1.0"
    assert mime["Bcc"] is None
    assert mime["List-Unsubscribe"] == "<https://example.com/u>"


def test_a_domain_of_other_letters_is_written_in_ascii() -> None:
    mail = build(an_email(to="ada@bücher.example"))
    assert mail.to == "ada@xn--bcher-kva.example"
    assert not mail.international


def test_a_name_of_other_letters_needs_a_server_that_takes_it() -> None:
    mail = build(an_email(to="jürgen@bücher.example"))
    assert mail.international
    assert mail.to == "jürgen@xn--bcher-kva.example"


def test_a_copy_is_sent_once_to_each() -> None:
    mail = build(an_email(cc="a@example.com, b@example.com", bcc="b@example.com,c@example.com"))
    assert mail.copies == ("a@example.com", "b@example.com", "c@example.com")


def test_no_line_is_longer_than_mail_servers_take() -> None:
    mail = build(an_email(text_body="x" * 5_000, html_body="<p>" + "ü" * 5_000, subject="ä" * 2_000))
    assert max(map(len, mail.content.split(b"\r\n"))) <= 998
    assert read(mail.content)["Subject"] == "ä" * 2_000
