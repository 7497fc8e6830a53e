"""The call that makes a pool, with what the call of a single connection was given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from conn_lint.fixes.parsed import Parsed, RenderError
from conn_lint.model.fix import FixPlan

_WIDEST = 100

Given = tuple[str, ...]
"""An argument: its text, or a dict's head, its items and its end."""


def arguments(parsed: Parsed, call: cst.Call, plan: FixPlan, size: str) -> tuple[Given, ...]:
    """What the pool is given; raises RenderError. `size` is how the code calls the number of its connections."""
    own = [parsed.text(arg).rstrip().rstrip(",") for arg in call.args]
    if any("\n" in text or "#" in text for text in own):
        raise RenderError("its arguments need more than a line")
    names = plan.detail("sizes").split()
    sizes = [(f"{name}={size}",) for name in names]
    also = [(text,) for text in plan.detail("also").split(";") if text]
    match plan.detail("given"):
        case "nested":
            return (*_nested(plan, parsed, call, own), *sizes, *also)
        case "creator":
            _check_named(call)
            return ((_creator(parsed, call),), *sizes, *also, *((text,) for text in own))
        case "named":
            _check_named(call)
        case _ if not names:
            return ((size,), (size,), *((text,) for text in own))
        case _:
            pass
    return (*((text,) for text in own), *sizes, *also)


def _check_named(call: cst.Call) -> None:
    if any(arg.keyword is None and arg.star != "**" for arg in call.args):
        raise RenderError("it is given its settings by position")


def _creator(parsed: Parsed, call: cst.Call) -> str:
    """The module whose `connect` is called."""
    match call.func:
        case cst.Attribute(value=module, attr=cst.Name(value="connect")):
            return parsed.text(module)
        case _:
            raise RenderError("the module that connects has no name here")


def _nested(plan: FixPlan, parsed: Parsed, call: cst.Call, own: Sequence[str]) -> Iterator[Given]:
    """The first argument by itself, the others in a dict."""
    items: list[str] = []
    for at, (arg, text) in enumerate(zip(call.args, own, strict=True)):
        first = arg.keyword is not None and arg.keyword.value == plan.detail("first")
        if first or (at == 0 and arg.keyword is None and not arg.star):
            yield (text,)
        elif arg.star == "**":
            items.append(text)
        elif arg.keyword is not None:
            items.append(f'"{arg.keyword.value}": {parsed.text(arg.value)}')
        else:
            raise RenderError("it is given its settings by position")
    match items:
        case []:
            pass
        case [one] if one.startswith("**") and one[2:].isidentifier():
            yield (f"{plan.detail('nested')}={one[2:]}",)
        case _:
            yield (f"{plan.detail('nested')}={{", *items, "}")


def call_of(head: str, func: str, given: Sequence[Given], unit: str) -> list[str]:
    """`HEAD func(...)`, on one line if it fits."""
    line = f"{head}{func}({', '.join(map(_flat, given))})"
    if len(line) <= _WIDEST:
        return [line]
    indent = head[: len(head) - len(head.lstrip())]
    deeper = indent + unit
    listed: list[str] = []
    for argument in given:
        text = f"{deeper}{_flat(argument)},"
        if len(argument) == 1 or len(text) <= _WIDEST:
            listed.append(text)
        else:
            start, *items, end = argument
            inner = [f"{deeper}{unit}{item}," for item in items]
            listed += [deeper + start, *inner, f"{deeper}{end},"]
    return [f"{head}{func}(", *listed, f"{indent})"]


def _flat(argument: Given) -> str:
    if len(argument) == 1:
        return argument[0]
    start, *items, end = argument
    return f"{start}{', '.join(items)}{end}"
