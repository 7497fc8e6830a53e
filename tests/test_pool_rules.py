"""Rules on the settings of pools: whom they speak to, and what settings change."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conn_lint.api import check_paths
from conn_lint.model.fix import Applicability

LARGE = (
    'from sqlalchemy import create_engine\n\nengine = create_engine("mysql://db/x", pool_size=50)\n'
)
PACKAGED = '[project]\nname = "shop"\n'
COMMAND = f'{PACKAGED}[project.scripts]\nshop = "shop:main"\n'
MAIN = f'{LARGE}\nif __name__ == "__main__":\n    print(engine)\n'
ROUTE = "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/')\ndef index():\n    return 1\n"


def codes(folder: Path, files: dict[str, str]) -> list[str]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [finding.code for finding in check_paths([folder])]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"shop.py": LARGE}, ["CNX402"]),
        ({"shop.py": LARGE, "pyproject.toml": PACKAGED}, []),
        ({"shop.py": LARGE, "setup.py": "from setuptools import setup\n\nsetup()\n"}, []),
        ({"shop.py": LARGE, "pyproject.toml": "[tool.black]\n"}, ["CNX402"]),
        ({"shop.py": LARGE, "pyproject.toml": COMMAND}, ["CNX402"]),
        ({"shop.py": MAIN, "pyproject.toml": PACKAGED}, ["CNX402"]),
        ({"shop.py": LARGE, "web.py": ROUTE, "pyproject.toml": PACKAGED}, ["CNX402"]),
        ({"shop.py": LARGE, "docs/web.py": ROUTE, "pyproject.toml": PACKAGED}, []),
        ({"shop.py": LARGE, "tests/test_web.py": ROUTE, "pyproject.toml": PACKAGED}, []),
        ({"shop.py": LARGE, "conn-lint.toml": 'kind = "library"\n'}, []),
        ({"shop.py": LARGE, "setup.py": "", "conn-lint.toml": 'kind = "service"\n'}, ["CNX402"]),
        ({"shop.py": LARGE, "conn-lint.toml": '[kind]\n"shop.py" = "library"\n'}, []),
        ({"shop.py": LARGE, "conn-lint.toml": "max-pool-size = 60\n"}, []),
        ({"shop.py": LARGE, "conn-lint.toml": "max-pool-size = 59\n"}, ["CNX402"]),
    ],
)  # fmt: skip
def test_libraries_are_left_alone(files: dict[str, str], found: list[str], tmp_path: Path) -> None:
    assert codes(tmp_path, files) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('import pymongo\n\nc = pymongo.MongoClient("mongodb://db")\n', ["CNX401"]),
        ('import pymongo\n\nc = pymongo.MongoClient("mongodb://db?waitQueueTimeoutMS=9")\n', []),
        ('import psycopg2\n\nc = psycopg2.connect("host=db")\nprint(c)\n', ["CNX401"]),
        ('import psycopg2\n\nc = psycopg2.connect("host=db connect_timeout=3")\nprint(c)\n', []),
        ('import psycopg2\n\nc = psycopg2.connect(host="db", connect_timeout=3)\nprint(c)\n', []),
        ('import psycopg\n\nc = psycopg.connect("host=db")\nprint(c)\n', []),
        ("import redis\n\nc = redis.Redis()\n", []),  # which version it is, nobody has said
        ("import redis\n\nc = redis.ConnectionPool(max_connections=5)\n", []),
    ],
)
def test_strict(text: str, found: list[str], tmp_path: Path) -> None:
    assert codes(tmp_path, {"shop.py": text}) == []
    assert codes(tmp_path, {"conn-lint.toml": "strict = true\n"}) == found


def test_versions_decide_what_is_said(tmp_path: Path) -> None:
    text = "import redis\n\nc = redis.Redis()\n"
    for version, found in (("7.4", ["CNX401"]), ("8.0", [])):
        settings = f'strict = true\n[versions]\nredis = "{version}"\n'
        assert codes(tmp_path, {"shop.py": text, "conn-lint.toml": settings}) == found


@pytest.mark.parametrize(
    ("call", "level"),
    [
        ("redis.BlockingConnectionPool(timeout=None)", Applicability.UNSAFE),
        ("aiopg.create_pool('x', timeout=None)", Applicability.UNSAFE),
        ("aiomysql.create_pool()", None),
        ("happybase.ConnectionPool(3)", None),
        ("create_engine('mysql://x', pool_size=50, max_overflow=0)", Applicability.DISPLAY_ONLY),
        ("create_engine('mysql://x', pool_size=SIZE)", None),
        ("psycopg2.pool.ThreadedConnectionPool(1, 50, 'x')", None),
    ],
)
def test_how_far_fixes_may_be_trusted(
    call: str, level: Applicability | None, tmp_path: Path
) -> None:
    head = "import aiomysql, aiopg, happybase, psycopg2.pool, redis\nfrom sqlalchemy import create_engine\n"
    (tmp_path / "shop.py").write_text(f"{head}SIZE = 70\np = {call}\n", encoding="utf-8")
    (finding,) = check_paths([tmp_path])
    assert (finding.plan.applicability if finding.plan else None) == level


def test_the_example_of_the_page_on_pooling(tmp_path: Path) -> None:
    page = (Path(__file__).parent.parent / "docs" / "pooling.md").read_text(encoding="utf-8")
    part = page.partition("## What conn-lint reads of it")[2]
    for name, text in re.findall(
        r"^```python\n# (\S+)\n(.*?)^```$", part, re.DOTALL | re.MULTILINE
    ):
        place = tmp_path / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(f"# {name}\n{text}", encoding="utf-8")
    (shown,) = re.findall(r"^```text\n(.*?)^```$", part, re.DOTALL | re.MULTILINE)
    (finding,) = check_paths([tmp_path])
    span = finding.location.span
    where = f"shop/database.py:{span.line}:{span.column + 1}"
    assert f"{where}: {finding.code} {finding.message}\n" == shown
