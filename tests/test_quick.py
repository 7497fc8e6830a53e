"""What Python's own parser tells comes to the same summary as what LibCST tells."""

from __future__ import annotations

import os
import random
import sysconfig
from pathlib import Path

import pytest

from conn_lint.lower.unit import lower_unit, read_unit
from conn_lint.syntax.convert import read_slowly
from conn_lint.syntax.deep import run_deep
from conn_lint.syntax.quick import NotQuickError, read_quickly
from conn_lint.syntax.skeleton import read_skeleton
from conn_lint.syntax.slices import UnitError, slice_unit
from conn_lint.syntax.source import SourceError, decode

FIXTURES = Path(__file__).parents[1] / "fixtures"
STDLIB = Path(sysconfig.get_paths()["stdlib"])
TRICKY = ("ast.py", "contextlib.py", "dataclasses.py", "json/decoder.py", "asyncio/queues.py")
GRAMMAR = (
    "test_patma.py",
    "test_grammar.py",
    "test_fstring.py",
    "test_with.py",
    "test_string_literals.py",
)

COVERED = {
    "strings": "a = 'x' \"y\" '''z\n''' 'ä' u'b' r'\\d'\nz = rb'\\d' b'e'\nb = ('c' # d\n  'e' \\\n  f'{g}h')\n",
    "formatted": "a = f'{b.c}{{d}}\\n{e():>{w.x}.2f}{f!r}' 'g' rf'\\{h[0]}' f'{i=}{\"j\"}'\n",
    "formatted in brackets": "a = f'{(b or c).d}{ {e: f}[g] }{(lambda: h)()}{i != j.k}'\n",
    "beyond one byte": "ä = 'ö'; b('€', c.d); e = f'𝄞{f.g}'\nwith ö('ü') as h: i(h)\n",
    "numbers": "a = 1_0 + 0xff + 1e3 - 2j * -1 + ~5 + 10 ** 400 + 0b1\n",
    "operators": "a = b or (c or d.e) and not f.g(); h = (i + j) + k - l ** m ** n < o.p <= q\n",
    "arguments": "f(a, *b, c=d, *e.f, **g)\nf(x.y for x in z)\nf((yield))[1:2, ::3, ...][a,]\nf[()][(g, h.i)]\n",
    "tuples": "for a in (1, b.c): pass\nfor a in (\n  d,\n  (e), f.g ,\n): pass\n",
    "bare tuples": "for a in e, (f): pass\nfor a in (g), h: pass\n",
    "items": "with a() as b, (c()) as d.e, f: pass\nwith (g() as h,\n   i.j() as (k, l)): pass\nwith (m.n()): pass\n",
    "brackets around items": "with (a(), b()): pass\nwith (c) as d, (e): pass\nwith (yield f) as g: pass\n",
    "branches": "if a.b: c\nelif d.e: f()\nelse:\n  if g.h: i\n  else: j.k\n",
    "handlers": "try: a.b()\nexcept (c, d.e) as f: g\nexcept (h) as i: raise j\nexcept: l\nelse: m\nfinally: n()\n",
    "functions": "@a.b(c)\nasync def f(g, /, h: i.j = k(), *l: m, n=1, **o) -> p[q]:\n  await r.s(); return t\n",
    "classes": "@a\nclass B(C, d.e, meta=e.f, **k):\n  g: h = i()\n  j.k: int\n  def l(self): return lambda m=n.o: m\n",
    "imports": "import a.b as c, d.e\nfrom . import f\nfrom ..g.h import (i,\n  j as k)\nfrom l import *\n",
    "targets": "a, (b.c, *d) = e = f\n[g, h[i]] = j\nk.l += m\ndel n, (o.p, q[0])\nu = (v,)\n",
    "comprehensions": "a = {b: c.d for b, e in f.g if h() if i for j in b}\nasync def k(): [l async for l in m]\n",
    "semicolons": "a(); b(\n); c = d \\\n  + e;\nif f: g(); h()\n",
    "loops": "while a.b():\n  continue\nelse: c()\nfor d.e, f in g():\n  break\nelse:\n  h\n",
    "names": "def f():\n  global a, b\n  def g():\n    nonlocal c\n    c = (d := e.f())\n  return g\n",
    "patterns": "match a.b():\n    case [c, *d] if e.f(c): g(d)\n    case (h, (i)) | [h, i]: j\n    case _: k.l()\n",
    "patterns in parts": "match a, b:\n  case C(d, e=f.G(), h=[*_]) as i: j(i)\n  case {'k': l, -1: None, **m}: n\n",
    "patterns with values": "match a:\n case 'b' 'c' | d.E | 1 + 2j: f()\n case {\n  'g': (h as i), **j,\n }: k(j)\n",
    "blanks": "def  f ( a ) :\n\n    # b\n    c . d (\n      e\n    ) # f\n    # g\nclass  H : pass\n",
}
LEFT_TO_LIBCST = {
    "carriage returns": "a.b()\r\nc.d()\r\n",
    "a loop over a generator": "for a in (b.c for d in e): pass\n",
    "bases unpacked before keywords": "class A(B, *c, d=e): pass\n",
    "an element in brackets": "for a in ((b), c): pass\n",
    "a block that ends with a semicolon": "if a: b.c();\n",
    "form feeds": "if a:\n\tb()\n\x0c\nc()\n",
    "a doubled bracket": "for a in ((b)), c: pass\nwith ((d)) as e: pass\n",
    "a named character": "a = f'\\N{DASH}{b.c}'\n",
    "a mark in front": "\ufeffa = 1\n",
}


def both(text: str, *, rest: bool) -> bool:
    """Whether the quick way went; it must come to the same if LibCST can read the text."""
    try:
        found = lower_unit(read_quickly(text), rest)
    except NotQuickError:
        return False
    try:
        slow = read_slowly(text)
    except UnitError:
        return True
    assert found == lower_unit(slow, rest)
    return True


@pytest.mark.parametrize("name", COVERED)
def test_both_ways_come_to_the_same(name: str) -> None:
    text = COVERED[name]
    assert both(text, rest=False)
    assert both("def around():\n" + _indented(text), rest=False)
    assert both("    async def around():\n" + _indented(_indented(text)), rest=False)


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


@pytest.mark.parametrize("name", LEFT_TO_LIBCST)
def test_the_rest_is_left_to_libcst(name: str) -> None:
    text = LEFT_TO_LIBCST[name]
    assert not both(text, rest=False)
    assert read_unit(text) == lower_unit(read_slowly(text))


def test_errors_are_told_by_libcst() -> None:
    with pytest.raises(UnitError, match="invalid syntax"):
        read_unit("x = = 1\n")


def test_real_files() -> None:
    files = sorted(FIXTURES.rglob("*.py"))
    files += [STDLIB / name for name in TRICKY]
    files += [path for path in (STDLIB / "test" / name for name in GRAMMAR) if path.exists()]
    library = [path for path in STDLIB.rglob("*.py") if "lib2to3" not in path.parts]
    whole = os.environ.get("CONN_LINT_WHOLE_LIBRARY") is not None
    files += library if whole else random.Random(11).sample(sorted(library), 30)

    def check() -> None:
        went = [way for path in files for way in _units(path)]
        assert went.count(True) > 0.95 * len(went)

    run_deep(check)


def _units(path: Path) -> list[bool]:
    try:
        text = decode(path.read_bytes()).text
        skeleton = read_skeleton(text)
    except SourceError:
        return []
    if skeleton.error:
        return []
    numbers = range(len(skeleton.units))
    return [both(slice_unit(text, skeleton, number), rest=number == 0) for number in numbers]
