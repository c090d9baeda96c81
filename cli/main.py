"""The umbrella command `tocsin`. Each command's own file parses, and calls what does the work."""

import typer

from cli.account import account
from cli.channels import channels
from cli.clock import clock
from cli.commits import commits
from cli.db import db
from cli.doctor import doctor
from cli.environments import environments
from cli.keys import keys
from cli.mailbox.command import mailbox
from cli.push import push_command
from cli.simulate import simulate_command
from cli.up import UP_CONTEXT, up
from cli.variables import variables
from cli.webhooks import webhooks
from cli.why.command import why

app = typer.Typer(
    name="tocsin",
    help="Self-hosted notifications: Knock's API, every run a Temporal workflow.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command(context_settings=UP_CONTEXT, add_help_option=False)(up)
app.add_typer(account, name="account")
app.add_typer(channels, name="channels")
app.add_typer(clock, name="clock")
app.add_typer(commits, name="commits")
app.add_typer(db, name="db")
app.add_typer(environments, name="environments")
app.add_typer(keys, name="keys")
app.command()(doctor)
app.command()(mailbox)
app.command("push")(push_command)
app.command("simulate")(simulate_command)
app.add_typer(variables, name="variables")
app.add_typer(webhooks, name="webhooks")
app.command()(why)


# Imported where they are used: `tocsin up` stays small without the API and the worker in its memory.
@app.command()
def api() -> None:
    """Serve the API; the same as `python -m api`."""
    from api.__main__ import main

    raise typer.Exit(main())


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False
)
def worker(context: typer.Context) -> None:
    """Carry out runs; the same as `python -m worker`, whose options it takes."""
    from worker.__main__ import main

    main(context.args)
