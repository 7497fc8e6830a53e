from __future__ import annotations

from pathlib import Path

import pytest
from projects import command, places, run_check, write

HEAD = "import psycopg2\n\n\ndef load(dsn):\n"
USE = "    conn.cursor().execute('select 1')\n"


@pytest.mark.parametrize(
    "line",
    [
        "    conn = psycopg2.connect(dsn)  # noqa\n",
        "    conn = psycopg2.connect(dsn)  # noqa: CNX201\n",
        "    conn = psycopg2.connect(dsn)  # NoQA:E501,CNX201\n",
        "    conn = psycopg2.connect(dsn)  # noqa: CNX2 because\n",
        "    conn = psycopg2.connect(dsn)  # text # noqa: CNX201\n",
        "    conn = psycopg2.connect(\n        dsn  # noqa: CNX201\n    )\n",
        "    conn = psycopg2.connect(\n        dsn\n    )  # noqa: CNX201\n",
        "    conn = psycopg2.connect(  # noqa: CNX201\n        dsn\n    )\n",
        "    conn = psycopg2.connect('''\n    dbname=x\n    ''')  # noqa: CNX201\n",
        "    conn = \\\n        psycopg2.connect(dsn)  # noqa: CNX201\n",
        "    # conn-lint: off\n    conn = psycopg2.connect(dsn)\n    # conn-lint: on\n",
        "    conn = psycopg2.connect(dsn)  # conn-lint: off\n",
        "    # conn-lint: off CNX201\n    conn = psycopg2.connect(dsn)\n",
        "    # conn-lint: off never-released\n    conn = psycopg2.connect(dsn)\n",
    ],
)
def test_silenced(tmp_path: Path, line: str) -> None:
    write(tmp_path, {"a.py": HEAD + line + USE})
    run = run_check(tmp_path)
    assert places(run) == []
    assert run.checked[0][1].suppressed == 1


@pytest.mark.parametrize(
    "line",
    [
        "    conn = psycopg2.connect(dsn)  # noqa: E501\n",
        "    conn = psycopg2.connect(dsn)  # noqa: CNX202\n",
        "    # noqa: CNX201\n    conn = psycopg2.connect(dsn)\n",
        "    conn = psycopg2.connect('# noqa')\n",
        "    # conn-lint: off\n    # conn-lint: on\n    conn = psycopg2.connect(dsn)\n",
        "    # conn-lint: off CNX202\n    conn = psycopg2.connect(dsn)\n",
        "    # conn-lint: off\n    # conn-lint: on CNX201\n    conn = psycopg2.connect(dsn)\n",
    ],
)
def test_not_silenced(tmp_path: Path, line: str) -> None:
    write(tmp_path, {"a.py": HEAD + line + USE})
    assert [code for _, _, code in places(run_check(tmp_path))] == ["CNX201"]


@pytest.mark.parametrize(
    ("comment", "silenced"),
    [
        ("# flake8: noqa\n", True),
        ("# flake8: noqa: CNX201\n", True),
        ("# flake8: noqa: E501\n", False),
        ("x = 1  # flake8: noqa: CNX201\n", False),
    ],
)
def test_whole_file(tmp_path: Path, comment: str, silenced: bool) -> None:
    write(tmp_path, {"a.py": comment + HEAD + "    conn = psycopg2.connect(dsn)\n" + USE})
    assert (places(run_check(tmp_path)) == []) is silenced


def test_disable_noqa(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": HEAD + "    conn = psycopg2.connect(dsn)  # noqa\n" + USE})
    assert command("a.py", "--no-cache", cwd=tmp_path).returncode == 0
    assert command("a.py", "--no-cache", "--disable-noqa", cwd=tmp_path).returncode == 1
