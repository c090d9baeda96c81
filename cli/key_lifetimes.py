"""`tocsin keys rotate|expire`: what ends a key's life gently, over the management API."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from cli.errors import CommandError
from cli.management import DEFAULT_TOKEN, DEFAULT_URL, Management, Token, Url, manage, segment, told

_PATH = "/v1/tocsin/keys"
_COMMAND = "tocsin keys"
_NAMED = {"ignore_unknown_options": True}
"""A hint may begin with a dash."""

Key = Annotated[str, typer.Argument(metavar="HINT|ID", help="As `tocsin keys list` shows it.")]
Hours = Annotated[float, typer.Option(min=0, help="How long the old key stays good beside the new one.")]


def rotate(key: Key, overlap: Hours = 24, url: Url = DEFAULT_URL, token: Token = DEFAULT_TOKEN) -> None:
    """Make a key's successor and print it, this once; the old one expires after the overlap.

    Asks a running instance (--url, --token), which may be the very token that is rotated.
    The key alone goes to stdout, all words to stderr.
    """

    async def job(api: Management) -> tuple[dict[str, Any], dict[str, Any]]:
        old = await _named(api, key)
        path = f"{_PATH}/{segment(old['id'])}/rotate"
        return old, await api.post(path, {"overlap_hours": overlap})

    with told(_COMMAND):
        old, new = manage(url, token, job)
    until = f"is good for {overlap:g} more hours" if overlap else "is refused from now on"
    typer.echo(f"{_name(old)} {until}; its successor ends with {new['hint']}. Keep it now:", err=True)
    typer.echo(new["key"])


def expire(
    key: Key,
    hours: Annotated[float, typer.Option("--in-hours", min=0.01, help="From now on.")],
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """Let a key end at a time to come. An earlier end that is set already stays."""
    until = datetime.now(UTC) + timedelta(hours=hours)

    async def job(api: Management) -> dict[str, Any]:
        row = await _named(api, key)
        path = f"{_PATH}/{segment(row['id'])}/expire"
        return await api.post(path, {"expires_at": until.isoformat()})

    with told(_COMMAND):
        shown = manage(url, token, job)
    typer.echo(f"{_name(shown)} expires at {shown['expires_at']}")


def register(keys: typer.Typer) -> None:
    """Put both commands beside the others."""
    keys.command(context_settings=_NAMED)(rotate)
    keys.command(context_settings=_NAMED)(expire)


async def _named(api: Management, key: str) -> dict[str, Any]:
    """The one key of this id, or the one active key of this hint."""
    rows = [row async for row in api.entries(_PATH)]
    for row in rows:
        if row["id"] == key.lower():
            return row
    found = [row for row in rows if row["hint"] == key.removeprefix("…") and row["is_active"]]
    if len(found) == 1:
        return found[0]
    if found:
        ids = "\n".join(f"  {row['id']}  {_name(row)}" for row in found)
        raise CommandError(f'{len(found)} keys end with "{key}"; name one by its id:\n{ids}')
    raise CommandError(
        f'no key that is still accepted ends with "{key}" or has this id; see `tocsin keys list`'
    )


def _name(row: dict[str, Any]) -> str:
    where = f"of {row['environment']}" if row["environment"] else "for all environments"
    return f"the {row['kind']} key …{row['hint']} {where}"
