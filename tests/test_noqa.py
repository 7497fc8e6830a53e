"""Comments with other codes in them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conn_lint.model.location import Span
from conn_lint.syntax.comments import said_in
from conn_lint.syntax.noqa import Commented, with_codes, without


@pytest.mark.parametrize(
    ("comment", "gone", "rest"),
    [
        ("# noqa: CNX201", {"CNX201"}, ""),
        ("#noqa  # noqa:CNX201", {"CNX201"}, "#noqa"),
        ("# noqa: CNX201, E501", {"CNX201"}, "# noqa: E501"),
        ("# noqa: E501,CNX201,S113", {"CNX201"}, "# noqa: E501,S113"),
        ("# noqa: E501 CNX201 because", {"CNX201"}, "# noqa: E501 because"),
        ("# noqa: CNX201 because", {"CNX201"}, "# because"),
        ("# noqa: CNX201 \u2014 because", {"CNX201"}, "# because"),
        ("# noqa: CNX201 - see #12", {"CNX201"}, "# see #12"),
        ("# why # noqa: CNX201", {"CNX201"}, "# why"),
        ("# noqa: CNX201 # type: ignore", {"CNX201"}, "# type: ignore"),
        ("# why  # noqa: CNX201 # type: ignore", {"CNX201"}, "# why  # type: ignore"),
        ("# flake8: noqa: CNX201", {"CNX201"}, ""),
        ("# conn-lint: off", set(), ""),
        ("# conn-lint: off never-released", {"never-released"}, ""),
        ("# conn-lint: off CNX201, CNX202", {"CNX201"}, "# conn-lint: off CNX202"),
        ("# conn-lint: off CNX201 as it is old", {"CNX201"}, "# as it is old"),
        ("# conn-lint: off as it is old", set(), "# as it is old"),
    ],
)
def test_codes_go(comment: str, gone: set[str], rest: str) -> None:
    said = next(s for s in said_in(comment, alone=True) if not gone or gone & set(s.codes))
    left = [code for code in said.codes if code not in gone]
    whole = not left or (said.kind == "off" and not any(c.startswith("CNX") for c in left))
    assert without(comment, said.kind, said.codes, gone, whole=whole) == rest


@pytest.mark.parametrize(
    ("comment", "after"),
    [
        ("", "# noqa: CNX201"),
        ("# why", "# why  # noqa: CNX201"),
        ("# type: ignore", "# type: ignore  # noqa: CNX201"),
        ("# noqa: E501", "# noqa: E501, CNX201"),
        ("# noqa:E501,S113", "# noqa:E501,S113,CNX201"),
        ("# NOQA: E501 because", "# NOQA: E501, CNX201 because"),
        ("# noqa: E501 # type: ignore", "# noqa: E501, CNX201 # type: ignore"),
        ("# noqa: CNX201", "# noqa: CNX201"),
        ("# noqa", "# noqa"),
        ("# conn-lint: on", "# conn-lint: on  # noqa: CNX201"),
    ],
)
def test_codes_come(comment: str, after: str) -> None:
    assert with_codes(comment, ["CNX201"]) == after
    assert with_codes(after, ["CNX201"]) == after
    said = [s for s in said_in(after, alone=False) if s.kind == "noqa"]
    assert len(said) == 1
    assert not said[0].codes or "CNX201" in said[0].codes


@pytest.mark.parametrize(
    ("text", "line", "where"),
    [
        ("x = 1\n", 1, 1),
        ("x = f(\n    1,\n)\n", 2, 2),
        ("x = f('''\na\n''')\ny = 1\n", 1, 3),
        ("x = f('''\na\n''')\ny = 1\n", 2, 3),
        ("x = \\\n  1\n", 1, 2),
        ("x = \\\n  f('''\n''') + \\\n  1", 1, 4),
        ("x = 1  # \\\ny = 2\n", 1, 1),
        ("x = 1", 1, 1),
    ],
)
def test_where_a_comment_can_stand(text: str, line: int, where: int) -> None:
    assert Commented(text).line_for(line) == where


def test_places() -> None:
    text = Commented("a = '# no'  # yes \nb = 1  \n")
    assert text.comment(1) == ("# yes", Span(1, 12, 1, 17))
    assert text.comment(2) is None
    assert text.end(2) == Span(2, 5, 2, 7)


FRAGMENTS = (
    "# noqa", "# NOQA:", ": ", "CNX201", "CNX2", "E501", ",", ", ", " ", "#", "because", "- x",
    "# conn-lint: off", "# conn-lint: on", " never-released", "# flake8: noqa", "\t", "\u2014", "\u00e9",
)  # fmt: skip


# A machine with other work to do is no failure.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=9))
def test_any_comment_can_take_a_code_and_lose_it(parts: list[str]) -> None:
    comment = "#" + "".join(parts).rstrip()
    after = with_codes(comment, ["CNX777"])
    said = [s for s in said_in(after, alone=False) if s.kind == "noqa"]
    assert len(said) == 1
    if not said[0].codes:
        assert after == comment, "one for all stays"
        return
    assert "CNX777" in said[0].codes
    assert with_codes(after, ["CNX777"]) == after
    whole = said[0].codes == ("CNX777",)
    rest = without(after, "noqa", said[0].codes, {"CNX777"}, whole=whole)
    left = [s for s in said_in(rest, alone=False) if s.kind == "noqa"]
    assert all("CNX777" not in s.codes for s in left)
    assert rest == "" or rest.startswith("#")
    words = [word for word in comment.split() if word.isalnum() and word != "CNX777"]
    assert all(word in rest for word in words)
