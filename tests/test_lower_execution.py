"""Flow graphs against Python itself: the same function run and its graph followed must leave the
same log.
"""

from __future__ import annotations

import random
import types
import warnings
from collections.abc import Callable

import libcst as cst
import pytest
from flow_interpreter import ERRORS, EndlessError, Interpreter, Thing, World, plain
from graph_checks import problems
from hypothesis import given, settings
from hypothesis import strategies as st
from random_programs import Flavour, Writer

from conn_lint.flow.draw import draw_text
from conn_lint.lower.unit import lower_unit
from conn_lint.model.flow import FlowGraph
from conn_lint.syntax.convert import convert


def compiled(source: str) -> Callable[..., object]:
    scope: dict[str, object] = dict(ERRORS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        exec(compile(source, "<program>", "exec"), scope)
    function = scope["f"]
    assert callable(function)
    return function


def run_for_real(source: str, world: World) -> tuple[str, object]:
    function = compiled(source)
    try:
        outcome = function(world.call, world.manager, world.items, Thing(world))
        if isinstance(outcome, types.GeneratorType):
            outcome = drive(outcome, world)
    except BaseException as error:  # noqa: BLE001
        return "raised", type(error).__name__
    return "returned", plain(outcome)


def drive(generator: types.GeneratorType[object, None, object], world: World) -> object:
    try:
        value = next(generator)
        while True:
            error = world.resume(plain(value))
            value = generator.send(None) if error is None else generator.throw(error)
    except StopIteration as stop:
        return stop.value


def alike(real: object, followed: object) -> bool:
    """`?` stands for what only one of the two knows."""
    if "?" in (real, followed):
        return True
    if isinstance(real, tuple) and isinstance(followed, tuple):
        return len(real) == len(followed) and all(map(alike, real, followed))
    return real == followed


def graph_of(source: str) -> FlowGraph:
    function = lower_unit(convert(cst.parse_module(source))).functions[0]
    assert list(problems(function)) == []
    return function.graph


def compare(source: str, seed: int, trouble: float, flavour: Flavour = Flavour.ANY) -> None:
    """Compare the logs and the outcomes; the type of the exception only where the graph can tell."""
    single = flavour is Flavour.SINGLE
    real_world, graph_world = (World(seed, trouble, single=single) for _ in range(2))
    real = run_for_real(source, real_world)
    if len(real_world.log) > real_world.limit:
        return
    graph = graph_of(source)
    try:
        followed: tuple[str, object] = Interpreter(graph, graph_world).run()
    except EndlessError:
        followed = ("endless", None)
    story = f"{source}\n{draw_text(graph)}\n{real_world.log}\n{graph_world.log}\n{real} {followed}"
    assert alike(tuple(real_world.log), tuple(graph_world.log)), story
    assert real[0] == followed[0], story
    # Jumps and exceptions in a finally can cancel a return, whose value the interpreter then
    # forgets or keeps.
    if flavour is not Flavour.ANY and None not in (real[1], followed[1]):
        assert alike(real[1], followed[1]), story


@settings(max_examples=300, deadline=None)
@given(
    shape=st.integers(0, 2**32),
    seed=st.integers(0, 2**32),
    trouble=st.sampled_from((0.02, 0.1, 0.3)),
    yields=st.booleans(),
    flavour=st.sampled_from(Flavour),
)
def test_graph_runs_as_the_function_does(
    shape: int, seed: int, trouble: float, yields: bool, flavour: Flavour
) -> None:
    source = Writer(random.Random(shape), flavour, yields=yields).function()
    compare(source, seed, trouble, flavour)


CASES = {
    "return in finally overrides an exception": """
def f(c, m, i, t):
    try:
        c(1)
    finally:
        return c(2)
""",
    "break in finally overrides a return": """
def f(c, m, i, t):
    for x in i(1):
        try:
            return c(2)
        finally:
            if c(3):
                break
    else:
        c(4)
    c(5)
""",
    "with swallows and goes on behind the block": """
def f(c, m, i, t):
    for x in i(1):
        with m(2) as y, m(3):
            c(4)
            continue
        c(5)
    return c(6)
""",
    "yield in try and finally": """
def f(c, m, i, t):
    try:
        with m(1):
            yield c(2)
        yield c(3)
    except Exception:
        yield c(4)
        raise
    finally:
        c(5)
        yield c(6)
""",
    "swapped names": """
def f(c, m, i, t):
    x, y = c(1), c(2)
    x, y = y, x
    return c(3, (x, y))
""",
}


@pytest.mark.parametrize("source", CASES.values(), ids=CASES.keys())
def test_many_worlds_of_one_function(source: str) -> None:
    for seed in range(200):
        compare(source, seed, 0.2)
