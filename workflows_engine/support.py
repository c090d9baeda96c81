"""What a workflow asks for and this release does not do: for `tocsin doctor` and publishing."""

from workflows_engine.definition import WorkflowDefinition
from workflows_engine.step import Unsupported


def unsupported(definition: WorkflowDefinition) -> list[tuple[str, str]]:
    """Each by its JSON path in the workflow, with what happens instead.

    Steps inside one that is passed over are not run either; they are listed with it.
    """
    found = list(_of_workflow(definition))
    passed: list[str] = []
    for path, step in definition.walk():
        if any(path.startswith(f"{outer}.") for outer in passed):
            found.append((path, "is not run: the step around it is passed over"))
            continue
        told = step.unsupported()
        if any(one.passes_over for one in told):
            passed.append(path)
        found += [(f"{path}.{one.path}", _sentence(one)) for one in told]
    return found


def _sentence(one: Unsupported) -> str:
    return f"{one.what}; runs pass over the step" if one.passes_over else one.what


def _of_workflow(definition: WorkflowDefinition) -> list[tuple[str, str]]:
    found = []
    if definition.goal_attachment is not None:
        found.append(("goal_attachment", "goals are not counted by this release"))
    return found
