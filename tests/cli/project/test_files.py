from pathlib import Path

import pytest

from cli.project.files import LARGEST_BYTES, Files
from cli.project.mistakes import Mistake


@pytest.mark.parametrize(
    ("raw", "path", "said"),
    [
        (b'{\n"a": }', "line 2", "is not JSON: Expecting value"),
        (b'{"a": NaN}', "", "NaN is no JSON number"),
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "c", "stands twice"),
        (b'\xef\xbb\xbf{"a": 1}', "", "byte order mark"),
        ('{"a": 1}'.encode("utf-16"), "", "is UTF-16"),
        (b'{\n"a":\n"\xe9"}', "line 3", "is not UTF-8"),
        (b'"' + b"x" * LARGEST_BYTES + b'"', "", f"at most {LARGEST_BYTES}"),
        (b"[" * 100_000, "", "nested too deeply"),
    ],
    ids=["syntax", "NaN", "twice", "BOM", "UTF-16", "Latin-1", "large", "deep"],
)
def test_what_is_no_json_in_utf_8_is_told_at_its_line(
    tmp_path: Path, raw: bytes, path: str, said: str
) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(raw)
    mistakes: list[Mistake] = []
    Files(tmp_path, mistakes).json(file)
    assert [(mistake.file, mistake.path) for mistake in mistakes] == [(file, path)]
    assert said in mistakes[0].message


def test_a_missing_file_and_a_folder_in_its_place_are_told(tmp_path: Path) -> None:
    mistakes: list[Mistake] = []
    files = Files(tmp_path, mistakes)
    assert files.text(tmp_path / "no.txt") is None
    assert files.text(tmp_path) is None
    assert [mistake.message for mistake in mistakes] == ["is missing", "cannot be read: Is a directory"]
