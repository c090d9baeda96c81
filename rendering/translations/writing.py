"""Writing a translation's texts as a file of another format: JSON or PO (E-TEMPLATE-27)."""

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final, cast

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

FORMATS: Final = ("json", "po")
_PLURALS: Final = {"zero", "one", "two", "few", "many", "other"}


def written(file_format: str, texts: dict[str, Any]) -> str:
    """The content of a file in `json` or `po`.

    PO has no nesting: keys within keys are joined by dots. Of plural forms it has those of `one` and
    `other`; the rest stays in JSON only.
    """
    if file_format == "json":
        return json.dumps(texts, ensure_ascii=False)
    catalog = Catalog()  # of no locale: ours are its two plural forms, whatever the language (E-TEMPLATE-29)
    for key, text in _flat(texts, ""):
        if isinstance(text, dict):
            one, other = text.get("one", text.get("other", "")), text.get("other", "")
            # A plural message is a pair of ids and a pair of texts, which its annotation forgets.
            catalog.add((key, key), cast("Any", (one, other)))
        else:
            catalog.add(key, text)
    file = BytesIO()
    write_po(file, catalog, omit_header=True, sort_output=False, width=0)
    return file.getvalue().decode()


def _flat(texts: dict[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for key, value in texts.items():
        path = f"{above}.{key}" if above else key
        if isinstance(value, dict) and not (value and set(value) <= _PLURALS):
            yield from _flat(value, path)
        else:
            yield path, value if isinstance(value, dict) else str(value)
