from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from api.query import Query, Range, parse
from models.values.refs import RecipientRef


def read(query_string: str) -> Query:
    return Query(parse(query_string.encode()))


@pytest.mark.parametrize(
    ("query_string", "values"),
    [
        ("status[]=sent&status[]=queued", {"status": ["sent", "queued"]}),
        ("status%5B%5D=sent&status%5B%5D=queued", {"status": ["sent", "queued"]}),
        ("status=sent&status=queued", {"status": ["sent", "queued"]}),
        ("status=sent", {"status": "sent"}),
        ("a[b]=c", {"a": {"b": "c"}}),
        ("a[b][c]=d&a[b][e]=f", {"a": {"b": {"c": "d", "e": "f"}}}),
        ("inserted_at.gt=1&inserted_at.lte=2", {"inserted_at": {"gt": "1", "lte": "2"}}),
        ("inserted_at[gt]=1", {"inserted_at": {"gt": "1"}}),
        (
            "objects[][id]=p1&objects[][collection]=projects&objects[][id]=p2&objects[][collection]=teams",
            {"objects": [{"id": "p1", "collection": "projects"}, {"id": "p2", "collection": "teams"}]},
        ),
        (
            "objects[1][id]=p2&objects[0][id]=p1&objects[0][collection]=projects",
            {"objects": [{"id": "p1", "collection": "projects"}, {"id": "p2"}]},
        ),
        (
            "recipients[]=ada&recipients[][id]=p1&recipients[][collection]=projects&recipients[]=bob",
            {"recipients": ["ada", {"id": "p1", "collection": "projects"}, "bob"]},
        ),
        ("query_options[$filter]=x&query_options.$top=3", {"query_options": {"$filter": "x", "$top": "3"}}),
        (
            "query_options.cursor=dotted&query_options[cursor]=bracketed",
            {"query_options": {"cursor": "dotted"}},
        ),
        ("name=a+b&other=%2B", {"name": "a b", "other": "+"}),
        ("a[b=c&[x]=y&.z=w", {"a[b": "c", "[x]": "y", ".z": "w"}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("empty=", {"empty": ""}),
        ("", {}),
    ],
)
def test_every_clients_way_of_writing_is_read(query_string: str, values: object) -> None:
    assert parse(query_string.encode()) == values


def test_a_huge_index_makes_no_huge_list() -> None:
    assert parse(b"a[999999]=x&a[3]=y") == {"a": ["y", "x"]}
    assert parse(b"a[" + b"9" * 5000 + b"]=x") == {"a": {"9" * 5000: "x"}}


def test_names_nested_too_deeply_stand_as_they_are() -> None:
    name = "a" + "[b]" * 50
    assert parse(f"{name}=x".encode()) == {name: "x"}


def test_texts_come_as_a_list_however_they_were_repeated() -> None:
    assert read("s=a").texts("s") == read("s[]=a").texts("s") == ["a"]
    assert read("s=a&s=b").texts("s") == read("s[0]=a&s[1]=b").texts("s") == ["a", "b"]
    assert read("s[x]=a").texts("s") == read("").texts("s") == []


def test_what_cannot_be_read_is_absent() -> None:
    query = read("page_size=ten&has_tenant=maybe&starting_at=soon&trigger_data=trigger_data&tenant=")
    assert query.integer("page_size") is None
    assert query.flag("has_tenant") is None
    assert query.moment("starting_at") is None
    assert query.json_object("trigger_data") is None
    assert query.text("tenant") is None


def test_ranges_are_read_from_dots_and_brackets() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert read("t.gt=2026-01-01T12:00:00Z&t[lte]=2026-01-01T12:00:00Z").range("t") == Range(
        gt=noon, lte=noon
    )
    assert read("t[gt]=gt&t[lt]=lt").range("t") == Range()


@pytest.mark.parametrize(
    "text", ["2026-01-01T12:00:00+00:00", "2026-01-01T12:00:00%2B00:00", "2026-01-01T12:00:00"]
)
def test_a_time_is_read_whether_or_not_its_plus_was_encoded(text: str) -> None:
    assert read(f"at={text}").moment("at") == datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_a_reference_is_read_in_every_form() -> None:
    project = RecipientRef(collection="projects", id="p1")
    assert read("r=ada").reference("r") == RecipientRef(id="ada")
    assert read("r[id]=p1&r[collection]=projects").reference("r") == project
    assert read("r=" + quote('{"id": "p1", "collection": "projects"}')).reference("r") == project
    assert read("").reference("r") is None
