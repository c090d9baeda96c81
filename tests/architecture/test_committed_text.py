"""What is committed could be anyone's: no registry's host, no path of somebody's machine."""

import re
import subprocess

import pytest

from tests.architecture.sources import ROOT

# Written in two halves, so that this file does not hold what it looks for.
REGISTRIES = ["pypi" + r"\.org", "python" + "hosted", "registry" + r"\.npmjs", "registry" + r"\.yarnpkg"]
HOMES = ["/ho" + r"me/\w+", "/Us" + r"ers/\w+", "/ro" + r"ot\b", "/wo" + r"rk/", r"[A-Z]:\\Us" + "ers"]
MACHINE = re.compile("|".join([*REGISTRIES, *(rf"(?<![\w.])(?:{home})" for home in HOMES)]))


def committed() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no git checkout")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_committed_file_names_a_registry_or_a_home() -> None:
    found = []
    for name in committed():
        raw = (ROOT / name).read_bytes()
        if b"\0" not in raw:
            lines = enumerate(raw.decode().splitlines(), start=1)
            found += [
                f"{name}:{number}: {line.strip()[:80]}" for number, line in lines if MACHINE.search(line)
            ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "https://" + "pypi" + ".org/simple",
        "cd /ho" + "me/ada/tocsin",
        '"/ro' + 'ot/.cache"',
        "see C:" + "\\Us" + "ers\\ada",
    ],
)
def test_this_law_sees_what_breaks_it(line: str) -> None:
    assert MACHINE.search(line)


@pytest.mark.parametrize("line", ["/homepage", "docs/root/x", "GET /workers", "the rooted path"])
def test_what_is_harmless_is_left_alone(line: str) -> None:
    assert not MACHINE.search(line)
