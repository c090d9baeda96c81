"""What Knock's CLI must be told about a resource: which fields go to files of their own, which are read-only.

Of each node the CLI writes the extractable fields that are there to `<ref>/<field>.<ext>`: always where
`default` is true, else only where the local project has such a file already. Seen in the CLI 1.1.2 and its
tests: email, SMS, feed, layouts, partials, message types; the others by analogy.
"""

from typing import Any

Json = dict[str, Any]

_DROPPED = ["environment", "created_at", "updated_at", "sha"]
"""Read-only fields that the CLI leaves out of its files."""
_READONLY: dict[str, list[str]] = {
    "audience": ["key", *_DROPPED],
    "email_layout": ["key", *_DROPPED],
    "guide": ["key", "valid", "active", "semver", "type", *_DROPPED],
    "message_type": ["key", "valid", "owner", "semver", *_DROPPED],
    "partial": ["key", "type", "valid", *_DROPPED],
    "translation": ["updated_at"],
    "workflow": ["key", "active", "valid", *_DROPPED],
}
"""Fields that the server writes, by kind; the CLI puts them under `__readonly` and never sends them."""
_ELSEWHERE = {
    *("inserted_at", "archived_at", "deleted_at", "active_from", "active_until"),
    *("created_by", "updated_by"),
}
"""Answered without `annotate` only: in a file they would differ between two accounts of the same content."""


def _file(file_ext: str, default: bool = True) -> Json:
    return {"default": default, "file_ext": file_ext}


_RESOURCES: dict[str, Json] = {
    "email_layout": {"html_layout": _file("html"), "text_layout": _file("txt")},
    "message_type": {"preview": _file("html")},
    # The CLI takes the partial's own type for the extension, whatever is said here.
    "partial": {"content": _file("txt")},
}
_TEMPLATE = {
    "subject": _file("txt", default=False),
    "title": _file("txt", default=False),
    "summary": _file("txt", default=False),
    "action_url": _file("txt", default=False),
    "html_body": _file("html"),
    "text_body": _file("txt"),
    "markdown_body": _file("md"),
    "json_body": _file("json"),
    "visual_blocks": _file("json"),
    "body": _file("json"),
}
_TEMPLATE_SETTINGS = {"pre_content": _file("txt"), "payload_overrides": _file("json")}
_CHANNEL_OVERRIDES = {"json_overrides": _file("json")}
_BLOCKS = {"markdown": {"content": _file("md")}, "html": {"content": _file("html")}}
_STEP_SETTINGS: dict[str, Json] = {
    "http_fetch": {"body": _file("json")},
    "ai_agent": {"request_prompt": _file("md"), "response_schema": _file("json")},
    "update_data": {"data": _file("json")},
    "update_object": {"update_properties": _file("json")},
    "update_tenant": {"update_properties": _file("json")},
    "update_user": {"update_properties": _file("json")},
    "trigger_workflow": {"data": _file("json", default=False)},
}
FILE_FIELDS = frozenset(
    field
    for node in (
        *_RESOURCES.values(),
        *(_TEMPLATE, _TEMPLATE_SETTINGS, _CHANNEL_OVERRIDES),
        *_BLOCKS.values(),
        *_STEP_SETTINGS.values(),
    )
    for field in node
)
"""Every field that the CLI may put into a file of its own; beside it, `<field>@` names the file."""
_INNER_STEPS = {"branch": "branches", "random_cohort": "cohort_branches"}


def annotate(kind: str, content: Json) -> Json:
    """A copy of the resource as the API answers it, with `__annotation` where the CLI looks for it.

    Nodes of a shape that their type does not have are copied as they are.

    Raises:
        KeyError: `kind` is none of the seven versioned kinds.
    """
    annotated = {field: value for field, value in content.items() if field not in _ELSEWHERE}
    if kind == "workflow":
        annotated["steps"] = _each(annotated.get("steps", []), _step)
    annotated["__annotation"] = {
        "extractable_fields": _RESOURCES.get(kind, {}),
        "readonly_fields": [field for field in _READONLY[kind] if field in content],
    }
    return annotated


def _step(step: Json) -> Json:
    step_type = str(step.get("type"))
    step = _with(step, "template", _template)
    step = _with(step, "channel_overrides", lambda node: _marked(node, _CHANNEL_OVERRIDES))
    if step_type in _STEP_SETTINGS:
        step = _with(step, "settings", lambda node: _marked(node, _STEP_SETTINGS[step_type]))
    if step_type in _INNER_STEPS:
        branches = _INNER_STEPS[step_type]
        step = {**step, branches: _each(step.get(branches), _branch)}
    return step


def _branch(branch: Json) -> Json:
    return {**branch, "steps": _each(branch["steps"], _step)} if "steps" in branch else branch


def _template(template: Json) -> Json:
    template = _with(template, "settings", lambda node: _marked(node, _TEMPLATE_SETTINGS))
    if "visual_blocks" in template:
        template = {**template, "visual_blocks": _each(template["visual_blocks"], _block)}
    return _marked(template, _TEMPLATE)


def _block(block: Json) -> Json:
    return _marked(block, _BLOCKS.get(str(block.get("type")), {}))


def _marked(node: Json, known: Json) -> Json:
    """The node with its annotation last, where the CLI's tests have it; fields that are null stay inline."""
    extractable = {field: how for field, how in known.items() if node.get(field) is not None}
    return {**node, "__annotation": {"extractable_fields": extractable, "readonly_fields": []}}


def _with(node: Json, field: str, change: Any) -> Json:
    inner = node.get(field)
    return {**node, field: change(inner)} if isinstance(inner, dict) else node


def _each(nodes: Any, change: Any) -> Any:
    if not isinstance(nodes, list):
        return nodes
    return [change(node) if isinstance(node, dict) else node for node in nodes]
