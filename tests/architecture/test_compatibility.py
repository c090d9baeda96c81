"""The page that says what of Knock is here says what is here."""

import pytest

from tests.architecture.compatibility import NOTES, PAGE, Endpoint, knocks, page


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text() == page(), "run python -m tests.architecture.compatibility"


def test_every_note_is_about_an_endpoint_that_is_served() -> None:
    served = {(one.method, one.path) for one in knocks() if one.is_served}
    assert set(NOTES) <= served


def test_no_endpoint_is_listed_twice() -> None:
    assert len(set(knocks())) == len(knocks()) > 200


@pytest.mark.parametrize(
    ("method", "path", "is_served"),
    [
        ("PUT", "/v1/messages/{message_id}/seen", True),
        ("DELETE", "/v1/messages/{message_id}/unseen", True),
        ("PUT", "/v1/messages/{message_id}/unseen", False),
        ("POST", "/v1/messages/{message_id}", False),
        ("GET", "/v1/messages/batch/contents", False),
    ],
)
def test_an_endpoint_is_told_from_one_spelled_alike(method: str, path: str, is_served: bool) -> None:
    assert Endpoint("public", method, path).is_served is is_served
