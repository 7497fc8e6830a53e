"""Which line a message names as the first that gets past a release."""

from __future__ import annotations

import textwrap

import pytest

from conn_lint.api import check_source


def message(source: str) -> str:
    (finding,) = check_source(textwrap.dedent(source))
    assert finding.code == "CNX202"
    return finding.message


@pytest.mark.parametrize("block", ["with open(path) as file:", "with opened(path) as file, lock:"])
def test_what_raises_inside_a_block_comes_before_its_end(block: str) -> None:
    source = f"""
    import psycopg2

    def load(path, opened, lock):
        {block}
            try:
                conn = psycopg2.connect("dbname=shop")
                conn.cursor().execute(file.read())
                conn.close()
            except OSError:
                print("not loaded")
    """
    assert "leaks if ....execute (:8) raises" in message(source)


def test_the_end_of_a_block_is_named_where_nothing_else_can_raise() -> None:
    source = """
    import psycopg2

    def load(lock):
        with lock:
            conn = psycopg2.connect("dbname=shop")
        conn.close()
    """
    assert "leaks if the end of the with (:5) raises" in message(source)
