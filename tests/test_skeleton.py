from __future__ import annotations

import os
import random
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skeleton_oracle import LIBRARY, differences, read

from conn_lint.model.flow import Import
from conn_lint.model.summary import Skeleton
from conn_lint.syntax.scan import scan
from conn_lint.syntax.skeleton import read_skeleton

# Of the library's own files, those that test the syntax are always read.
GRAMMAR = {
    "test_class.py",
    "test_decorators.py",
    "test_fstring.py",
    "test_global.py",
    "test_grammar.py",
    "test_lambda.py",
    "test_named_expressions.py",
    "test_patma.py",
    "test_string_literals.py",
    "test_type_aliases.py",
    "test_type_params.py",
    "test_unicode_identifiers.py",
    "test_unpack_ex.py",
}


def skeleton(text: str) -> Skeleton:
    return read_skeleton(textwrap.dedent(text).lstrip("\n"))


def files() -> list[Path]:
    found = sorted(LIBRARY.rglob("*.py"))
    if os.environ.get("CONN_LINT_WHOLE_LIBRARY") is None:
        always = [path for path in found if path.name in GRAMMAR]
        return always + random.Random(11).sample(found, 80)
    return found


def test_library_is_read_as_python_reads_it() -> None:
    different: dict[Path, list[str]] = {}
    for path in files():
        found = read(path)
        if found is not None:
            text, tree = found
            different[path] = differences(text, tree, read_skeleton(text))
    assert len(different) > 80
    assert {path: said for path, said in different.items() if said} == {}


def test_heads() -> None:
    found = skeleton(
        """
        @a(1, "x") # why
        # between
        @ b . c
        class C[T: (int, str)](  # generic
            Base[int],  # why
            metaclass=lambda name, bases: M,
        ):
            async  def m(self, x=")"): return 1; 2
            if x:
                class D: pass
                def n(self):
                    def inner(): '''
        def no(): pass
        '''
                    return inner
                # not the end

        # behind
        def f() -> lambda: 0: x
        """
    )
    assert [
        (h.kind, h.qualname, h.parent, h.unit, h.line, h.def_line, h.end_line, h.is_async)
        for h in found.heads
    ] == [
        ("class", "C", -1, 0, 1, 4, 15, False),
        ("function", "C.m", 0, 1, 8, 8, 8, True),
        ("class", "C.D", 0, 0, 10, 10, 10, False),
        ("function", "C.n", 0, 2, 11, 11, 15, False),
        ("function", "C.n.inner", 3, 2, 12, 12, 14, False),
        ("function", "f", -1, 3, 19, 19, 19, False),
    ]
    assert found.heads[0].decorators == ('a(1, "x")', "b . c")
    assert found.heads[0].bases == ("Base[int]", "metaclass=lambda name, bases: M")
    assert [head.colon for head in found.heads] == [
        (7, 2), (8, 30), (10, 16), (11, 20), (12, 24), (19, 21),
    ]  # fmt: skip
    assert [(u.head, u.line, u.end_line) for u in found.units] == [
        (-1, 1, 19),
        (1, 8, 8),
        (3, 11, 15),
        (5, 19, 19),
    ]


def test_imports() -> None:
    found = skeleton(
        """
        import a, b.c as d, e . f; import g
        from . import h
        from .. i.j import (k as l,  # why
            m, )
        from n import *
        from...o import p
        if TYPE_CHECKING: from q import r
        def f():
            '''
            import no
            '''
            yield \\
                from_x
            try: import s
            except ImportError: s = "import no"; import t as s
            x = {1: import_, 2: 3}; importer.from_()
        from u \\
            import v, \\
                w
        """
    )
    assert found.imports == (
        Import("a", None, "a", 0, 1),
        Import("b.c", None, "d", 0, 1, True),
        Import("e.f", None, "e", 0, 1),
        Import("g", None, "g", 0, 1),
        Import("", "h", "h", 1, 2),
        Import("i.j", "k", "l", 2, 3),
        Import("i.j", "m", "m", 2, 3),
        Import("n", "*", "*", 0, 5),
        Import("o", "p", "p", 3, 6),
        Import("q", "r", "r", 0, 7),
        Import("s", None, "s", 0, 14),
        Import("t", None, "s", 0, 15, True),
        Import("u", "v", "v", 0, 17),
        Import("u", "w", "w", 0, 17),
    )


def test_names_of_units() -> None:
    found = skeleton(
        """
        import one
        @two(three)
        def f(four: five = six, *seven):
            '''eight'''
            nine.ten = f"{eleven:{twelve}} {f'{thirteen}'}"  # fourteen
            def inner(): return fifteen
        sixteen = 'seventeen'
        """
    )
    head = {"two", "three", "f", "four", "five", "six", "seven"}
    assert set(found.units[0].names) == {"import", "one", "sixteen"} | head
    body = {"nine", "ten", "eleven", "twelve", "thirteen", "inner", "return", "fifteen"}
    assert set(found.units[1].names) == body | head | {"f"}
    assert list(found.units[1].names) == sorted(found.units[1].names)


def test_names_are_as_python_knows_them() -> None:
    found = skeleton("def \ufb01x(): \u212bngstr\u00f6m = \u0928\u093e\u092e\n")
    assert found.heads[0].name == "fix"
    assert found.units[1].names == ("fix", "\u00c5ngstr\u00f6m", "\u0928\u093e\u092e")


def test_logical_lines_over_several() -> None:
    found = skeleton(
        """
        x = (1,
             2)  # why
        y = 1
        z = '''
        ''' \\

        \\
        w = [
        # why
        ]; v = {
        }
        """
    )
    assert found.statements == ((1, 2), (4, 5), (8, 11))


@pytest.mark.parametrize(
    "literal",
    [
        pytest.param('f"{a["b"]}"', id="its own quotes"),
        pytest.param('f"{a["b"]} {c!r:>{d["e"]}} {{ {f"{g["}"]}"}"', id="formats and nesting"),
        pytest.param("f'{a[\"}\"]}'", id="a brace in a string"),
        pytest.param("rf'\\{b['}']}'", id="a backslash before a field"),
        pytest.param('rF"\\N{a["}"]}"', id="no name in a raw one"),
        pytest.param("f'\\N{DASH} {c['}']}'", id="a name"),
        pytest.param("F'{{{a['b']}}}'", id="doubled braces"),
        pytest.param("f'''{\na # why }'''\n['b']:{\nc}}'''", id="a comment"),
        pytest.param("f'{\na['b']\n}'", id="line breaks"),
        pytest.param('f"{a:\'}"', id="a quote in a format"),
        pytest.param('f"{a["b"]:%H:%M}{(lambda: "}")}{a:=5}{ {1: "2"}[1] }"', id="colons"),
        pytest.param('fr"""{"""a"""}"{b["c"]}"""', id="three quotes"),
        pytest.param("f'''a\n{b['''c''']:\n'}\n'''", id="line breaks in three quotes"),
        pytest.param("f'{a:b\n}{c['d']}'", id="a line break in a format"),
        pytest.param('f"{a:{{b["}"]}}}"', id="doubled braces in a format"),
        pytest.param("t'{a['b']}'", id="template"),
        pytest.param('Rb"\\""', id="raw bytes"),
        pytest.param("u'\\\nb'", id="backslash at the end of a line"),
        pytest.param("'''''\\''''", id="quotes in quotes"),
    ],
)
def test_strings_end_where_python_ends_them(literal: str) -> None:
    code = scan(f"{literal}\n").code
    assert set(code.lstrip("fFtTrRbBuU").removesuffix("\n")) <= {'"', "\r"}
    assert code.removesuffix("\n").endswith('"')


def test_a_file_for_no_python_with_nested_quotes_is_read_as_before() -> None:
    found = read_skeleton("x = f'{'\ny = f'{' '}'\nz = f'{a['b']} \n'\ndef f(): pass\n")
    assert [head.name for head in found.heads] == ["f"]
    assert found.statements == ()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("x = 1\ny = (\nz = [1]\n", "the bracket that opens at line 2 never closes"),
        ("x = 1\ny = '''\nz = 1\n", "the string that opens at line 2 never ends"),
        ("x = 1\ny = '''\\", "the string that opens at line 2 never ends"),
        (
            "x = 1\n\n" + "(" * 3000 + ")" * 3000,
            "brackets nested 3000 deep at line 3; files are read up to 200",
        ),
        (
            "([\n" * 101 + "])\n" * 101,
            "brackets nested 202 deep at line 101; files are read up to 200",
        ),
        (
            "\nf'{" + "(" * 200 + ")" * 200 + "}'",
            "brackets nested 201 deep at line 2; files are read up to 200",
        ),
        (
            "(" * 201 + ")" * 201,
            "brackets nested 201 deep at line 1; files are read up to 200",
        ),
        ("(" * 200 + ")" * 200, None),
        ("(" * 100 + ")" * 100 + "[" * 150 + "]" * 150, None),
        ("f'{" + "(" * 199 + ")" * 199 + "}'", None),
        ("x = 'abc\ny = 1\n", None),
        ("x = ')]}'  # ((((\n", None),
    ],
)
def test_errors(text: str, error: str | None) -> None:
    assert read_skeleton(text).error == error


@pytest.mark.parametrize(
    ("text", "lines"), [("", 0), ("\n", 1), ("x", 1), ("x\n", 1), ("x\r\ny\rz", 3), ("\x0c\x1c", 1)]
)
def test_lines_are_counted(text: str, lines: int) -> None:
    assert read_skeleton(text).lines == lines


@pytest.mark.parametrize(
    "text",
    [
        "class C:\n\x0c\n    def f(self): pass\n    x = 1\n",
        "\x0cclass C:\n\x0c    def f(self): pass\n  \x0c    x = 1\n",
        "class C:\n\tdef f(self): pass\n        # c\n\tx = 1\n",
        "class C:\n    \\\n  def f(self): pass\n    x = 1\n",
    ],
)
def test_form_feeds_tabs_and_backslashes_keep_the_indentation(text: str) -> None:
    found = read_skeleton(text + "y = 1\n")
    assert [(h.qualname, h.end_line) for h in found.heads] == [
        ("C", text.count("\n")),
        ("C.f", text.count("\n") - 1 - ("# c" in text)),
    ]


LEXEMES = ["def f(", "class C", "@", "async ", "import a", "from b ", ":", ";", "(", ")", "[", "}"]
LEXEMES += ["{", '"', "'", '"""', "f'", 'f"{', "rb'", "\\", "\\\n", "\n", "\n    ", "\n\t", "\x0c"]
LEXEMES += ["#", "# noqa", " ", "x", "é", "\0", "\r", "lambda", ",", "=", "\ud800", "pass"]


@given(st.lists(st.sampled_from(LEXEMES), max_size=40).map("".join))
def test_never_raises(text: str) -> None:
    found = read_skeleton(text)
    for head in found.heads:
        assert 1 <= head.line <= head.def_line <= head.colon[0] <= head.end_line <= found.lines


GROWING: dict[str, Callable[[int], str]] = {
    "open brackets": lambda n: "(" * n,
    "closed brackets": lambda n: "(" * n + ")" * n,
    "lines of nested brackets": lambda n: ("(" * 150 + ")" * 150 + "\n") * (n // 300),
    "quotes": lambda n: '"\n' * n,
    "broken f-strings": lambda n: 'f"{"\n' * n,
    "open fields": lambda n: 'f"{x\n' * n,
    "escapes": lambda n: '"' + "\\n" * n,
    "escapes in three quotes": lambda n: '"""' + "\\n" * n,
    "backslashes": lambda n: "\\" * n,
    "continued lines": lambda n: "\\\n" * n,
    "blanks": lambda n: " " * n + "x" + "\n" * n,
    "one long line": lambda n: "x = [" + "1, " * n + "]",
    "imports on a line": lambda n: "import a;" * n,
    "names in an import": lambda n: "from a import (" + "b, " * n + ")",
    "bases": lambda n: "class A(" + "lambda " * n + "b, " * n + "): pass",
    "decorators": lambda n: "@a\n" * n + "def f(): pass",
    "fields": lambda n: 'f"' + "{a:{b['c']}}" * n + '"',
    "comments": lambda n: "(" + "# noqa: " + "A1" * n + "\n# noqa" * n,
    "functions": lambda n: "def f(a, b=1): pass\n" * n,
}


@pytest.mark.parametrize("grow", GROWING.values(), ids=GROWING)
def test_time_grows_with_the_text(grow: Callable[[int], str]) -> None:
    def seconds(size: int) -> float:
        text = grow(size)
        before = time.process_time()
        read_skeleton(text)
        return time.process_time() - before

    small = min(seconds(4_000) for _ in range(3))
    assert seconds(40_000) < 40 * small + 0.1


def test_calls_of_units() -> None:
    found = skeleton(
        """
        import one
        @two(three)
        def four(five=six()):
            seven.eight (nine, ten=eleven)
            f"{twelve()} fourteen()"
            if (thirteen): return fifteen
        class Twenty(four()): # a head looks like a call, which does no harm
            x = twentyone[0](1)
        """
    )
    assert found.units[0].calls == ("", "Twenty", "four", "six", "two")
    assert found.units[1].calls == ("eight", "six", "twelve", "two")
    assert {"four", "nine", "thirteen"} <= set(found.units[1].names)


@pytest.mark.parametrize("call", ["f()()", "f[0]()", "(f)()", "(f or g)(1)", "f[0] \\\n (1)"])
def test_calls_without_a_name(call: str) -> None:
    assert "" in skeleton(f"x = {call}\n").units[0].calls


@pytest.mark.parametrize(
    "statement",
    ["x.a = 1", "x.y().a: T[b] = 1", "x.a, z = 1, 2", "(z, x.a) = y", "x.a += 1", "z = x.a = 1",
     "for x.a in y: pass", "with y as x.a:\n  pass", "with y as x.a, z as b:\n  pass",
     "[x.b, x.a] = y", "x . a \\\n = 1", "for x.a, b in y:\n  pass"],
)  # fmt: skip
def test_stores_of_units(statement: str) -> None:
    assert "a" in skeleton(statement + "\n").units[0].stores


def test_reads_are_no_stores() -> None:
    reads = "f(x.a)\nx.b == 1\nx.c()\nx.d.e\ny = x.f + x.g\nf(x.h, 2)\nreturn x.i\n"
    assert skeleton(reads).units[0].stores == ()
