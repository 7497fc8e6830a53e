"""Calls that are given a keyword: where it goes, and where it is left to the author."""

from __future__ import annotations

import pytest

from conn_lint.fixes.apply import apply_edits
from conn_lint.fixes.keywords import set_keyword
from conn_lint.fixes.parsed import Parsed, RenderError
from conn_lint.model.fix import Applicability, FixPlan
from conn_lint.model.location import Location, Span


def rendered(text: str, change: str, name: str = "") -> str:
    """The text after its first call of `f` was given what `change` says."""
    data = text.encode()
    parsed = Parsed("m.py", data)
    spans = [s for s in parsed._by_span if parsed.text_of(s).startswith("f(")]
    plan = FixPlan(
        kind="set-keyword",
        title="",
        applicability=Applicability.UNSAFE,
        spans=(Location("m.py", min(spans)),),
        details=(("set", change), ("import", name)),
    )
    after = apply_edits(data, set_keyword(plan, {"m.py": parsed})).decode()
    compile(after, "m.py", "exec")
    return after


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ("x = f()\n", "a=1", "x = f(a=1)\n"),
        ("x = f(b)\n", "a=1", "x = f(b, a=1)\n"),
        ("x = f(b,)\n", "a=1", "x = f(b, a=1)\n"),
        ("x = f(b, c=2)\n", "a=1\nd=2", "x = f(b, c=2, a=1, d=2)\n"),
        ("x = f(b, a=None)\n", "a=1", "x = f(b, a=1)\n"),
        ("x = f(\n    b,\n    c=2,\n)\n", "a=1", "x = f(\n    b,\n    c=2,\n    a=1,\n)\n"),
        ("x = f(\n    b,\n    c=2\n)\n", "a=1", "x = f(\n    b,\n    c=2,\n    a=1\n)\n"),
        ("x = f(\n    b,  # why\n)\n", "a=1", "x = f(\n    b,  # why\n    a=1,\n)\n"),
        ("x = f(\n    b, c\n)\n", "a=1", "x = f(\n    b, c, a=1\n)\n"),
        ("x = f(b)\n", "o.k=0", 'x = f(b, o={"k": 0})\n'),
        ("x = f(b)\n", "o.k=0\no.l=1", 'x = f(b, o={"k": 0, "l": 1})\n'),
        ("x = f(o={'z': 1})\n", "o.k=0", "x = f(o={'z': 1, \"k\": 0})\n"),
        ("x = f(o={'k': 1})\n", "o.k=0", "x = f(o={'k': 0})\n"),
        ("x = f(o={})\n", "o.k=0", 'x = f(o={"k": 0})\n'),
        ("async def g():\n    x = await f(b)\n", "a=1", "async def g():\n    x = await f(b, a=1)\n"),
    ],
)  # fmt: skip
def test_where_it_goes(before: str, change: str, after: str) -> None:
    assert rendered(before, change) == after


@pytest.mark.parametrize(
    "text",
    [
        "x = f(**o)\n",
        "x = f(*o)\n",
        "x = f(o=p)\n",
        "x = f(o={**p})\n",
        "x = f(\n    b  # why\n)\n",
        "x = f((b))\n",
        "x = f(  # why\n)\n",
    ],
)
def test_what_is_left_to_the_author(text: str) -> None:
    with pytest.raises(RenderError):
        rendered(text, "o.k=0")


def test_a_name_is_imported() -> None:
    after = rendered("import os\n\nx = f(os)\n", "c={}", "lib.pool.Null")
    assert "from lib.pool import Null\n" in after
    assert "f(os, c=Null)" in after
    assert rendered("import lib.pool\nx = f()\n", "c={}", "lib.pool.Null").endswith(
        "f(c=lib.pool.Null)\n"
    )


def test_several_calls_get_it() -> None:
    data = b"f(1)\ng(f(2))\n"
    parsed = Parsed("m.py", data)
    places = (Span(1, 0, 1, 4), Span(2, 2, 2, 6))
    spans = tuple(Location("m.py", span) for span in (places[0], *places))
    plan = FixPlan("set-keyword", "", Applicability.SAFE, spans, (("set", "a=1"),))
    assert apply_edits(data, set_keyword(plan, {"m.py": parsed})) == b"f(1, a=1)\ng(f(2, a=1))\n"
