from __future__ import annotations

import sys
import threading

import libcst as cst
import pytest

from conn_lint.syntax.deep import run_deep


def depth(count: int) -> int:
    return 1 + depth(count - 1) if count else 0


def test_result_and_arguments_are_handed_over() -> None:
    assert run_deep(max, 1, 2) == 2
    assert run_deep(sorted, [1, 2], reverse=True) == [2, 1]


def test_errors_are_raised_where_it_was_called() -> None:
    with pytest.raises(ZeroDivisionError):
        run_deep(divmod, 1, 0)
    with pytest.raises(SystemExit):
        run_deep(sys.exit, 1)


def test_recursion_may_go_deep() -> None:
    with pytest.raises(RecursionError):
        depth(20_000)
    assert run_deep(depth, 20_000) == 20_000


def test_nothing_stays_changed() -> None:
    before = sys.getrecursionlimit(), threading.stack_size(), threading.active_count()
    run_deep(depth, 5000)
    assert (sys.getrecursionlimit(), threading.stack_size(), threading.active_count()) == before


def test_inner_calls_stay_in_the_same_thread() -> None:
    def inner() -> tuple[int, int]:
        return threading.get_ident(), run_deep(threading.get_ident)

    first, second = run_deep(inner)
    assert first == second != threading.get_ident()


def test_parser_survives_what_overflows_a_usual_stack() -> None:
    text = "x = " + "(" * 1000 + ")" * 1000
    module = run_deep(cst.parse_module, text)
    assert run_deep(lambda: len(module.code)) == len(text)
