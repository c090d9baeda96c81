"""Small enough to read: modules, functions, and how deep classes are stacked."""

import ast

from tests.architecture.sources import EVERYTHING, Source

LONGEST_MODULE = 400
LONGEST_FUNCTION = 60

HISTORY = "models/migrations/versions/"
"""Migrations are history: written once, never read to be changed, and one of them is one step."""

FOUNDATIONS = {
    "api.schemas.resource.Resource": "pydantic's model with the spelling of our wire format, no fields",
    "models.values.providers.settings.ProviderSettings": "pydantic's model for settings, no fields",
    "workflows_engine.step.Written": "pydantic's model that refuses unknown keys, no fields",
}
"""Classes of ours that count as a library's, and why."""

DEEPER = {
    "KeyMissing": "API errors form a tree by what the caller must do, drawn on top of api/errors.py",
    "KeyExpired": "as KeyMissing",
    "Refused": "as KeyMissing",
    "UserTokenMissing": "as KeyMissing",
    "InvalidUserToken": "as KeyMissing",
    "SigningKeyMissing": "as KeyMissing",
    "InAppFeedStep": "a channel step by channel type: what all channel steps share is one class between",
    "InAppGuideStep": "as InAppFeedStep",
    "EmailStep": "as InAppFeedStep",
    "SmsStep": "as InAppFeedStep",
    "PushStep": "as InAppFeedStep",
    "ChatStep": "as InAppFeedStep",
    "WebhookStep": "as InAppFeedStep",
    "WorkflowRecipientRunDetail": "the contract's detail of a run is its list entry, and its events",
}
"""Classes that stand two below a library's class, and why each may."""


def too_long(sources: list[Source]) -> list[str]:
    return [
        f"{one.path}: {one.lines} lines"
        for one in sources
        if one.lines > LONGEST_MODULE and not one.path.startswith(HISTORY)
    ]


def too_long_functions(sources: list[Source]) -> list[str]:
    found = []
    for one in sources:
        if one.path.startswith(HISTORY):
            continue
        for function in one.functions():
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            if lines > LONGEST_FUNCTION:
                found.append(f"{one.path}:{function.lineno}: {function.name} has {lines} lines")
    return found


def too_deep(sources: list[Source]) -> list[str]:
    """Classes with more than one of our own classes above them."""
    parents = {}
    for one in sources:
        homes = _homes(one)
        for node in one.classes():
            bases = [homes.get(name, name) for name in _bases(node)]
            parents[f"{one.module}.{node.name}"] = [base for base in bases if base not in FOUNDATIONS]

    def depth(name: str) -> int:
        return max((1 + depth(base) for base in parents[name] if base in parents), default=0)

    return [name for name in parents if depth(name) > 1 and name.rsplit(".", 1)[1] not in DEEPER]


def _bases(node: ast.ClassDef) -> list[str]:
    plain = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
    return [ast.unparse(base) for base in plain]


def _homes(source: Source) -> dict[str, str]:
    """Where each name that a module uses for a class comes from."""
    homes = {node.name: f"{source.module}.{node.name}" for node in source.classes()}
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            homes |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return homes


def test_no_module_is_longer_than_400_lines() -> None:
    assert too_long(EVERYTHING) == []


def test_no_function_is_longer_than_60_lines() -> None:
    assert too_long_functions(EVERYTHING) == []


def test_no_class_has_two_of_ours_above_it() -> None:
    assert too_deep(EVERYTHING) == []


def test_every_exception_to_depth_is_still_needed() -> None:
    names = {node.name for one in EVERYTHING for node in one.classes()}
    assert set(DEEPER) <= names
    assert {name.rsplit(".", 1)[1] for name in FOUNDATIONS} <= names


def test_these_laws_see_what_breaks_them() -> None:
    long = Source("api/long.py", "x = 1\n" * 401)
    body = "def f():\n" + "    x = 1\n" * 60
    deep = "class A(BaseModel): ...\nclass B(A): ...\nclass C(B[int]): ...\n"
    assert too_long([long]) == ["api/long.py: 401 lines"]
    assert too_long_functions([Source("api/f.py", body)]) == ["api/f.py:1: f has 61 lines"]
    assert too_deep([Source("api/deep.py", deep)]) == ["api.deep.C"]
    above = Source("api/above.py", "class A(Exception): ...\nclass B(A): ...\n")
    below = Source("cli/below.py", "from api.above import B as Above\nclass C(Above): ...\n")
    assert too_deep([above, below]) == ["cli.below.C"]
