"""A mail of a layout, a partial, blocks and translations, as it arrives (E-TEMPLATE-10 to -33)."""

import re
from typing import Any

from knockapi import AsyncKnock

from models.values.content import ContentType
from tests.builders import email_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.houses import House

LAYOUT = {
    "name": "Papermill",
    "html_layout": """<html><head><style>h1 { color: {{ vars.branding.primary_color }} }</style></head>
      <body>{{ content }}<footer>{{ footer_links }}</footer></body></html>""",
    "text_layout": "{{ content }}\n-- \n{{ footer_links }}",
    "footer_links": [{"text": "Help", "url": "https://papermill.example/{{ recipient.locale }}/help"}],
}
CARD = {
    "type": "html",
    "name": "Card",
    "content": "<style>.card { padding: 4px }</style>"
    '<div class="card">{% for item in items %}<p>{{ item.title }}</p>{% endfor %}</div>',
    "input_schema": [{"type": "list", "key": "items", "label": "Items"}],
}
GERMAN = '{"hello": "Hallo {{ name }}", "orders": {"one": "Ein Buch", "other": "{{ count }} Bücher"}}'
BLOCKS = [
    {"type": "markdown", "content": '# {{ "hello" | t: name: recipient.name }}'},
    {"type": "html", "content": '<p>{{ "orders" | t: count: data.books.size }}</p>'},
    {"type": "partial", "key": "card", "name": "Card", "attrs": {"items": "{{ data.books }}"}},
]


async def test_a_mail_arrives_in_its_layout_its_branding_and_its_readers_language(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "papermill", LAYOUT, ContentType.EMAIL_LAYOUT)
    await publish(house.database, environment, "card", CARD, ContentType.PARTIAL)
    await publish(
        house.database, environment, "de", {"format": "json", "content": GERMAN}, ContentType.TRANSLATION
    )
    template = {"subject": "S", "visual_blocks": BLOCKS, "settings": {"layout_key": "papermill"}}
    await publish(house.database, environment, "order", workflow(email_step(template=template)))
    tenant: Any = {"id": "acme", "settings": {"branding": {"primary_color": "#c0ffee"}}}
    address = f"ada@{environment.slug}.example"
    ada: Any = {"id": "ada", "name": "Ada", "email": address, "locale": "de-CH"}

    await knock.workflows.trigger(
        "order", recipients=[ada], tenant=tenant, data={"books": [{"title": "Emma"}, {"title": "Ulysses"}]}
    )
    (mail,) = await eventually(lambda: received(house, address))

    (heading,) = re.findall(r"<h1 style=\"([^\"]*)\">Hallo Ada</h1>", mail.html)
    assert "color: #c0ffee" in heading
    assert "<p>2 Bücher</p>" in mail.html
    assert '<div class="card" style="padding: 4px;"><p>Emma</p><p>Ulysses</p></div>' in mail.html
    assert '<a href="https://papermill.example/de-CH/help">Help</a>' in mail.html
    assert mail.text.split() == [
        *("Hallo", "Ada", "2", "Bücher", "Emma", "Ulysses", "--", "Help:"),
        "https://papermill.example/de-CH/help",
    ]


async def received(house: House, address: str) -> list[Any]:
    return list(house.mailbox.mails_to(address))
