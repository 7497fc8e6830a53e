"""Reads tasks of Amazon ECS: their containers' commands, and how many of them a service runs."""

from __future__ import annotations

from collections.abc import Iterator

from conn_lint.deploy.compose import joined
from conn_lint.deploy.described import Described
from conn_lint.deploy.tree import Tree
from conn_lint.model.deployment import Figure

_TASK = "AWS::ECS::TaskDefinition"
_SERVICE = "AWS::ECS::Service"


def tasks(tree: Tree, default: str) -> Iterator[Described]:
    """One for each container of a task, or of a stack's tasks; `default` is what the project's image runs."""
    yield from _containers(tree, tree.text("family"), None, default)
    resources = list(tree.at("Resources").items())
    counts = {
        service.text("Properties", "TaskDefinition", "Ref"): service.at("Properties")
        for _, service in resources
        if service.text("Type") == _SERVICE
    }
    for name, resource in resources:
        if resource.text("Type") == _TASK:
            service = counts.get(str(name))
            yield from _containers(resource.at("Properties"), str(name), service, default)


def _containers(task: Tree, name: str, service: Tree | None, default: str) -> Iterator[Described]:
    count = service.number("DesiredCount") if service is not None else None
    instances = None
    if service is not None and count:
        instances = Figure(count, "read", service.path, service.line("DesiredCount"))
    listed = task.at("containerDefinitions") or task.at("ContainerDefinitions")
    for number, container in enumerate(listed.values()):
        parts = (joined(_at(container, key)) for key in ("entryPoint", "command"))
        command = " ".join(part for part in parts if part)
        if not command and number:
            continue  # a side-car
        yield Described(
            name=_at(container, "name").text() or name,
            command=command or default,
            path=task.path,
            line=_at(container, "command").line() or container.line(),
            instances=instances,
            environment={
                _at(variable, "name").text(): _at(variable, "value").text()
                for variable in _at(container, "environment").values()
                if _at(variable, "value").text()
            },
        )


def _at(tree: Tree, key: str) -> Tree:
    """What a key gives as the service writes it, or as stacks do, with a capital letter."""
    return tree.at(key) or tree.at(key[0].upper() + key[1:])
