"""Lists for people: rows in columns."""

from collections.abc import Sequence

import typer


def print_columns(rows: Sequence[Sequence[str]], *, headings: Sequence[str] = ()) -> None:
    """One line a row, its cells under one another; the headings are dimmed."""
    table = [headings, *rows] if headings else list(rows)
    if not table:
        return
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for number, row in enumerate(table):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        typer.secho(line, dim=bool(headings) and number == 0)
