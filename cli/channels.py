"""`tocsin channels`: what messages go out through, set up over the management API."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from cli.columns import print_columns
from cli.errors import CommandError
from cli.management import DEFAULT_TOKEN, DEFAULT_URL, Management, Token, Url, manage, segment, told
from cli.provider_settings import (
    STDIN,
    print_provider,
    print_providers,
    provider_named,
    read_assignments,
    read_json_object,
)
from models.values.development import ENVIRONMENT
from models.values.kinds import ChannelType
from models.values.providers import CHANNEL_SETTINGS, PROVIDER_OF_ID, SINKS

_PATH = "/v1/tocsin/channels"

# Line breaks show as they stand here, and eighty columns are enough.
_HELP = """What messages go out through: a provider, and its settings.

A channel belongs to the account: its key, name and provider are the same
everywhere. Its settings, sandbox mode and conditions belong to one
environment (--environment). All take effect at once; none are versioned.

Examples:

  tocsin channels providers email_postmark
  tocsin channels set mail --provider email_postmark \\
    --set 'api_key=${POSTMARK_KEY}' --channel-set from_address=hi@example.com
  tocsin channels sandbox mail on --environment production
  tocsin channels clone mail --from development --to production
"""
_SET_HELP = """Create a channel or change it, and its settings in one environment.

What is not named stays as it is. Provider settings are replaced whole: give
all that the provider needs (`tocsin channels providers ID` lists them), or
none to keep those there are. Channel settings are changed one by one.

A secret need not stand on the command line. Of a value,

  -         is read from stdin,
  @FILE     is read from a file,
  ${NAME}   is an environment variable; quote it, else the shell fills it in,
  {{ … }}   is Liquid, filled in at each send: {{ vars.postmark_key }}

Examples:

  tocsin channels set mail --provider email_postmark \\
    --set 'api_key=${POSTMARK_KEY}'
  pass postmark | tocsin channels set mail --set api_key=-
  tocsin channels set ios --provider push_apns --set auth_scheme=token \\
    --set bundle_id=com.example.app --set key_id=ABCDE12345 \\
    --set team_id=ABCDE12345 --set signing_key=@AuthKey.p8
  tocsin channels set mail --channel-set open_tracking=true
"""
_CONDITIONS_HELP = """When the channel is used at all; `none` removes the conditions.

They stand beside each step's own conditions, and both must hold.

Example:

  echo '{"all": [{"variable": "recipient.plan", "operator": "equal_to",
    "argument": "pro"}]}' | tocsin channels conditions mail -
"""

channels = typer.Typer(help=_HELP, no_args_is_help=True)

Key = Annotated[str, typer.Argument(metavar="KEY", help="The channel's key.")]
Environment = Annotated[str, typer.Option(metavar="SLUG", help="Whose settings.")]


@channels.command("list")
def list_command(
    environment: Environment = ENVIRONMENT, url: Url = DEFAULT_URL, token: Token = DEFAULT_TOKEN
) -> None:
    """Every channel of the account, and whether the environment can send with it."""

    async def job(api: Management) -> dict[str, Any]:
        return await api.get(_PATH, {"environment": environment})

    with told("tocsin channels"):
        entries = manage(url, token, job)["entries"]
    rows = [(one["key"], one["type"], one["provider"], _state(one), one["name"]) for one in entries]
    print_columns(rows, headings=("key", "type", "provider", f"in {environment}", "name"))


@channels.command()
def show(
    key: Key,
    environment: Environment = ENVIRONMENT,
    as_json: Annotated[bool, typer.Option("--json", help="As the API answers it.")] = False,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """A channel with its settings in one environment; secrets are hidden, unless they are Liquid."""

    async def job(api: Management) -> dict[str, Any]:
        return await api.get(f"{_PATH}/{segment(key)}", {"environment": environment})

    with told("tocsin channels"):
        channel = manage(url, token, job)
    if as_json:
        typer.echo(json.dumps(channel, indent=2, ensure_ascii=False))
    else:
        _print_channel(channel)


@channels.command("set", help=_SET_HELP)
def set_command(  # noqa: PLR0913 - each is an option
    key: Key,
    provider: Annotated[
        str | None, typer.Option(metavar="ID", help="As `tocsin channels providers` lists it.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="For people; the key, for a new channel.")] = None,
    description: Annotated[str | None, typer.Option(help="For people.")] = None,
    channel_id: Annotated[
        str | None, typer.Option("--id", metavar="UUID", help="Of a new channel, to keep one from elsewhere.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A provider setting; repeat it for each."),
    ] = None,
    settings_file: Annotated[
        str | None,
        typer.Option("--settings", metavar="FILE", help="All provider settings as JSON; - reads stdin."),
    ] = None,
    channel_settings: Annotated[
        list[str] | None,
        typer.Option("--channel-set", metavar="NAME=VALUE", help="A channel setting; repeat it for each."),
    ] = None,
    environment: Environment = ENVIRONMENT,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    with told("tocsin channels"):
        changed = manage(
            url,
            token,
            lambda api: _set(
                api,
                key,
                environment,
                {"provider": provider, "name": name, "description": description, "id": channel_id},
                (settings or [], settings_file, channel_settings or []),
            ),
        )
    _print_channel(changed)
    if not changed["is_valid"]:
        typer.secho(
            f"{environment} cannot send with it yet; see `tocsin channels providers {changed['provider']}`",
            fg="yellow",
            err=True,
        )


@channels.command()
def sandbox(
    key: Key,
    mode: Annotated[str, typer.Argument(metavar="on|off")],
    environment: Environment = ENVIRONMENT,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """In sandbox mode messages are made and kept, and nobody is sent anything."""
    with told("tocsin channels"):
        if mode not in ("on", "off"):
            raise CommandError(f'"{mode}" is neither on nor off')
        _put(url, token, key, environment, {"is_sandbox": mode == "on"})
    typer.echo(f"{key}: sandbox mode is {mode} in {environment}")


@channels.command(help=_CONDITIONS_HELP)
def conditions(
    key: Key,
    source: Annotated[str, typer.Argument(metavar="FILE|-|none", help="JSON; - reads stdin.")],
    environment: Environment = ENVIRONMENT,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    with told("tocsin channels"):
        given = None if source == "none" else read_json_object(source)
        _put(url, token, key, environment, {"conditions": given})
    typer.echo(f"{key}: {'no conditions' if given is None else 'conditions are set'} in {environment}")


@channels.command()
def clone(
    key: Key,
    source: Annotated[str, typer.Option("--from", metavar="SLUG", help="Whose settings.")],
    to: Annotated[str, typer.Option("--to", metavar="SLUG", help="Who gets them; its own are replaced.")],
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """Copy a channel's settings, secrets included, to another environment."""

    async def job(api: Management) -> dict[str, Any]:
        return await api.put(f"{_PATH}/{segment(key)}/clone", {"from": source, "to": to})

    with told("tocsin channels"):
        manage(url, token, job)
    typer.echo(f"{key}: {to} has the settings of {source}")


@channels.command()
def archive(
    key: Key,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """Take a channel out of use, in all environments. Its key is free.

    A step that names it fails from then on; in development the sink of its type takes the message.
    """
    if not yes:
        typer.confirm(f"Archive {key} in all environments?", abort=True)

    async def job(api: Management) -> dict[str, Any]:
        return await api.delete(f"{_PATH}/{segment(key)}")

    with told("tocsin channels"):
        manage(url, token, job)
    typer.echo(f"{key} is archived")


@channels.command()
def providers(
    provider: Annotated[str | None, typer.Argument(metavar="ID", help="For its settings.")] = None,
) -> None:
    """Who can deliver, and which settings each needs. Asks no instance."""
    with told("tocsin channels"):
        if provider is None:
            print_providers()
        else:
            print_provider(provider)


async def _set(
    api: Management,
    key: str,
    environment: str,
    account: Mapping[str, str | None],
    given: tuple[list[str], str | None, list[str]],
) -> dict[str, Any]:
    """`given`: the provider settings as pairs and as a file, and the channel settings as pairs."""
    query = {"environment": environment}
    entries = (await api.get(_PATH, query))["entries"]
    known = next((one for one in entries if one["key"] == key), None)
    provider_id = account["provider"] or (known and known["provider"])
    if provider_id is None:
        raise CommandError(f'there is no channel "{key}"; a new one needs --provider')
    provider = provider_named(provider_id)
    body: dict[str, Any] = {name: value for name, value in account.items() if value is not None}
    if known is None:
        body = {"name": key, **body, "type": provider.channel_type}
    pairs, file, channel_pairs = given
    if pairs and file:
        raise CommandError("give the provider settings with --set or with --settings, not with both")
    _require_one_stdin([*pairs, *channel_pairs], file)
    if file:
        body["provider_settings"] = read_json_object(file)
    if pairs:
        body["provider_settings"] = read_assignments(pairs, provider.settings)
    if channel_pairs:
        before = known["channel_settings"] if known else {}
        model = CHANNEL_SETTINGS[ChannelType(provider.channel_type)]
        body["channel_settings"] = before | read_assignments(channel_pairs, model)
    return await api.put(f"{_PATH}/{segment(key)}", body, query)


def _require_one_stdin(pairs: list[str], file: str | None) -> None:
    readers = [pair for pair in pairs if pair.partition("=")[2] == STDIN] + [file] * (file == STDIN)
    if len(readers) > 1:
        raise CommandError("only one value can be read from stdin; put the others into files: NAME=@FILE")


def _put(url: str, token: str, key: str, environment: str, body: dict[str, Any]) -> None:
    """Change a channel that is there; a key that is not there is told instead of made."""

    async def job(api: Management) -> None:
        query = {"environment": environment}
        await api.get(f"{_PATH}/{segment(key)}", query)
        await api.put(f"{_PATH}/{segment(key)}", body, query)

    manage(url, token, job)


def _state(channel: dict[str, Any]) -> str:
    provider = PROVIDER_OF_ID.get(channel["provider"])
    if channel["is_sandbox"]:
        return "sandbox"
    if not channel["is_valid"]:
        return f"{ENVIRONMENT} only" if provider in SINKS else "not set up"
    return "ready" if provider is not None and provider.is_built else "set up, no driver yet"


def _print_channel(channel: dict[str, Any]) -> None:
    typer.secho(f"{channel['name']} ({channel['key']})", bold=True)
    facts = [
        ("id", channel["id"]),
        ("type", channel["type"]),
        ("provider", channel["provider"]),
        (f"in {channel['environment']}", _state(channel)),
    ]
    if channel["description"]:
        facts.insert(0, ("description", channel["description"]))
    if channel["conditions"]:
        facts.append(("conditions", json.dumps(channel["conditions"], ensure_ascii=False)))
    print_columns([(f"  {name}", value) for name, value in facts])
    for heading, settings in (
        ("Provider settings", channel["provider_settings"]),
        ("Channel settings", channel["channel_settings"]),
    ):
        kept = {name: value for name, value in settings.items() if value is not None}
        if kept:
            typer.echo(f"  {heading}")
            print_columns([(f"    {name}", _text(value)) for name, value in kept.items()])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
