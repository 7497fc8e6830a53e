"""What a project makes once already is used by fixes in place of a second one, from whatever file it lies in."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import write

from conn_lint.config.projects import Job, check_projects
from conn_lint.config.repairs import Repairs
from conn_lint.config.resolve import Flags
from conn_lint.engine.repair import Repaired
from conn_lint.model.fix import Applicability

CLIENTS = """\
import functools
import os

import httpx
import redis
from sqlalchemy import create_engine

REDIS = os.environ["REDIS"]

http = httpx.Client(base_url=os.getenv("API"), timeout=5)
engine = create_engine("postgresql://db/shop", pool_size=3)
_own = redis.Redis(host="own")


@functools.cache
def get_redis():
    return redis.Redis.from_url(REDIS)


_other = None


def get_other():
    global _other
    if _other is None:
        _other = redis.Redis(host="other")
    return _other
"""
HEAD = "from flask import Blueprint\n{imports}\nbp = Blueprint('page', __name__)\n"
PAGE = "\n\n@bp.get('/')\ndef page():\n{body}"
USER = "from shop.clients import engine\n\n\ndef names():\n    return engine.connect()\n"


def fix(folder: Path, imports: str, body: str, **files: str) -> Repaired:
    """What a project of a few files becomes; the page has these imports, and a handler with this body."""
    page = HEAD.format(imports=imports) + PAGE.format(
        body="".join(f"    {line}\n" for line in body.splitlines())
    )
    named = {f"shop/{name}.py": text for name, text in files.items()}
    given = {"shop/__init__.py": "", "shop/clients.py": CLIENTS, "shop/user.py": USER}
    write(folder, {"pyproject.toml": "", **given, "shop/page.py": page, **named})
    repairs = Repairs(Applicability.UNSAFE)
    run = check_projects(Job(paths=(str(folder),)), Flags(use_cache=False), cure=repairs)
    assert [trouble for _, outcome in run.checked for trouble in outcome.troubles] == []
    return repairs.done[0]


def page_of(done: Repaired) -> str:
    """The page after its fixes: without its head, which is the same in all, and with its imports in front."""
    assert done.after.keys() <= {"shop/page.py"}
    after = done.after.get("shop/page.py", b"").decode()
    assert "CNX101" not in {finding.code for finding in done.outcome.findings}
    return after


@pytest.mark.parametrize(
    ("imports", "body", "imported", "expected"),
    [
        (
            "import httpx, os\n",
            'with httpx.Client(timeout=5, base_url=os.getenv("API")) as client:\n    return client.get("/").text',
            "from shop.clients import http\n",
            '    client = http\n    return client.get("/").text\n',
        ),
        (
            "import os\n\nimport redis\n",
            'r = redis.Redis.from_url(os.environ["REDIS"])\nreturn r.get("a")',
            "from shop.clients import get_redis\n",
            '    r = get_redis()\n    return r.get("a")\n',
        ),
        (
            "from redis import Redis\n",
            'return Redis(host="other").get("a")',
            "from shop.clients import get_other\n",
            '    return get_other().get("a")\n',
        ),
        (  # it has the name that it is given: nothing is bound
            "import sqlalchemy\n\nURL = 'postgresql://db/shop'\n",
            "engine = sqlalchemy.create_engine(URL, pool_size=3)  # a pool\n"
            "with engine.begin() as conn:\n    return conn.scalar('SELECT 1')",
            "from shop.clients import engine\n",
            "def page():\n    # a pool\n    with engine.begin() as conn:\n",
        ),
        (  # as the file imports its neighbours
            "import redis\n\nfrom .user import names\n",
            'return redis.Redis(host="other").get(names())',
            "\nfrom .clients import get_other\nfrom .user import names\n",
            "    return get_other().get(names())\n",
        ),
        (
            "import redis\n\nfrom shop import clients\n",
            'return redis.Redis(host="other").get("a")',
            "from shop import clients\n",
            "    return clients.get_other().get('a')\n".replace("'", '"'),
        ),
        (
            "import redis\nfrom shop.clients import get_other as other, http\n",
            'return redis.Redis(host="other").get("a")',
            "from shop.clients import get_other as other, http\n",
            '    return other().get("a")\n',
        ),
    ],
)
def test_it_is_imported_and_used(
    imports: str, body: str, imported: str, expected: str, tmp_path: Path
) -> None:
    after = page_of(fix(tmp_path, imports, body))
    assert imported in after
    assert expected in after
    assert "_get" not in after.replace("get_redis", "").replace("get_other", "")


@pytest.mark.parametrize(
    ("imports", "body"),
    [
        # made in another way
        (
            "import httpx\n",
            'with httpx.Client(timeout=9) as client:\n    return client.get("/").text',
        ),
        # kept to itself by its file
        ("import redis\n", 'return redis.Redis(host="own").get("a")'),
        # the name means something else here
        ("import redis\n\nget_other = 1\n", 'return redis.Redis(host="other").get("a")'),
        # it is set up further
        (
            "import httpx, os\n",
            'client = httpx.Client(timeout=5, base_url=os.getenv("API"))\n'
            'client.headers["a"] = "b"\nreturn client.get("/").text',
        ),
    ],
)
def test_it_is_not_used(imports: str, body: str, tmp_path: Path) -> None:
    done = fix(tmp_path, imports, body)
    after = done.after.get("shop/page.py", b"").decode()
    assert "clients import" not in after


def test_what_imports_the_page_is_not_imported_by_it(tmp_path: Path) -> None:
    """An import in a function runs later, and makes no circle."""
    body = 'return redis.Redis(host="other").get("a")'
    circle = {"clients": "from shop import names\n" + CLIENTS, "names": "import shop.page\n"}
    after = page_of(fix(tmp_path / "circle", "import redis\n", body, **circle))
    assert "_get_client().get" in after
    assert "clients import" not in after
    later = {"clients": CLIENTS, "names": "def f():\n    import shop.page\n"}
    after = page_of(fix(tmp_path / "later", "import redis\n", body, **later))
    assert "from shop.clients import get_other\n" in after


def test_a_package_that_imports_the_page_first_makes_a_circle(tmp_path: Path) -> None:
    body = 'return redis.Redis(host="other").get("a")'
    files = {"clients": "import shop.kept.clients\n", "user": "import shop.kept.clients\n"}
    files |= {"kept/__init__": "from shop import page\n", "kept/clients": CLIENTS}
    assert "kept" not in page_of(fix(tmp_path, "import redis\n", body, **files))


def test_what_only_tests_import_is_not_used(tmp_path: Path) -> None:
    body = 'return redis.Redis(host="other").get("a")'
    files = {"user": "", "test_clients": "from shop.clients import get_other\n"}
    assert "clients import" not in page_of(fix(tmp_path, "import redis\n", body, **files))


def test_a_second_pool_for_a_server_is_not_made(tmp_path: Path) -> None:
    """Which of the two settings should hold, its author must say."""
    body = "engine = create_engine('postgresql://db/shop')\nwith engine.begin() as conn:\n    return conn.scalar('a')"
    done = fix(tmp_path, "from sqlalchemy import create_engine\n", body)
    assert done.after == {}
    [plan] = [f.plan for f in done.outcome.findings if f.code == "CNX101"]
    assert plan is not None
    assert plan.title == "use the one that the project has (shop/clients.py:11)"
    assert "another way" in plan.detail("why")


def test_what_lies_among_handlers_is_only_shown(tmp_path: Path) -> None:
    handler = "\n\n@bp.get('/other')\ndef handler():\n    return http.get('/').text\n"
    clients = CLIENTS.replace("import os\n", "import os\nfrom flask import Blueprint\n")
    clients += "\nbp = Blueprint('clients', __name__)\n" + handler
    done = fix(
        tmp_path, "import redis\n", 'return redis.Redis(host="other").get("a")', clients=clients
    )
    assert done.after == {}


def test_the_files_own_comes_first(tmp_path: Path) -> None:
    own = "import httpx, os\n\nmine = httpx.Client(base_url=os.environ.get('API'), timeout=5)\n"
    own = own.replace("environ.get", "getenv")
    body = (
        "client = httpx.Client(base_url=os.getenv('API'), timeout=5)\nreturn client.get('/').text"
    )
    after = page_of(fix(tmp_path, own, body))
    assert "    client = mine\n    return client.get('/').text\n" in after
    assert "clients" not in after


def test_a_changed_or_conditional_variable_is_none(tmp_path: Path) -> None:
    body = 'return redis.Redis(host="a").get("a")'
    for number, clients in enumerate(
        (
            "import redis\nr = redis.Redis(host='a')\nr = None\n",
            "import os, redis\nif os.getenv('R'):\n    r = redis.Redis(host='a')\n",
            "import redis\nr = redis.Redis(host='a')\ndef f():\n    global r\n    r = None\n",
            "import redis\nr = redis.Redis(host='a')\nr.set_response_callback('GET', str)\n",
            "import redis\nr = redis.Redis(host='a')\nr.close()\n",
        )
    ):
        user = "from shop.clients import r\n"
        done = fix(tmp_path / str(number), "import redis\n", body, clients=clients, user=user)
        assert "clients import" not in page_of(done)
