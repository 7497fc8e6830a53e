from __future__ import annotations

import ast
import os
import random
import textwrap
from pathlib import Path

import libcst as cst
import pytest
from skeleton_oracle import LIBRARY, find_heads, read

from conn_lint.syntax.deep import run_deep
from conn_lint.syntax.skeleton import read_skeleton
from conn_lint.syntax.slices import FileText, bodies, digest
from conn_lint.syntax.units import UnitError, parse_unit, slice_unit

FIXTURES = Path(__file__).parents[1] / "fixtures"


def units(text: str) -> list[str]:
    text = textwrap.dedent(text).lstrip("\n")
    skeleton = read_skeleton(text)
    assert skeleton.error is None
    slices = [slice_unit(text, skeleton, index) for index in range(len(skeleton.units))]
    digests = [unit.digest for unit in skeleton.units]
    assert digests[1:] == [digest(part) for part in slices[1:]]
    assert (digests[0] == digest(slices[0])) is (not any(bodies(skeleton)))
    for part in slices:
        parse_unit(part)
    return slices


def test_a_function_is_its_lines_as_they_are() -> None:
    text = """
        import a

        class C:
            @a.b(
                1)
            # why
            async def m(self):
                x = '''
        text'''
                # inside
                return x  # noqa

            # behind
            y = 1
        """
    assert units(text)[1] == (
        "    @a.b(\n        1)\n    # why\n    async def m(self):\n"
        "        x = '''\ntext'''\n        # inside\n        return x  # noqa\n"
    )


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        pytest.param("def f(a):\n    x\n    y\nz\n", "def f(a): pass\n\n\nz\n", id="body"),
        pytest.param("def f(a): x; y\nz\n", "def f(a): pass\nz\n", id="one line"),
        pytest.param("def f(): # why\n    x\n", "def f(): pass\n\n", id="comment at the colon"),
        pytest.param(
            "def f():\n    '''a\nb'''\nz\n", "def f(): pass\n\n\nz\n", id="docstring only"
        ),
        pytest.param(
            "@d\ndef f(\n    a: int = {1: 2}[1],\n) -> b[1:2]:\n    x\nz\n",
            "@d\ndef f(\n    a: int = {1: 2}[1],\n) -> b[1:2]: pass\n\nz\n",
            id="head over several lines",
        ),
        pytest.param("def f(): \\\n    x\nz\n", "def f(): pass\n\nz\n", id="backslash"),
        pytest.param(
            "def f():\n    x = \\\n      1\nz", "def f(): pass\n\n\nz", id="backslash in it"
        ),
        pytest.param(
            "def f() -> lambda a: a: x\nz\n", "def f() -> lambda a: a: pass\nz\n", id="lambda"
        ),
        pytest.param(
            "class C:\n    def f(self):\n        x\n\n    # why\n    y = 1\n",
            "class C:\n    def f(self): pass\n\n\n    # why\n    y = 1\n",
            id="method",
        ),
        pytest.param(
            "def f():\n    def g():\n        x\n    y\nz\n", "def f(): pass\n\n\n\nz\n", id="inner"
        ),
        pytest.param(
            "if a:\n\tdef f():\n\t\tx\nelse:\n        def g(): x\n",
            "if a:\n\tdef f(): pass\n\nelse:\n        def g(): pass\n",
            id="tabs",
        ),
        pytest.param(
            "def f():\n    x \\\n\nz\n", "def f(): pass\n\n\nz\n", id="backslash at its end"
        ),
        pytest.param("def f():\n    x", "def f(): pass\n", id="no line end at the end"),
        pytest.param("x = 1\n", "x = 1\n", id="no functions"),
        pytest.param("", "", id="empty"),
    ],
)
def test_the_rest_keeps_its_lines(text: str, rest: str) -> None:
    assert units(text)[0] == rest
    assert rest.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("text", "extra"),
    [
        pytest.param("def f():\n    pass\n", 0, id="plain"),
        pytest.param("    def f(self):\n        pass\n", 1, id="indented"),
        pytest.param("\tdef f(self):\n\t    pass\n", 1, id="tab"),
        pytest.param("    @a\n    # c\n# c\n    def f(self): pass\n", 1, id="comment further left"),
        pytest.param("    def f(self):\n        '''\na'''\n", 1, id="string further left"),
        pytest.param("    def f(self):\n        x(\n1)\n", 1, id="brackets further left"),
        pytest.param("\x0cdef f():\n    pass\n", 0, id="form feed"),
        pytest.param("  \x0c    def f():\n        pass\n", 1, id="form feed and indentation"),
        pytest.param("", 0, id="empty"),
    ],
)
def test_an_indented_unit_is_held_by_an_if(text: str, extra: int) -> None:
    module, lines = parse_unit(text)
    assert lines == extra
    assert isinstance(module, cst.Module)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("def f():\n    x = = 1\n", 2, "invalid syntax"),
        ("    def f(self):\n        return\n        x = = 1\n        y\n", 3, "invalid syntax"),
        ("    def f():\n        if x:\n        y\n", 3, "expected an indented block"),
        ("x = 1\nprint 'a'\n", 2, "print"),
        ("x = 1\ny = 'abc\n", 2, "unterminated string literal"),
        ("    def f():\n        x\n      y\n", 3, "unindent"),
        ("x = (\n", 1, "never closed"),
    ],
)
def test_errors_of_syntax_are_explained(text: str, line: int, words: str) -> None:
    with pytest.raises(UnitError, match=words) as caught:
        parse_unit(text)
    assert caught.value.line == line
    assert "line" not in caught.value.message
    assert "\n" not in caught.value.message


def test_what_only_libcst_refuses_is_an_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ast, "parse", lambda text: ast.Module([], []))
    with pytest.raises(UnitError, match=r"^invalid syntax$"):
        parse_unit("x = = 1\n")
    with pytest.raises(UnitError, match=r"^expected INDENT$"):
        parse_unit("if x:\npass\n")
    with pytest.raises(UnitError, match=r"^unterminated string literal$"):
        parse_unit("x = 'a\n")


def stubbed(tree: ast.Module) -> str:
    """The tree without bodies of functions, and with all its lines."""

    for node in list(ast.walk(tree)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = []
        if hasattr(node, "body") or hasattr(node, "cases"):  # it may end with a function
            node.end_lineno = 0
        if hasattr(node, "col_offset"):
            node.col_offset = node.end_col_offset = 0
    return ast.dump(tree, include_attributes=True)


def check_file(path: Path) -> None:
    found = read(path)
    if found is None:
        return
    text, tree = found
    skeleton = read_skeleton(text)
    names = [node.name for node, _, _ in find_heads(tree)]
    rest = ast.parse(slice_unit(text, skeleton, 0))
    assert stubbed(rest) == stubbed(tree), path
    for index, unit in enumerate(skeleton.units):
        part = slice_unit(text, skeleton, index)
        assert index == 0 or digest(part) == unit.digest
        try:
            module, extra = parse_unit(part)
        except UnitError:
            # There is code that Python takes and LibCST does not.
            with pytest.raises(cst.ParserSyntaxError):
                cst.parse_module(text)
            continue
        if index:
            holder = module.body[0]
            body = holder.body.body if extra and isinstance(holder, cst.If) else module.body
            assert len(body) == 1, (path, unit)
            assert isinstance(body[0], cst.FunctionDef)
            assert skeleton.heads[unit.head].name == names[unit.head]


def test_units_of_the_library_parse() -> None:
    files = sorted(LIBRARY.rglob("*.py"))
    if os.environ.get("CONN_LINT_WHOLE_LIBRARY") is None:
        files = random.Random(7).sample(files, 40)
        files += [LIBRARY / "test" / "test_grammar.py", LIBRARY / "test" / "test_fstring.py"]

    def check() -> None:
        for path in filter(Path.exists, files):
            check_file(path)

    run_deep(check)


def test_an_endless_chain_is_not_parsed() -> None:
    text = "def f(a):\n    x = 1\n    return a" + ".b()" * 3000 + "\n"
    with pytest.raises(UnitError) as error:
        parse_unit(text)
    assert error.value.line == 3
    assert "calls in one chain" in error.value.message
    parse_unit("a" + ".b()" * 200 + "\n")


def test_nodes_are_validated_again_after_parsing() -> None:
    parse_unit("x = 1\n")
    with pytest.raises(UnitError):
        parse_unit("x = (\n")
    with pytest.raises(cst.CSTValidationError):
        cst.Name("")


def test_units_are_cut_out_of_a_text_as_out_of_its_lines() -> None:
    texts = [
        "",
        "a = 1",
        "\n\ndef f(): pass\n",
        "def f():\n    return 1\ndef g(): return \\\n",
        "@a\ndef f(\n    b,\n): c\n\nx = 1\nclass D:\n    y = 2\n    def e(self):\n        pass\n    z = 3",
        "if a:\n    def f(): b\n\n# ä€\ndef g():\n    c\n\n\n",
        "a = '😀'\ndef f(x='😀ä', y='é'): return x\n\nb = '😀'\n",
        "a = 1  # \udcff\ndef f(x='\udcff'): return x  # \udcff\n",
    ]
    texts += [path.read_text(encoding="utf-8") for path in sorted(FIXTURES.rglob("*.py"))[:80]]
    for text in texts:
        skeleton = read_skeleton(text)
        texts_of = (
            FileText(text),
            FileText(text, text.encode("utf-8", "surrogatepass")),
            FileText(text, text.encode("utf-16", "surrogatepass")),
        )
        for index in range(len(skeleton.units)):
            expected = slice_unit(text, skeleton, index)
            for whole in texts_of:
                assert whole.unit(skeleton.heads, skeleton.units, index) == expected
