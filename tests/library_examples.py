"""Small programs made from the `example` of a resource: dropped, released, in `with`, imported in several ways."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from conn_lint.knowledge.load import load_builtin
from conn_lint.knowledge.lookup import Knowledge
from conn_lint.model.resource import Resource, WithMeaning

KNOWLEDGE = Knowledge(load_builtin())
STYLES = ("import a.b", "import a.b as c", "from a import b", "from a import b as c")


class Case(NamedTuple):
    """One function that acquires a resource, and the rules that are to speak at it."""

    name: str
    body: tuple[str, ...]
    rules: frozenset[str]


class Program(NamedTuple):
    """One file; `lines` tells the case that each line belongs to."""

    text: str
    cases: tuple[Case, ...]
    lines: dict[int, str]


def needs_release(resource: Resource) -> bool:
    """Whether dropping one is reported: `analyze.project` has the same words."""
    if resource.kind in ("factory", "cursor", "config"):
        return False
    need = resource.must_release
    return need == "yes" or (need == "advised" and resource.kind != "client")


def type_of(node: ast.expr) -> str:
    """The type of what an expression of an example gives."""
    match node:
        case ast.Await(value=value):
            return type_of(value)
        case ast.Subscript(value=value):
            return _result(f"{type_of(value)}.__getitem__")
        case ast.Call(func=ast.Call() as func):
            return _result(f"{type_of(func)}.__call__")
        case ast.Call(func=func):
            return _result(name_of(func))
        case _:
            raise AssertionError(ast.dump(node))


def name_of(node: ast.expr) -> str:
    """The dotted name of a callee, `Type.method` behind a call."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name() | ast.Attribute() as value, attr=attr):
            return f"{name_of(value)}.{attr}"
        case ast.Attribute(value=value, attr=attr):
            return f"{type_of(value)}.{attr}"
        case _:
            raise AssertionError(ast.dump(node))


def _result(callee: str) -> str:
    operation = KNOWLEDGE.operation(callee)
    if operation is not None:
        return operation.returns or callee.rpartition(".")[0]
    resource = KNOWLEDGE.acquisition(callee)
    assert resource is not None, callee
    return resource.value


class _Importer(ast.NodeTransformer):
    """Writes dotted names of libraries as an import style wants them, and collects the imports."""

    def __init__(self, style: str) -> None:
        self.style = style
        self.imports: dict[str, None] = {}
        self.names: dict[str, None] = {}

    def dotted(self, name: str) -> str:
        """How the dotted name of something in a library is written."""
        parts = name.split(".")
        last = next((i for i, p in enumerate(parts) if i and p[0].isupper()), len(parts) - 1)
        module, rest = ".".join(parts[:last]), ".".join(parts[last + 1 :])
        tail = f".{rest}" if rest else ""
        match self.style:
            case "import a.b":
                self.imports[f"import {module}"] = None
                return name
            case "import a.b as c":
                self.imports[f"import {module} as lib{last}"] = None
                return f"lib{last}.{parts[last]}{tail}"
            case "from a import b":
                self.imports[f"from {module} import {parts[last]}"] = None
                return f"{parts[last]}{tail}"
            case _:
                self.imports[f"from {module} import {parts[last]} as the_{parts[last]}"] = None
                return f"the_{parts[last]}{tail}"

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        root: ast.expr = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name) and root.id != "owner":
            return ast.parse(self.dotted(ast.unparse(node)), mode="eval").body
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        self.names[node.id] = None
        return node


class _Acquire(NamedTuple):
    """How a resource is got: `call` as written, what it is called on, and what stands above the functions."""

    call: str
    owner: str
    above: tuple[str, ...]
    parameters: str


def _acquire(resource: Resource, importer: _Importer) -> _Acquire:
    """Split the example: what it is called on is made at module level, or an annotated parameter."""
    call = ast.parse(resource.example, mode="eval").body
    assert isinstance(call, ast.Call)
    above: list[str] = []
    parameters = ""
    for index, argument in enumerate(call.args):
        if any(isinstance(part, ast.Call) for part in ast.walk(argument)):
            above.append(f"given{index} = {ast.unparse(importer.visit(argument))}")
            call.args[index] = ast.Name(f"given{index}")
    owner = "owner"
    if isinstance(call.func, ast.Call):
        above.append(f"owner = {ast.unparse(importer.visit(call.func))}")
        call.func = ast.Name("owner")
    elif isinstance(call.func, ast.Attribute) and not isinstance(
        call.func.value, ast.Name | ast.Attribute
    ):
        value = call.func.value
        if any(isinstance(part, ast.Await) for part in ast.walk(value)):
            parameters = f"owner: {importer.dotted(type_of(value))}"
        else:
            above.append(f"owner = {ast.unparse(importer.visit(value))}")
        call.func.value = ast.Name("owner")
    made = ast.unparse(importer.visit(call))
    names = [n for n in importer.names if not n.startswith("given") and n != "owner"]
    above = [*(f"from config import {name}" for name in names), "from tasks import work", *above]
    return _Acquire(made, owner, tuple(above), parameters)


def program(resource: Resource, style: str) -> Program:
    """The file with all cases of a resource."""
    importer = _Importer(style)
    acquire = _acquire(resource, importer)
    found = tuple(_cases(resource, acquire, importer))
    out = ["from __future__ import annotations", *importer.imports, *acquire.above, ""]
    lines: dict[int, str] = {}
    word = "async def" if resource.is_async or "await" in acquire.call else "def"
    for case in found:
        start = len(out) + 1
        out.append(f"{word} {case.name}({acquire.parameters}):")
        out.extend(f"    {line}" for line in case.body)
        lines.update(dict.fromkeys(range(start, len(out) + 1), case.name))
        out.append("")
    text = "\n".join(out)
    ast.parse(text)
    return Program(text, found, lines)


def _cases(resource: Resource, acquire: _Acquire, importer: _Importer) -> Iterator[Case]:
    leak = needs_release(resource)
    opening = _opening(resource, acquire.call)
    use = _use(resource)
    yield _case("dropped", [*opening, *use, "work()"], "never-released" if leak else "")
    for number, release in enumerate(_releases(resource, acquire, importer)):
        body = [*opening, "try:", *_indent([*use, "work()"]), "finally:", f"    {release}"]
        yield _case(f"in_finally_{number}", body, "")
        late = [*opening, *use, "work()", release]
        yield _case(f"at_the_end_{number}", late, "not-released-on-error" if leak else "")
    for name in resource.loses_slot:
        body = [*opening, "try:", *_indent([*use, "work()"]), "finally:", f"    value.{name}()"]
        yield _case(f"loses_slot_{name}", body, "pooled-connection-closed" if leak else "")
    for kind, manager, meaning in _managers(resource, acquire.call):
        rule = _rule_of_with(resource, meaning) if leak else ""
        word = "async with" if kind.startswith("async") else "with"
        inside = _indent([*_use(resource), "work()"])
        yield _case(f"{kind}_as", [f"{word} {manager} as value:", *inside], rule)
        if not resource.call.endswith("with-only"):
            named = [f"value = {manager}", f"{word} value:", *inside]
            yield _case(f"{kind}_named", named, rule)


def _rule_of_with(resource: Resource, meaning: WithMeaning) -> str:
    if meaning == "ends-transaction":
        return "with-does-not-close"
    lost = meaning == "closes" and "close" in resource.loses_slot
    return "pooled-connection-closed" if lost else ""


def _case(name: str, body: list[str], rule: str) -> Case:
    return Case(name, tuple(body), frozenset({rule} if rule else ()))


def _indent(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _opening(resource: Resource, call: str) -> list[str]:
    if resource.call in ("await", "await-or-async-with"):
        return [f"value = await {call}"]
    if resource.call == "async-with-only":
        return [f"manager = {call}", "value = await manager.__aenter__()"]
    if resource.call in ("with-only", "decorator-or-with"):
        return [f"manager = {call}", "value = manager.__enter__()"]
    return [f"value = {call}"]


def _use(resource: Resource) -> list[str]:
    """What wakes a lazy one."""
    if not resource.lazy:
        return []
    first = next((name for name in resource.begins if name != "*"), "execute")
    return [f'{"await " if resource.is_async else ""}value.{first}("select 1")']


def _releases(resource: Resource, acquire: _Acquire, importer: _Importer) -> Iterator[str]:
    wait = "await " if resource.is_async else ""
    for name in resource.release:
        word = "await " if name in resource.release_awaited else ""
        if name in ("__exit__", "__aexit__"):
            target = "manager" if resource.call.endswith("with-only") else "value"
            yield f"{word}{target}.{name}(None, None, None)"
        else:
            yield f"{word}value.{name}()"
    for name in resource.release_on_owner:
        yield f"{wait}{acquire.owner}.{name}(value)"
    for name in resource.release_by:
        yield f"{wait}{importer.dotted(name)}(value)"


def _managers(resource: Resource, call: str) -> Iterator[tuple[str, str, WithMeaning]]:
    """Ways to write a with: its kind, what stands behind `with`, and what its end means."""
    skipped = ("absent", "raises")
    awaited = f"await {call}"
    if resource.with_ not in skipped:
        sync = awaited if resource.call in ("await", "await-or-async-with") else call
        yield "with", sync, resource.with_
    if resource.async_with in skipped:
        return
    if resource.call == "await":
        yield "async_with_awaited", awaited, resource.async_with
        return
    yield "async_with", call, resource.async_with
    if resource.call == "await-or-async-with":
        meaning = resource.async_with_awaited or resource.async_with
        if meaning not in skipped:
            yield "async_with_awaited", awaited, meaning
