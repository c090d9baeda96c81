"""Templates: what they print, how they fail, and that no template can hang a worker."""

import time
from datetime import UTC, datetime

import pytest

from rendering.environment import TemplateError, parse, render

LONG = "a" * 100_000


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("Hi {{ recipient.name }}", "Hi Ada"),
        ("[{{ missing }}{{ missing.deeper }}{{ recipient.none }}]", "[]"),
        ("{% for a in missing %}x{% else %}none{% endfor %}", "none"),
        ("{% if recipient.nothing %}truthy{% endif %}", "truthy"),
        ("{% if recipient.none %}x{% else %}falsy{% endif %}", "falsy"),
        ("{{ recipient.yes }} {{ recipient.tags }}", "true atruetrue"),
        ("{{ recipient.address }}", '{"city":"Zürich","zip":[8001,null]}'),
        ("{{ recipient.tags | join: ', ' }}", "a, true, true"),
        ("{{ recipient.yes | append: recipient.yes }}", "truetrue"),
        ("{% assign n = 3 %}{{ n | times: 2 }}", "6"),
        ("{% capture c %}<{{ recipient.name }}>{% endcapture %}{{ c }}", "<Ada>"),
        ("{% case recipient.name %}{% when 'Ada' %}1{% else %}2{% endcase %}", "1"),
        ("{% raw %}{{ kept }}{% endraw %}", "{{ kept }}"),
        ("{{ recipient.__class__ }}{{ recipient.name.__class__ }}", ""),
        ("{% for i in (1..3) %}{{ i }}{% endfor %}", "123"),
        ("{% echo recipient.yes %}", "true"),
    ],
)
def test_a_template_prints(source: str, printed: str) -> None:
    recipient = {
        "name": "Ada",
        "none": None,
        "yes": True,
        "nothing": "",
        "tags": ["a", True, True],
        "address": {"city": "Zürich", "zip": [8001, None]},
    }
    assert render(source, {"recipient": recipient}) == printed


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        ("a\n{{ b | nonesuch }}", "unknown filter 'nonesuch'", 2),
        ("\n\n{{ 'k' | user }}", "the filter 'user' is not supported yet", 3),
        ("{{ 1 | subscriptions }}", "the filter 'subscriptions' is not supported yet", 1),
        ("\n{% nonesuch %}", "unexpected tag 'nonesuch'", 2),
        ("\n{% include 'header' %}", "unexpected tag 'include'", 2),
        ("\n{% if a == %}{% endif %}", "expected a primitive expression, found end of expression", None),
        ("{% if a %}", "expected tag endif, found end of expression", None),
    ],
)
def test_a_wrong_template_is_refused_when_it_is_parsed(source: str, message: str, line: int | None) -> None:
    with pytest.raises(TemplateError) as refused:
        parse(source)
    assert (refused.value.message, refused.value.line) == (message, line)


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        ("\n{% render 'header' %}", "there is no partial 'header'", 2),
        ("\n{{ 1 | divided_by: 0 }}", "divided_by: can't divide by 0", 2),
        ("\n\n{{ '{' | from_json }}", "from_json: Expecting property name", 3),
        ("{{ 'now' | timezone: 'Mars/Olympus' }}", "unknown time zone 'Mars/Olympus'", 1),
        ("{{ 'a' | upcase: context: 1 }}", "upcase: unexpected argument 'context'", 1),
        ("{{ '1e400' | ceil }}", "ceil: cannot convert float infinity", 1),
    ],
)
def test_a_template_that_fails_on_its_data_names_the_line(source: str, message: str, line: int) -> None:
    with pytest.raises(TemplateError) as failed:
        render(source, {})
    assert failed.value.message.startswith(message)
    assert failed.value.line == line


def test_the_message_of_an_error_is_bounded() -> None:
    with pytest.raises(TemplateError) as failed:
        parse("{% " + "a" * 5_000 + " %}")
    assert len(failed.value.message) <= 500


def test_a_partial_that_is_not_there_passes_the_parser() -> None:
    assert parse("{% render 'header' %}").source == "{% render 'header' %}"


@pytest.mark.parametrize("word", ["limit", "offset", "in", "required", "empty", "contains", "true", "if"])
def test_a_property_may_be_called_like_a_word_of_liquid(word: str) -> None:
    source = f"{{{{ data.{word} }}}}{{% if data.{word} == 5 and data.{word}.{word} == nil %}}!{{% endif %}}"
    assert render(source, {"data": {word: 5}}) == "5!"


def test_words_of_liquid_stay_what_they_are_elsewhere() -> None:
    source = (
        ".limit{% raw %}{{ data.limit }}{% endraw %}{{ 'a.limit' }}"
        "{% for i in (1..data.limit) limit:2 %}{{ i }}{% endfor %}{{ data.limited }}"
    )
    assert render(source, {"data": {"limit": 3, "limited": "x"}}) == ".limit{{ data.limit }}a.limit12x"


def test_now_is_what_the_caller_says_it_is() -> None:
    now = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    printed = render("{{ 'now' | date: '%F %R' }} {{ now }} {{ today }}", {}, now=now)
    assert printed == "2026-03-04 05:06 2026-03-04T05:06:00+00:00 2026-03-04"


def test_a_template_is_parsed_once() -> None:
    assert parse("{{ only_once }}") is parse("{{ only_once }}")


def test_one_rendering_leaves_nothing_for_the_next() -> None:
    template = parse("{{ kept }}{% assign kept = 1 %}{% increment n %}")
    assert [template.render({}), template.render({})] == ["0", "0"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ (1..100000000) | join: '' }}", "the range has more than 10000 items"),
        ("{% if (1..1000000000) contains 'x' %}{% endif %}", "the range has more than 10000 items"),
        (
            "{% for i in (1..1000000000) limit:1 offset:999999999 %}{% endfor %}",
            "the range has more than 10000 items",
        ),
        ("{{ (1..99999999999999999999999) | size }}", "the range has more than 10000 items"),
        (
            "{% for i in (1..10000) %}{% for j in (1..10000) %}x{% endfor %}{% endfor %}",
            "loop iteration limit reached",
        ),
        (
            "{{ long | replace: 'a', long | replace: 'a', long }}",
            "the text is longer than 1000000 characters",
        ),
        ("{{ long | split: '' | join: long }}", "the text is longer than 1000000 characters"),
        (
            "{% assign s = 'ab' %}{% for i in (1..100) %}{% assign s = s | append: s %}{% endfor %}",
            "the text is longer than 1000000 characters",
        ),
        (
            "{% assign s = long | split: ',' %}"
            "{% for i in (1..100) %}{% assign s = s | concat: s %}{% endfor %}",
            "the list or object is too large",
        ),
        (
            "{% assign n = 9 %}{% for i in (1..100) %}{% assign n = n | times: n %}{% endfor %}",
            "the number is too large",
        ),
        ("{% for i in (1..100) %}{{ long }}{% endfor %}", "output stream limit reached"),
        (
            "{% capture c %}{% for i in (1..100) %}{{ long }}{% endfor %}{% endcapture %}",
            "output stream limit reached",
        ),
        (
            "".join(f"{{% assign a{i} = long | append: '{i}' %}}" for i in range(200)),
            "the template's variables are too large",
        ),
        ("{{ many | json }}", "the JSON is longer than 1000000 characters"),
        ("{{ long | from_markdown }}", "from_markdown: the text is longer than 50000 characters"),
        ("{% if true %}" * 100 + "{% endif %}" * 100, "block nesting limit reached"),
        ("{% if " + "a and " * 9_000 + "a %}{% endif %}", "the template is nested too deeply"),
    ],
)
def test_a_template_that_asks_too_much_is_refused_at_once(source: str, message: str) -> None:
    started = time.thread_time()
    with pytest.raises(TemplateError) as refused:
        render(source, {"long": LONG, "many": [LONG] * 100})
    assert refused.value.message == message
    assert time.thread_time() - started < 2


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in (1..10000) %}{% for j in (1..10) %}{% endfor %}{% endfor %}" * 50,
        "{% for i in (1..10000) %}" + "{% if true %}{% endif %}" * 999 + "{% endfor %}",
        "{% for i in (1..10000) %}" + "{% assign a = 1 %}" * 999 + "{% endfor %}",
        "{% for i in (1..10000) %}{% assign u = long | upcase | downcase | escape %}{% endfor %}",
        "{% tablerow i in (1..10000) %}{% for j in (1..9) %}{{ long | size }}{% endfor %}{% endtablerow %}"
        * 50,
    ],
    ids=["loops", "nothing", "assignments", "filters", "table"],
)
def test_a_template_stops_at_its_deadline(source: str) -> None:
    template = parse(source)
    started = time.thread_time()
    with pytest.raises(TemplateError, match="rendering took too long"):
        template.render({"long": LONG}, seconds=0.2)
    assert time.thread_time() - started < 1.5


@pytest.mark.parametrize(
    "source",
    [
        "{{" * 50_000,
        "{% raw %}" * 20_000,
        "{% doc %}" * 20_000,
        "{{" + " " * 100_000 + "}}",
        "{% if" + " " * 100_000 + "%}",
        "{{ " + "(" * 100_000 + " }}",
        "{{ " + "['" * 50_000 + " }}",
        "{{ a" * 3 + "a" * 200_000,
        "x" * 300_000,
    ],
    ids=["output", "raw", "doc", "spaces", "tag spaces", "parentheses", "brackets", "unclosed", "long"],
)
def test_a_source_made_to_be_slow_is_refused_soon(source: str) -> None:
    started = time.thread_time()
    with pytest.raises(TemplateError):
        parse(source)
    assert time.thread_time() - started < 3


def test_a_thousand_different_items_are_made_unique_soon() -> None:
    numbers = ",".join(map(str, range(50_000)))
    assert render("{{ numbers | split: ',' | uniq | size }}", {"numbers": numbers}) == "50000"
