"""Which versions of libraries a project runs with, from its settings, lock files and requirements."""

from __future__ import annotations

import pytest

from conn_lint.analyze.versions import Versions, distributions
from conn_lint.knowledge.load import load_builtin
from conn_lint.knowledge.lookup import Knowledge
from conn_lint.model.resource import Family
from conn_lint.model.summary import DocumentSummary
from conn_lint.syntax.documents import read_document

UV = """version = 1

[[package]]
name = "Django"
version = "5.1.4"
source = { registry = "x" }
dependencies = [
    { name = "asgiref" },
]

[[package]]
name = "redis"
version = "8.0.1"
"""

POETRY = """[[package]]
name = "redis"
version = "5.0.8"
description = "a client"

[package.extras]
name = "1"

[[package]]
category = "main"
name = "PyMySQL"
version = "0.9.3"
"""

PIPENV = """{
    "_meta": {"hash": {"sha256": "x"}},
    "default": {
        "redis": {
            "hashes": [
                "sha256:a"
            ],
            "index": "pypi",
            "version": "==7.4"
        }
    }
}
"""


def document(name: str, format_name: str, text: str) -> DocumentSummary:
    read = read_document(text.encode(), format_name, name)
    assert read.error is None
    return read


def requirements(text: str, name: str = "requirements.txt") -> DocumentSummary:
    return document(name, "requirements", text)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("redis==8.0", True),
        ("redis == 8.1.2 ; python_version > '3.9'", True),
        ("redis[hiredis]>=8", True),
        ("Redis~=8.2", True),
        ("redis==8.*", True),
        ("redis==7.4", False),
        ("redis<8", False),
        ("redis>=4.5,<8  # pinned", False),
        ("redis~=7.1", False),
        ("redis==7.* --hash=sha256:x", False),
        ("redis<=8", None),
        ("redis>=5", None),
        ("redis", None),
        ("redis!=7.0", None),
        ("redis @ git+https://example.com/redis.git", None),
        ("redis==not.a.version", None),
        ("-r base.txt", None),
        ("# redis==8.0", None),
        ("hiredis==8.0", None),
    ],
)
def test_requirements(line: str, answer: bool | None) -> None:
    versions = Versions([requirements(f"flask\n{line}\n")])
    assert versions.reaches(["redis"], "8.0") is answer


@pytest.mark.parametrize(
    ("name", "text", "answer"),
    [("uv.lock", UV, True), ("poetry.lock", POETRY, False), ("Pipfile.lock", PIPENV, False)],
)
def test_lock_files(name: str, text: str, answer: bool) -> None:
    found = document(name, "lock", text)
    assert Versions([found]).reaches(["redis"], "8.0") is answer
    lines = text.split("\n")
    for entry in found.entries:
        span = entry.span
        assert (
            f"=={lines[span.line - 1][span.column : span.end_column].removeprefix('==')}"
            == entry.value
        )


def test_a_table_behind_a_package_is_none_of_it() -> None:
    versions = Versions([document("poetry.lock", "lock", POETRY)])
    assert versions.exact(["redis"]) == "5.0.8"
    assert versions.exact(["pymysql"]) == "0.9.3"
    assert versions.exact(["1"]) == ""


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('[project]\ndependencies = ["redis>=8,<9"]\n', True),
        ('[project]\ndependencies = ["redis>=5,<6"]\n', False),
        ('[tool.poetry.dependencies]\nredis = "^7.0"\n', False),
        ('[tool.poetry.dependencies]\nredis = {version = "^8.1", extras = ["hiredis"]}\n', True),
        ('[tool.poetry.dependencies]\nredis = "*"\n', None),
        ('[tool.poetry.dependencies]\nredis = "~7.4"\n', False),
        ('[tool.other]\nredis = "==8.0"\n', None),
    ],
)
def test_pyproject(text: str, answer: bool | None) -> None:
    assert Versions([document("pyproject.toml", "toml", text)]).reaches(["redis"], "8.0") is answer


def test_settings_win_over_lock_files_and_these_over_requirements() -> None:
    wanted = requirements("redis>=8")
    locked = document("poetry.lock", "lock", POETRY)
    assert Versions([wanted]).reaches(["redis"], "8.0") is True
    assert Versions([wanted, locked]).reaches(["redis"], "8.0") is False
    assert Versions([wanted, locked], [("redis", "8.1")]).reaches(["redis"], "8.0") is True


def test_files_that_disagree_say_nothing() -> None:
    files = [requirements("redis==7.0"), requirements("redis==8.0", "dev/requirements.txt")]
    assert Versions(files).reaches(["redis"], "8.0") is None
    assert Versions(files).exact(["redis"]) == ""


def test_names_of_distributions() -> None:
    libraries = Knowledge(load_builtin(), Family()).libraries
    assert distributions(libraries, "psycopg2.pool.ThreadedConnectionPool") == (
        "psycopg2",
        "psycopg2-binary",
    )
    assert "mysqlclient" in distributions(libraries, "MySQLdb.connect")
    assert distributions(libraries, "unknown_library.connect") == ("unknown_library",)
