"""Files that cannot be read, are not there, or lead elsewhere."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from tests.proof.mutations.mutation import Mutation, done, put, read, text, write
from tests.proof.mutations.references import BLOCKS, GUIDE, OVERDUE, STATEMENT

FILES_OF_A_KIND = {
    "workflow": OVERDUE,
    "layout": "layouts/default/layout.json",
    "partial": "partials/legal/partial.json",
    "message type": "message-types/announcement/message_type.json",
    "guide": GUIDE,
    "audience": "audiences/large-accounts/audience.json",
    "translation": "translations/en/en.json",
}
BODY = "workflows/invoice-overdue/email_1/html_body.html"
AT_BODY = "steps[0].template.html_body@"


def _of_every_kind() -> list[Mutation]:
    found: list[Mutation] = []
    for kind, file in FILES_OF_A_KIND.items():
        found += [
            _changed(
                f"a {kind} that ends early",
                file,
                lambda raw: raw[: len(raw) // 2],
                "line [0-9]+: is not JSON: ",
            ),
            _changed(
                f"a {kind} with a mark",
                file,
                lambda raw: b"\xef\xbb\xbf" + raw,
                "begins with a byte order mark; save it as UTF-8 without one",
            ),
            _changed(
                f"a {kind} in UTF-16",
                file,
                lambda raw: raw.decode().encode("utf-16"),
                "is UTF-16; save it as UTF-8",
            ),
            _changed(
                f"a {kind} in Latin-1",
                file,
                lambda raw: b'{"a": "\xe9"}',
                "line 1: is not UTF-8; save the file as UTF-8",
            ),
            _changed(
                f"a {kind} with a NUL",
                file,
                lambda raw: raw.replace(b'"', b'"\x00', 1),
                "line [0-9]+: is not JSON: Invalid control character",
            ),
            text(file, "", "line 1: is not JSON: Expecting value"),
            text(file, '{"a": NaN}', "is not JSON: NaN is no JSON number"),
        ]
        if kind != "translation":
            found.append(text(file, "[]", "must be a JSON object"))
    return found


def _changed(name: str, file: str, change: Callable[[bytes], bytes], told: str) -> Mutation:
    def edit(root: Path) -> None:
        (root / file).write_bytes(change((root / file).read_bytes()))

    return done(name, edit, file, told)


def _twice(root: Path) -> None:
    said = (root / OVERDUE).read_text()
    (root / OVERDUE).write_text(said.replace('"tags": []', '"tags": [], "tags": ["a"]'))


def _linked(root: Path, path: str) -> None:
    """The file or folder is a link to what lies beside the project."""
    place, elsewhere = root / path, root.parent / "elsewhere"
    os.rename(place, elsewhere)
    place.symlink_to(elsewhere)


def _nested(root: Path, depth: int) -> None:
    (root / OVERDUE).write_text('{"name":' + "[" * depth + "]" * depth + "}")


def _upper(root: Path) -> None:
    os.rename(root / "partials/legal", root / "partials/Legal")


def _file_in_a_file(root: Path) -> None:
    blocks = root / "workflows/monthly-statement/email_1/visual_blocks.json"
    said = read(blocks)
    said[0]["content@"] = "visual_blocks.json"
    write(blocks, said)


OUT = "leads out of "
FILES: list[Mutation] = [
    *_of_every_kind(),
    text(BODY, b"\xff\xfea\x00", "is UTF-16; save it as UTF-8"),
    text(BODY, b"a\n\xe9", "line 2: is not UTF-8; save the file as UTF-8"),
    text(BODY, b"\xef\xbb\xbfa", "begins with a byte order mark"),
    text(
        BODY,
        "a\0b",
        r"holds the character U\+0000, which cannot be stored",
        r"steps\[0\]\.template\.html_body",
    ),
    put(OVERDUE, "name", "a\0b", r"holds the character U\+0000, which cannot be stored"),
    put(
        "partials/legal/partial.json", "name", "a\0b", r"holds the character U\+0000, which cannot be stored"
    ),
    put(OVERDUE, "description", "\ud800", "holds half of a surrogate pair"),
    put(OVERDUE, AT_BODY, "../../layouts/default/html_layout.html", f".*{OUT}"),
    put(OVERDUE, AT_BODY, "../../../../etc/passwd", f".*{OUT}"),
    put(OVERDUE, AT_BODY, "/etc/passwd", f".*{OUT}"),
    put(OVERDUE, AT_BODY, "no/such.file", "the file no/such.file does not exist"),
    put(
        BLOCKS,
        "[0].content@",
        "no.md",
        "the file no.md does not exist",
        r"steps\[0\]\.template\.visual_blocks\[0\]\.content@",
    ),
    put(OVERDUE, AT_BODY, "email_1", "the file email_1 does not exist"),
    put(OVERDUE, AT_BODY, "", "must be the path of a file beside this one"),
    put(OVERDUE, AT_BODY, 3, "must be the path of a file beside this one"),
    put(OVERDUE, AT_BODY, "a\0", "must be the path of a file beside this one"),
    put(
        OVERDUE,
        "steps[0].template.html_body",
        "b",
        "stands beside html_body; remove one of both",
        r".*html_body@",
    ),
    put(STATEMENT, "steps[0].template.visual_blocks@", "workflow.json", ".*"),
    done("a key twice", _twice, OVERDUE, "stands twice in the same object; remove one", "tags"),
    done(
        "a body that is a link out",
        lambda root: _linked(root, BODY),
        OVERDUE,
        ".*is a link that leads out",
        r"steps\[0\]\.template\.html_body@",
    ),
    done(
        "a resource that is a link out",
        lambda root: _linked(root, "partials/legal"),
        "partials/legal",
        "is a link that leads out of the project; copy what it points to",
    ),
    done(
        "a kind that is a link out",
        lambda root: _linked(root, "layouts"),
        "layouts",
        "is a link that leads out of the project; copy what it points to",
    ),
    done(
        "a resource file that is a link out",
        lambda root: _linked(root, GUIDE),
        GUIDE,
        "is a link that leads out of the project; copy what it points to",
    ),
    done(
        "a folder without its file",
        lambda root: (root / OVERDUE).unlink(),
        OVERDUE,
        "is missing; each folder in workflows/ holds a workflow.json",
    ),
    done(
        "a file nested a hundred thousand deep",
        lambda root: _nested(root, 100_000),
        OVERDUE,
        "is nested too deeply",
    ),
    done(
        "a file nested two hundred deep",
        lambda root: _nested(root, 200),
        OVERDUE,
        "is nested too deeply",
    ),
    done(
        "a file of more than 2 MB",
        lambda root: write(root / BODY, "a" * 2_000_001),
        BODY,
        "has 2000001 bytes; a file has at most 2000000",
    ),
    done(
        "a key in upper case",
        _upper,
        "partials/Legal/partial.json",
        "must be 1 to 255 of a-z, 0-9, _ and -",
        "key",
    ),
    done(
        "blocks within blocks",
        _file_in_a_file,
        "workflows/monthly-statement/email_1/visual_blocks.json",
        ".* (does not exist|file within a file|refers to itself)",
        ".*content@",
    ),
    text("knock.json", "{}", r"must be the path of the resources. folder", "knockDir"),
    text("knock.json", '{"knockDir": "none"}', "the folder none does not exist", "knockDir"),
    text("knock.json", "{", "line 1: is not JSON"),
    text(
        "translations/en/notes.txt",
        "a",
        r"is no translation; expected en\.json or <namespace>\.en\.json, or \.po",
    ),
    text("translations/en/de.json", "{}", r"is no translation; expected en\.json"),
    text("translations/xxxxxx/xxxxxx.json", "{}", ".*is no locale, e.g. en or pt-BR", "locale_code"),
    text("translations/en/en.json", "[]", ".*object", "content"),
    text("translations/en/en.json", '{"a": 1}', "must be a text, or an object of texts", r"content\.a"),
    text("translations/en/en.json", '{"a": ["b"]}', "must be a text, or an object of texts", r"content\.a"),
    text("translations/en/en.json", '{"a": "{% if %}"}', "Liquid error", r"content\.a"),
    text(
        "translations/en/en.json",
        '{"a": {"b": "{{ c | nope }}"}}',
        "Liquid error .*unknown filter 'nope'",
        r"content\.a\.b",
    ),
    text("translations/en/more.en.po", 'msgid "a"\nmsgstr "{{ b | nope }}"\n', "Liquid error", r"content\.a"),
    text("translations/en/more.en.po", "nonsense", ".*", "content"),
    text("translations/de/de.po", 'msgid "a"\nmsgstr "b"\n', "has the key of .*; remove one of both"),
    text("translations/en/en.json", json.dumps({"a": "b"})[:-1], "line 1: is not JSON"),
]
