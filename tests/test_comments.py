from __future__ import annotations

import pytest
from flake8 import defaults

from conn_lint.model.summary import Directive
from conn_lint.syntax.skeleton import read_skeleton


def directives(text: str) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(d.kind, d.line, d.codes) for d in read_skeleton(text).directives]


@pytest.mark.parametrize(
    ("comment", "codes"),
    [
        ("# noqa", ()),
        ("# NoQA", ()),
        ("# noqa: CNX201", ("CNX201",)),
        ("# noqa:CNX201,E501", ("CNX201", "E501")),
        ("# noqa: CNX201, E501", ("CNX201", "E501")),
        ("# noqa: CNX201 E501", ("CNX201", "E501")),
        ("# noqa: cnx201", ("CNX201",)),
        ("# noqa: CNX201 as it is closed by the caller", ("CNX201",)),
        ("# noqa : CNX201", ()),
        ("# noqa: as the caller closes it", ()),
        ("#: why # noqa: E501", ("E501",)),
        ("# type: ignore # noqa", ()),
    ],
)
def test_noqa_is_read_as_flake8_reads_it(comment: str, codes: tuple[str, ...]) -> None:
    assert directives(f"\nx = 1  {comment}\n") == [("noqa", 2, codes)]
    name = next(name for name in dir(defaults) if name.startswith("NOQA_INLINE"))
    match = getattr(defaults, name).search(comment)
    theirs = (match["codes"] or "").replace(",", " ").upper().split()
    assert theirs == list(codes)


@pytest.mark.parametrize(
    "comment", ["#noqa", "#  noqa", "# no qa", "# conn-lint", "# conn-lint: of"]
)
def test_other_comments_say_nothing(comment: str) -> None:
    assert directives(f"x = 1  {comment}\n") == []


def test_strings_are_no_comments() -> None:
    text = "x = '# noqa'\ny = '''\n# flake8: noqa\n# conn-lint: off\n'''\nz = f'{x}# noqa'\n"
    assert directives(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("# flake8: noqa\n", [("file-noqa", 1, ())], id="all"),
        pytest.param("x\n  # Flake8=NOQA\n", [("file-noqa", 2, ())], id="indented"),
        pytest.param(
            "# flake8: noqa: CNX201,e1\n", [("file-noqa", 1, ("CNX201", "E1"))], id="codes"
        ),
        pytest.param("x  # flake8: noqa\n", [], id="on a line with code"),
    ],
)
def test_file_noqa(text: str, expected: list[object]) -> None:
    assert directives(text) == expected


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# conn-lint: off", ("off", ())),
        ("# conn-lint: ON", ("on", ())),
        ("#conn-lint:off", ("off", ())),
        ("# conn-lint: off CNX201, leaked-on-error", ("off", ("CNX201", "leaked-on-error"))),
        ("# conn-lint: off: cnx201 -- the caller closes it", ("off", ("CNX201",))),
        ("# conn-lint: on CNX201 # here it matters", ("on", ("CNX201",))),
    ],
)
def test_ranges_are_switched(comment: str, expected: tuple[str, tuple[str, ...]]) -> None:
    kind, codes = expected
    assert directives(f"x = 1\n{comment}\n") == [(kind, 2, codes)]


def test_a_comment_may_say_several_things() -> None:
    text = "x = 1  # noqa: E501 # conn-lint: off\n"
    assert directives(text) == [("noqa", 1, ("E501",)), ("off", 1, ())]


def test_noqa_holds_for_lines_that_a_string_or_backslash_joins() -> None:
    text = "a = '''\nb\n'''  # noqa\nc = 1 + \\\n    2  # noqa\nd = (\n    1,  # noqa\n)\n"
    assert read_skeleton(text).directives == (
        Directive("noqa", 3, (), 1),
        Directive("noqa", 5, (), 4),
        Directive("noqa", 7, (), 7),
    )
