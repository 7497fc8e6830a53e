"""Variables of the environment: which files count for whom, and what becomes of references."""

from __future__ import annotations

import textwrap
from itertools import pairwise
from pathlib import Path

import pytest
from projects import run_check, write

from conn_lint.analyze.environment import Environment
from conn_lint.analyze.found import HOLE
from conn_lint.syntax.documents import read_document

SOURCES = ("app/db.py", "app/api/routes.py", "jobs/run.py")


def environment(**files: str) -> Environment:
    """Documents by their path, in which `__` stands for `/`; `.env` files and YAML."""
    documents = []
    for name, text in files.items():
        path = name.replace("__", "/").replace("DOT", ".")
        form = "yaml" if path.endswith((".yml", ".yaml")) else "env"
        documents.append(read_document(text.encode(), form, path))
    return Environment(documents, SOURCES)


def values(found: Environment, name: str, path: str, *, examples: bool = False) -> list[object]:
    scopes = found.scopes(path, examples=examples)
    return [scope.variables[name].value for scope in scopes if name in scope.variables]


def test_files_near_the_code_count_and_those_without_code() -> None:
    found = environment(
        DOTenv="URL=root", app__DOTenv="URL=app", jobs__DOTenv="URL=jobs", deploy__DOTenv="URL=d"
    )
    assert values(found, "URL", "app/api/routes.py") == ["root", "app", "d"]
    assert values(found, "URL", "jobs/run.py") == ["root", "jobs", "d"]


def test_examples_are_told_apart_and_tests_left_out() -> None:
    found = environment(
        DOTenvDOTexample="URL=example", DOTenvDOTtest="URL=test", DOTenvDOTproduction="URL=prod"
    )
    assert values(found, "URL", "app/db.py") == ["prod"]
    assert values(found, "URL", "app/db.py", examples=True) == ["example"]


def test_references_are_followed_within_a_folder() -> None:
    lines = (
        "services:",
        " web:",
        "  environment:",
        "   URL: pg://${HOST}:${PORT:-6432}/${NAME}",
        "   HOST: ${HOST}",
    )
    compose = "\n".join(lines)
    found = environment(DOTenv="HOST=db", composeDOTyml=compose)
    assert values(found, "URL", "app/db.py") == [f"pg://db:6432/{HOLE}"]


def test_lists_and_dollars() -> None:
    compose = "services:\n  web:\n    environment:\n      - URL=a$$b=c\n      - EMPTY\n"
    found = environment(composeDOTyml=compose)
    assert values(found, "URL", "app/db.py") == ["a$b=c"]
    assert values(found, "EMPTY", "app/db.py") == []


@pytest.mark.parametrize("text", ["A=$B\nB=$A", "A=$A", "A=$B\nB=$C\nC=$B"])
def test_circles_end(text: str) -> None:
    assert values(environment(DOTenv=text), "A", "app/db.py") == []


def test_what_grows_without_bounds_is_not_told() -> None:
    names = [f"V{number}" for number in range(12)]
    lines = [f"{name}={f'${after}' * 90}" for name, after in pairwise(names)]
    found = environment(DOTenv="\n".join([*lines, f"{names[-1]}=abc"]))
    assert values(found, "V0", "app/db.py") == []
    assert values(found, "V10", "app/db.py") == ["abc" * 90]


@pytest.mark.parametrize(
    ("compose", "size"),
    [
        ("", "pool_size=50 (.env:2)"),
        ("services:\n  web:\n    environment:\n      DB_POOL: 50\n", "pool_size=50 (.env:2)"),
        ("services:\n  web:\n    environment:\n      DB_POOL: 5\n", None),
        ("services:\n  web:\n    environment:\n      OTHER: 5\n", "pool_size=50 (.env:2)"),
    ],
    ids=["said once", "agreed on", "said otherwise", "not said"],
)
def test_sizes_come_from_settings_files(tmp_path: Path, compose: str, size: str | None) -> None:
    """Where those that say one agree; else the default of the code counts, which may be anything's."""
    code = """\
        import os

        import sqlalchemy

        engine = sqlalchemy.create_engine(
            os.environ["URL"], pool_size=int(os.getenv("DB_POOL", 5)), max_overflow=0
        )
    """
    files = {"db.py": textwrap.dedent(code), ".env": "URL=postgresql://db/app\nDB_POOL=50\n"}
    if compose:
        files["compose.yml"] = compose
    run = run_check(write(tmp_path, files), show_notes=True, select=["CNX402"], kind="service")
    found = [finding.message for _, outcome in run.checked for finding in outcome.findings]
    assert len(found) == (size is not None)
    assert size is None or size in found[0]
