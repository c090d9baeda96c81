"""Our filters, by what they print."""

from datetime import UTC, datetime

import pytest

from rendering.environment import TemplateError, parse, render
from rendering.filters import FILTERS, UNSUPPORTED

SCOPE: dict[str, object] = {
    "iso": "2026-07-01T10:05:09Z",
    "evening": "2026-01-31T23:30:00-05:00",
    "naive": "2026-07-01 10:05:09",
    "day": "2026-07-01",
    "seconds": 1_782_900_309,
    "object": {"b": 1, "a": [True, None, 1.5, "é\n"]},
    "list": ["b", "a", "b", 1, 1.0, "1", {"k": 1}],
    "other": [1, "b", {"k": 1}, "c"],
    "users": [{"id": 1, "n": "x"}, {"id": 2, "n": "x"}, {"n": "y"}],
    "text": '{"a": [1, {"b": "c"}]}',
}


@pytest.mark.parametrize(
    ("expression", "printed"),
    [
        ("object | json", '{"b":1,"a":[true,null,1.5,"é\\n"]}'),
        ("missing | json", "null"),
        ("(1..3) | json", "[1,2,3]"),
        ("'a\"b' | json", '"a\\"b"'),
        ("missing | from_json", ""),
        ("object | from_json", '{"b":1,"a":[true,null,1.5,"é\\n"]}'),
        ("list | intersect: other | json", '["b",1,{"k":1}]'),
        ("list | intersect: missing | json", "[]"),
        ("missing | intersect: list | json", "[]"),
        ("list | uniq | json", '["b","a",1,"1",{"k":1}]'),
        ("users | uniq: 'n' | map: 'n' | join", "x y"),
        ("1 | pluralize: 'item', 'items'", "item"),
        ("'1' | pluralize: 'item', 'items'", "item"),
        ("2 | pluralize: 'item', 'items'", "items"),
        ("0 | pluralize: 'item', 'items'", "items"),
        ('"don\'t STOP the été" | titlecase', "Don't Stop The Été"),
        ("'a' | md5", "0cc175b9c0f1b6a831c399e269772661"),
        ("'a' | sha256", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        (
            "'what do ya want for nothing?' | hmac_sha256: 'Jefe'",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        ("'**a** <b>' | from_markdown", "<p><strong>a</strong> &lt;b&gt;</p>\n"),
        ("'1.2.3' | compare_versions: '1.10.0'", "-1"),
        ("'2.0.0' | compare_versions: 'v2'", "0"),
        ("'2.0.1' | compare_versions: '2.0.0+build.9'", "1"),
        ("'1.0.0-alpha' | compare_versions: '1.0.0'", "-1"),
        ("'1.0.0-alpha.2' | compare_versions: '1.0.0-alpha.10'", "-1"),
        ("'1.0.0-alpha' | compare_versions: '1.0.0-alpha.1'", "-1"),
        ("'1.0.0-1' | compare_versions: '1.0.0-alpha'", "-1"),
        ("iso | timezone: 'America/New_York'", "2026-07-01T06:05:09-04:00"),
        ("naive | timezone: 'Asia/Kolkata'", "2026-07-01T15:35:09+05:30"),
        ("evening | timezone: 'UTC'", "2026-02-01T04:30:00+00:00"),
        ("'soon' | timezone: 'UTC'", "soon"),
        ("iso | date: '%Y-%m-%d %H:%M'", "2026-07-01 10:05"),
        ("iso | date: '%H:%M', 'Europe/Berlin'", "12:05"),
        ("evening | date: '%d %b'", "31 Jan"),
        ("evening | date: '%d %b', 'UTC'", "01 Feb"),
        ("day | date: '%A'", "Wednesday"),
        ("seconds | date: '%F %T'", "2026-07-01 10:05:09"),
        ("iso | date: '%s %%s'", "1782900309 %s"),
        ("'March 14, 2016' | date: '%b %d, %y'", "Mar 14, 16"),
        ("'Wed, 01 Jul 2026 10:05:09 +0200' | date: '%H'", "10"),
        ("'today' | date: '%F'", "2026-03-04"),
        ("'soon' | date: '%F'", "soon"),
        ("missing | date: '%F'", ""),
        ("iso | date", "2026-07-01T10:05:09Z"),
    ],
)
def test_a_filter_prints(expression: str, printed: str) -> None:
    now = datetime(2026, 3, 4, tzinfo=UTC)
    assert render(f"{{{{ {expression} }}}}", SCOPE, now=now) == printed


def test_json_that_was_read_can_be_walked() -> None:
    source = "{% assign r = text | from_json %}{{ r.a[1].b }}{% for i in r.a limit:1 %}{{ i }}{% endfor %}"
    assert render(source, SCOPE) == "c1"


@pytest.mark.parametrize("version", ["", "latest", "1..2", "1." * 200])
def test_what_is_no_version_cannot_be_compared(version: str) -> None:
    with pytest.raises(TemplateError, match="is not a version number"):
        render("{{ version | compare_versions: '1.0.0' }}", {"version": version})


@pytest.mark.parametrize("name", sorted(UNSUPPORTED))
def test_a_filter_that_is_not_supported_says_so(name: str) -> None:
    with pytest.raises(TemplateError, match=f"the filter '{name}' is not supported yet"):
        parse(f"{{{{ 1 | {name} }}}}")


def test_no_filter_is_both_supported_and_not() -> None:
    assert not UNSUPPORTED & FILTERS.keys()
