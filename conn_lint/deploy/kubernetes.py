"""Reads Kubernetes' workloads: their containers' commands, and how many pods there may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from conn_lint.deploy.compose import joined
from conn_lint.deploy.described import Described
from conn_lint.deploy.tree import Tree
from conn_lint.model.deployment import Figure

_WORKLOADS = frozenset(("Deployment", "StatefulSet", "Rollout", "ReplicaSet", "DaemonSet"))


def autoscaled(parts: list[Tree]) -> dict[str, Figure]:
    """How many pods an autoscaler may make, by the name of what it scales."""
    found: dict[str, Figure] = {}
    for part in parts:
        if part.text("kind") == "HorizontalPodAutoscaler":
            most = part.number("spec", "maxReplicas")
            name = part.text("spec", "scaleTargetRef", "name")
            if most and name:
                found[name] = Figure(most, "read", part.path, part.line("spec", "maxReplicas"))
    return found


def workloads(parts: list[Tree], scaled: Mapping[str, Figure], default: str) -> Iterator[Described]:
    """One for each container; `default` is what the project's own image runs, where nothing else is said."""
    for part in parts:
        if part.text("kind") not in _WORKLOADS:
            continue
        name = part.text("metadata", "name")
        replicas = part.number("spec", "replicas")
        instances = scaled.get(name)
        if instances is None and replicas is not None:
            instances = Figure(replicas, "read", part.path, part.line("spec", "replicas"))
        containers = list(part.at("spec", "template", "spec", "containers").items())
        for number, (_, container) in enumerate(containers):
            command = " ".join(
                text for key in ("command", "args") if (text := joined(container.at(key)))
            )
            if not command and number:
                continue  # a side-car
            yield Described(
                name=name or container.text("name"),
                command=command or default,
                path=part.path,
                line=container.line("command") or container.line("args") or container.line(),
                instances=instances,
                environment={
                    variable.text("name"): variable.text("value")
                    for variable in container.at("env").values()
                    if variable.text("value")
                },
            )
