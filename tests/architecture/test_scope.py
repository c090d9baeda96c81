"""Every SQL statement on rows of an environment names the environment: there is no unscoped finder."""

import ast
import re
from collections.abc import Iterator

from sqlmodel import SQLModel

from models.tables import TABLES
from tests.architecture.sources import FLOORS, Source

OWNED: set[str] = {
    str(one.__tablename__)
    for one in TABLES
    if issubclass(one, SQLModel) and "environment_id" in one.model_fields
}
"""Tables whose rows belong to one environment."""

TOUCHES = re.compile(r"\b(?:FROM|JOIN|UPDATE|INSERT\s+INTO)\s+(\w+)")
SCOPED = re.compile(
    r"(?:environment_id|branch_of)\s*=\s*%|INSERT\s+INTO\s+\w+(?:\s+AS\s+\w+)?\s*\([^)]*\benvironment_id\b"
)
OF_ENVIRONMENTS = re.compile(r"\bbranch_of IS NULL\b")
"""A list of the environments themselves."""
BUILT = "{where.sql}"
"""A condition put together by `Where`, which has a law of its own below."""

LOCKED = "the window was locked under its environment in the same transaction"
WHOLE_ACCOUNT = "looks at all environments of the account on purpose, for whoever manages it"
CREDENTIAL = "a credential is what says which environment its caller means"
PIPELINE = "asks of the environments themselves, each with its latest commit"
ACCOUNT = "a service token manages the keys of all environments; the id is of one key"
UNSCOPED = {
    "models/tables/batches.py:add_member": LOCKED,
    "models/tables/batches.py:set_owner": LOCKED,
    "models/tables/batches.py:dismiss_cancelled": LOCKED,
    "models/tables/batches.py:count_members": LOCKED,
    "models/tables/batches.py:close_window": LOCKED,
    "models/tables/batches.py:next_member": LOCKED,
    "models/tables/batches.py:mark_taken": LOCKED,
    "models/tables/batches.py:counted_part": LOCKED,
    "models/tables/reconciliation.py:has_open_member": LOCKED,
    "models/tables/batches.py:set_close": LOCKED,
    "models/tables/batches.py:set_count": LOCKED,
    "models/queries/pauses.py:remove_item": LOCKED,
    "models/tables/cancels.py:<module>": "a part of statements, joined to the environment of their run",
    "models/tables/keys.py:find_key": CREDENTIAL,
    "models/queries/keys.py:find_key_and_environment": CREDENTIAL,
    "models/queries/keys.py:has_development_keys": "asks of the whole database whether its doors are open",
    "models/queries/channels.py:list_settings": "Knock shows a channel with the settings of all environments",
    "models/queries/channels.py:configured_elsewhere": "asks which other environments would lose settings",
    "models/queries/environments.py:<module>": PIPELINE,
    "models/queries/environments.py:find_environment": PIPELINE,
    "models/queries/environments.py:lock_environments": PIPELINE,
    "models/queries/keys.py:expire_key": ACCOUNT,
    "models/queries/keys.py:find_key_row": ACCOUNT,
    "models/queries/keys.py:revoke_key": ACCOUNT,
    "models/queries/variables.py:find_overrides": "the account's variables are shown with all overrides",
    "models/tables/variables.py:<module>": "a part of statements, joined to the environment of their run",
    "models/tables/waits.py:<module>": "a part of statements, joined to the environment of their row",
    "models/tables/reconciliations.py:count_rounds": "a restore of Postgres concerns all environments",
    "models/tables/reconciliations.py:list_reports": "the worker shows the figures of all environments",
    "models/queries/checkup.py:list_environments": WHOLE_ACCOUNT,
    "models/queries/checkup.py:list_keys": WHOLE_ACCOUNT,
    "models/queries/checkup.py:list_silent_webhooks": WHOLE_ACCOUNT,
    "models/queries/commits.py:<module>": "a part of statements, each bound to an environment or a commit",
    "models/queries/commits.py:insert_commits": "its columns are those of the table, environment_id too",
    "models/queries/published.py:find_contents": "the ids stand in a version of the run's environment",
    "models/queries/resources.py:<module>": "a part of statements, each bound to an environment",
    "models/tables/audience_members.py:<module>": "a part of statements, bound to the run's environment",
    "models/tables/audience_members.py:forget_audience": "archiving reaches all of them (E-RUN-12)",
    "models/tables/preference_sets.py:<module>": "a part of statements, bound to the run's environment",
    "models/queries/resources.py:archive_resource": "archiving reaches all of them (E-RUN-12)",
    "cli/credentials.py:list_keys": "whoever has the database's password sees the keys of all environments",
    "cli/credentials.py:revoke_key": "as above; the id is of one key",
    "cli/credentials.py:_was_revoked": "a service token belongs to no environment: IS NOT DISTINCT FROM",
}
"""Statements that need no environment, as `file:function`, each with its reason."""

ACCOUNT_WIDE = {
    "models/queries/channels.py": "channels belong to the account; what belongs to an environment is joined",
    "models/queries/channel_groups.py": "channel groups belong to the account",
}
"""Files whose lists need no environment, each with its reason."""


def statements(source: Source) -> Iterator[tuple[str, str]]:
    """Each whole SQL text with the function it stands in; the module's own constants are filled in."""
    constants = dict(_constants(source.tree))
    for name, scope in _scopes(source.tree):
        for text in _texts(scope, constants):
            if TOUCHES.search(text) and not (name == "<module>" and "WHERE" not in text):
                yield name, text


def unscoped(sources: list[Source]) -> list[str]:
    return [
        f"{one.path}:{name}"
        for one in sources
        if not one.path.startswith("models/migrations/")
        for name, text in statements(one)
        if OWNED & set(TOUCHES.findall(text)) and not (SCOPED.search(text) or BUILT in text)
    ]


def unscoped_conditions(sources: list[Source]) -> list[str]:
    """Calls of `Where` whose first condition does not name the environment."""
    found = []
    for one in sources:
        if one.path in ACCOUNT_WIDE:
            continue
        constants = dict(_constants(one.tree))
        for node in ast.walk(one.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Where":
                text = constants.get(ast.unparse(node.args[0]), ast.unparse(node.args[0]))
                if not SCOPED.search(text) and not OF_ENVIRONMENTS.search(text):
                    found.append(f"{one.path}:{node.lineno}")
    return found


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        value = node.value
        if isinstance(target, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield target.id, value.value


def _scopes(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Top-level functions, methods, and everything else of a module under `<module>`."""
    for node in tree.body:
        for member in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef):
                yield member.name, member
            else:
                yield "<module>", member


def _texts(node: ast.AST, constants: dict[str, str]) -> Iterator[str]:
    inside: set[int] = set()
    for child in ast.walk(node):
        if isinstance(child, ast.JoinedStr):
            inside |= {id(part) for part in child.values}
            yield "".join(_part(part, constants) for part in child.values)
        elif isinstance(child, ast.Constant) and isinstance(child.value, str) and id(child) not in inside:
            yield child.value


def _part(part: ast.expr, constants: dict[str, str]) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    written = ast.unparse(part.value) if isinstance(part, ast.FormattedValue) else ast.unparse(part)
    return constants.get(written, f"{{{written}}}")


def test_every_statement_names_its_environment() -> None:
    assert sorted(set(unscoped(FLOORS)) - set(UNSCOPED)) == []


def test_every_condition_begins_with_its_environment() -> None:
    assert unscoped_conditions(FLOORS) == []


def test_every_exception_is_still_needed() -> None:
    assert sorted(set(UNSCOPED) - set(unscoped(FLOORS))) == []


def test_the_law_looks_at_real_statements() -> None:
    looked_at = [text for one in FLOORS for _, text in statements(one)]
    assert len(looked_at) > 50
    assert {"messages", "recipient_runs", "triggers", "feed_items", "resources"} <= OWNED


def test_this_law_sees_what_breaks_it() -> None:
    text = """
MESSAGE = "SELECT m.id, m.environment_id FROM messages m"

async def find(connection, message_id):
    await connection.execute(f"{MESSAGE} WHERE id = %s", (message_id,))

class Finder:
    def list(self, condition):
        where = Where("f.user_id = %(user_id)s")
        return f"SELECT * FROM feed_items WHERE {condition}"
"""
    bad = [Source("models/x.py", text)]
    assert unscoped(bad) == ["models/x.py:find", "models/x.py:list"]
    assert unscoped_conditions(bad) == ["models/x.py:9"]
