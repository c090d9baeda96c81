"""`tocsin account`: what holds in all environments, set over the management API."""

import json
from typing import Annotated, Any

import typer

from cli.columns import print_columns
from cli.errors import CommandError
from cli.management import DEFAULT_TOKEN, DEFAULT_URL, Management, Token, Url, manage, told
from cli.provider_settings import read_json_object
from models.values.development import ENVIRONMENT

_PATH = "/v1/tocsin/account"
_COMMAND = "tocsin account"

_HELP = """What holds in all environments: names, time zone, locale, branding.

Default preferences are each environment's own. Everything takes effect at
once, also for runs in flight; nothing is versioned.

Examples:

  tocsin account set --name "Acme, Inc." --timezone Europe/Berlin --locale de
  tocsin account branding primary_color=#1a2b3c logo_url=https://…/logo.png
  echo '{"channel_types": {"sms": false}}' | tocsin account preferences -
"""
_BRANDING_HELP = """Set what templates read as `vars.branding.<key>`; without arguments, show it.

Known keys: logo_url, icon_url, primary_color, primary_color_contrast, and
each with dark_ before it. Others may be added. An empty value (KEY=) removes
a key; keys that are not named stay.
"""
_PREFERENCES_HELP = """Set the default preferences of an environment; without FILE, show them.

A preference set as JSON, as Knock's API has it; it replaces the whole set.
--from copies the set of another environment.

Examples:

  echo '{"categories": {"marketing": false}}' | tocsin account preferences -
  tocsin account preferences --from development --environment production
"""

account = typer.Typer(help=_HELP, no_args_is_help=True)

Environment = Annotated[str, typer.Option(metavar="SLUG", help="Whose preferences.")]


@account.command()
def show(
    as_json: Annotated[bool, typer.Option("--json", help="As the API answers it.")] = False,
    environment: Environment = ENVIRONMENT,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """The account, and the default preferences of one environment."""
    with told(_COMMAND):
        shown = manage(url, token, lambda api: api.get(_PATH, {"environment": environment}))
    if as_json:
        typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    rows = [(name, str(shown[name])) for name in ("name", "slug", "timezone", "locale")]
    rows.append(("translations", "on" if shown["translations_enabled"] else "off"))
    rows += [(f"branding.{key}", str(value)) for key, value in sorted(shown["branding"].items())]
    rows.append((f"preferences in {environment}", json.dumps(shown["preferences"], ensure_ascii=False)))
    print_columns(rows)


@account.command("set")
def set_command(  # noqa: PLR0913 - each is an option
    name: Annotated[str | None, typer.Option(help="For people, and for `knock whoami`.")] = None,
    slug: Annotated[str | None, typer.Option(help="Lower-case letters, digits, - and _.")] = None,
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Of recipients without one: Europe/Berlin.")
    ] = None,
    locale: Annotated[str | None, typer.Option(help="Of recipients without one: en, pt-BR.")] = None,
    translations: Annotated[
        bool | None, typer.Option("--translations/--no-translations", help="Whether they are used.")
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """Change the account. What is not named stays."""
    given = {"name": name, "slug": slug, "timezone": timezone, "locale": locale}
    body: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if translations is not None:
        body["translations_enabled"] = translations
    with told(_COMMAND):
        if not body:
            raise CommandError("name what to change; see `tocsin account set --help`")
        manage(url, token, lambda api: api.put(_PATH, body))
    typer.echo(f"changed: {', '.join(body)}")


@account.command(help=_BRANDING_HELP)
def branding(
    given: Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE…")] = None,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    with told(_COMMAND):
        if given:
            body = {"branding": dict(map(_pair, given))}
            shown = manage(url, token, lambda api: api.put(_PATH, body))
        else:
            shown = manage(url, token, lambda api: api.get(_PATH))
    print_columns(sorted((key, str(value)) for key, value in shown["branding"].items()))


@account.command(help=_PREFERENCES_HELP)
def preferences(
    source: Annotated[str | None, typer.Argument(metavar="FILE|-", help="JSON; - reads stdin.")] = None,
    copied: Annotated[str | None, typer.Option("--from", metavar="SLUG", help="Whose to copy.")] = None,
    environment: Environment = ENVIRONMENT,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    query = {"environment": environment}

    async def job(api: Management) -> dict[str, Any]:
        given = None if source is None else read_json_object(source)
        if copied is not None:
            given = (await api.get(_PATH, {"environment": copied}))["preferences"]
        if given is None:
            return await api.get(_PATH, query)
        return await api.put(_PATH, {"preferences": given}, query)

    with told(_COMMAND):
        if source is not None and copied is not None:
            raise CommandError("name a file or --from, not both")
        shown = manage(url, token, job)
    typer.echo(json.dumps(shown["preferences"], indent=2, ensure_ascii=False))


def _pair(text: str) -> tuple[str, str | None]:
    key, sign, value = text.partition("=")
    if not sign:
        raise CommandError(f'"{text}" sets nothing; write KEY=VALUE')
    return key, value or None
