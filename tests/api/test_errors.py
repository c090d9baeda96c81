import re
from pathlib import Path

from api import errors
from api.errors import CODES, ApiError, InvalidParams

DOCUMENT = Path(__file__).parents[2] / "docs" / "errors.md"


def kinds(of: type[ApiError] = ApiError) -> list[type[ApiError]]:
    return [of, *(kind for child in of.__subclasses__() for kind in kinds(child))]


def test_every_code_is_documented_with_its_status() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d+)", DOCUMENT.read_text(), re.MULTILINE))
    assert rows == {code: str(status) for code, status in CODES.items()}


def test_every_kind_of_error_has_a_known_code() -> None:
    assert {kind.code for kind in kinds()} <= CODES.keys()


def test_every_kind_of_error_is_in_the_tree_at_the_top() -> None:
    tree = errors.__doc__ or ""
    assert [kind.__name__ for kind in kinds() if kind.__name__ not in tree] == []


def test_a_mistake_names_its_field() -> None:
    assert InvalidParams.of("name", "must be a text").body() == {
        "code": "invalid_params",
        "message": "name must be a text",
        "status": 422,
        "type": "invalid_request_error",
        "errors": [{"field": "name", "message": "must be a text", "type": "invalid"}],
    }
