"""Reads templates of serverless functions: how many instances of each may run at a time."""

from __future__ import annotations

from collections.abc import Iterator

from conn_lint.deploy.described import ONE
from conn_lint.deploy.tree import Tree
from conn_lint.model.deployment import Figure, Process

ACCOUNT_LIMIT = 1000  # of a new account in a region, which all its functions share
_PROVISIONED = ("provisionedConcurrency",)
_FUNCTION_TYPES = ("AWS::Serverless::Function", "AWS::Lambda::Function")


def functions(tree: Tree) -> Iterator[Process]:
    """The functions of a serverless.yml, or of a template in CloudFormation's words."""
    for name, function in tree.at("functions").items():
        handler = function.text("handler")
        runtime = function.text("runtime") or tree.text("provider", "runtime")
        if handler and _runs_python(runtime):
            yield _process(str(name), handler, function, "reservedConcurrency")
    for name, resource in tree.at("Resources").items():
        properties = resource.at("Properties")
        if resource.text("Type") in _FUNCTION_TYPES and _is_python(tree, properties):
            handler = properties.text("Handler") or tree.text("Globals", "Function", "Handler")
            yield _process(str(name), handler, properties, "ReservedConcurrentExecutions")


def _is_python(tree: Tree, properties: Tree) -> bool:
    return _runs_python(properties.text("Runtime") or tree.text("Globals", "Function", "Runtime"))


def _runs_python(runtime: str) -> bool:
    """As far as it is said; what is left open (`${env:RUNTIME}`) may be Python."""
    return not runtime or runtime.startswith(("python", "$"))


def _process(name: str, handler: str, function: Tree, key: str) -> Process:
    reserved = function.number(key)
    assumed: tuple[str, ...] = ()
    if reserved is not None:
        instances = Figure(reserved, "read", function.path, function.line(key))
    else:
        note = f"no {key}: the account's limit"
        instances = Figure(ACCOUNT_LIMIT, "assumed", function.path, function.line(), note)
        assumed = (
            f"{name}: {ACCOUNT_LIMIT} instances at a time, the account's limit: no {key} is set",
        )
    return Process(
        name=name,
        instances=instances,
        workers=ONE,
        threads=ONE,
        target=handler,
        launcher="serverless",
        path=function.path,
        line=function.line(),
        assumed=assumed,
    )
