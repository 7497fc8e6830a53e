"""Fixes that are only shown: each by itself leaves a file that parses and has all its comments."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import write

from conn_lint.config.projects import Job, check_projects
from conn_lint.config.repairs import Renderings
from conn_lint.config.resolve import Flags
from conn_lint.engine.repair import Rendered
from conn_lint.fixes.apply import apply_edits, problem

FIXES = Path(__file__).parent.parent / "fixtures" / "fixes"
GOLDENS = sorted(path for path in FIXES.glob("*.py") if not path.stem.endswith(".fixed"))


def rendered(text: str, folder: Path) -> list[Rendered]:
    """What would be shown of a file by itself."""
    write(folder, {"pyproject.toml": "", "code.py": text})
    renderings = Renderings()
    run = check_projects(
        Job(paths=(str(folder / "code.py"),)), Flags(use_cache=False), cure=renderings
    )
    assert run.problems == ()
    return [found for _, found in renderings.found]


def shown(text: str, folder: Path, code: str) -> tuple[str, str]:
    """The file with its only fix of a code (or the reason why there is none), and how far that may be trusted."""
    [found] = [one for one in rendered(text, folder) if one.finding.code == code]
    assert found.finding.plan is not None
    word = found.finding.plan.applicability.word
    if found.fix is None:
        return found.reason, word
    return apply_edits(text.encode(), found.fix.edits).decode(), word


@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.stem)
def test_each_fix_by_itself_leaves_a_good_file(path: Path, tmp_path: Path) -> None:
    before = path.read_bytes()
    for found in rendered(before.decode(), tmp_path):
        if found.fix is not None:
            after = apply_edits(before, [e for e in found.fix.edits if e.path == "code.py"])
            assert problem(before, after) == ""
            assert after != before


def page(imports: str, body: str) -> str:
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return (
        f"{imports}\nfrom flask import Flask\n\napp = Flask(__name__)\n\n\n"
        f'@app.get("/<name>")\ndef page(name):\n{lines}\n'
    )


def test_the_age_of_connections_is_shown_at_a_call_with_a_keyword_for_it(tmp_path: Path) -> None:
    made = 'dj_database_url.config(default="postgres://shop@db/shop")'
    text = f'import dj_database_url\n\nSECRET_KEY = "..."\nDATABASES = {{"default": {made}}}\n'
    after, word = shown(text, tmp_path, "CNX405")
    assert word == "display-only"
    assert '/shop", conn_max_age=600, conn_health_checks=True)' in after


def test_a_pool_for_one_who_may_wait_for_himself_is_shown(tmp_path: Path) -> None:
    text = page(
        "import mysql.connector",
        """
conn = mysql.connector.connect(host="db",
                               user="shop")
try:
    return page(conn.cursor().execute("SELECT 1"))
finally:
    conn.close()
""",
    )
    after, word = shown(text, tmp_path, "CNX101")
    assert word == "display-only"
    assert "from mysql.connector.pooling import MySQLConnectionPool\n" in after
    assert (
        "@functools.cache\n"
        "def _get_pool():\n"
        '    return MySQLConnectionPool(pool_size=5, host="db",\n'
        '                               user="shop")\n'
    ) in after
    assert "    conn = _get_pool().get_connection()\n    try:" in after


def test_what_the_object_gives_becomes_a_parameter(tmp_path: Path) -> None:
    text = (
        "import boto3\n\n\nclass Queue:\n    def __init__(self, region):\n        self.region = region\n\n"
        '    def send(self):\n        boto3.client("sqs", region_name=self.region).send_message()\n\n\n'
        'def handler(event, context):\n    Queue("eu").send()\n'
    )
    write(tmp_path, {"serverless.yml": "functions:\n  a:\n    handler: code.handler\n"})
    after, word = shown(text, tmp_path, "CNX101")
    assert word == "display-only"
    assert (
        '@functools.cache\ndef _get_sqs_client(region):\n    return boto3.client("sqs", region_name=region)\n'
        in after
    )
    assert "_get_sqs_client(self.region).send_message()" in after


def test_what_is_worked_out_for_each_call_is_no_key(tmp_path: Path) -> None:
    text = (
        "import boto3\n\n\nclass Queue:\n    def __init__(self, region):\n        self.region = region\n\n"
        '    def send(self):\n        boto3.client("sqs", region_name=self.region + "-1").send_message()\n\n\n'
        'def handler(event, context):\n    Queue("eu").send()\n'
    )
    write(tmp_path, {"serverless.yml": "functions:\n  a:\n    handler: code.handler\n"})
    reason, _ = shown(text, tmp_path, "CNX101")
    assert reason == "what it is given is worked out for each call"


def test_what_holds_a_user_s_cookies_is_shown_with_a_warning(tmp_path: Path) -> None:
    text = page("import httpx", "with httpx.Client() as client:\n    return client.get(name).text")
    [found] = [one for one in rendered(text, tmp_path) if one.finding.code == "CNX101"]
    assert found.finding.plan is not None
    assert found.finding.plan.title.endswith(", if its cookies may be everybody's")
    assert found.fix is not None


@pytest.mark.parametrize(
    ("imports", "body", "reason"),
    [
        (
            "import requests",
            's = requests.Session()\nprint(name)\ns.headers["A"] = "b"\nreturn s.get("https://a.b").text',
            "it is set up further down",
        ),
        (
            "import boto3",
            'return boto3.resource("s3").Bucket("a").name',
            "it must not be shared by threads",
        ),
        (
            "import pymysql",
            'conn = pymysql.connect(host="db")\nconn.set_charset("utf8")\nconn.close()',
            "a connection serves one at a time",
        ),
        (
            "import redis",
            'return [redis.Redis(host="a").get(k) for k in name]',
            "",
        ),
    ],
    ids=["later", "never", "connection", "comprehension"],
)
def test_where_no_edit_could_be_right_there_is_none(
    imports: str, body: str, reason: str, tmp_path: Path
) -> None:
    found = [
        one
        for one in rendered(page(imports, body), tmp_path)
        if one.finding.code in ("CNX101", "CNX102")
    ]
    assert len(found) == 1
    assert found[0].fix is None
    assert found[0].reason.startswith(reason)


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        ("db if isinstance(db, sqlite3.Connection) else sqlite3.connect(db)", True),
        ("sqlite3.connect(db)", False),
    ],
    ids=["given", "opened"],
)
def test_who_may_have_been_given_it_does_not_close_it(
    choice: str, reason: bool, tmp_path: Path
) -> None:
    text = f"""import sqlite3


def opened(db):
    return {choice}


def counted(db):
    conn = opened(db)
    return conn.execute("SELECT 1").fetchone()
"""
    after, _ = shown(text, tmp_path, "CNX201")
    assert (after == "opened may give what it was given, which somebody else releases") is reason


@pytest.mark.parametrize(("put", "reason"), [("client", True), ("timeout", False)])
def test_what_something_else_took_the_place_of_is_not_released_by_the_object(
    put: str, reason: bool, tmp_path: Path
) -> None:
    text = f"""import httpx


class Shop:
    def __init__(self):
        self.client = httpx.Client()

    def orders(self):
        return self.client.get("https://shop.test").json()

    def close(self):
        self.client.close()


def counted(other):
    shop = Shop()
    shop.{put} = other
    return len(shop.orders())
"""
    why = "its function puts something else in the place of what it has opened"
    assert (shown(text, tmp_path, "CNX201")[0] == why) is reason


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("CNX101", "it is opened by a call of its own, which must be made once as well"),
        ("CNX102", "each pass opens it by a call of its own, which must move as well"),
    ],
)
def test_what_is_started_by_a_call_of_its_own_is_shared_in_words(
    code: str, reason: str, tmp_path: Path
) -> None:
    text = """from fastapi import FastAPI
from aiokafka import AIOKafkaProducer

app = FastAPI()


@app.post("/orders")
async def order(text: str):
    producer = AIOKafkaProducer()
    await producer.start()
    await producer.send_and_wait("orders", text)
    await producer.stop()


async def send(texts):
    for text in texts:
        producer = AIOKafkaProducer()
        await producer.start()
        await producer.send_and_wait("orders", text)
        await producer.stop()
"""
    assert shown(text, tmp_path, code) == (reason, "display-only")


def test_what_another_file_opens_for_a_loop_is_named(tmp_path: Path) -> None:
    store = """import sqlite3
from contextlib import closing


def save(row):
    with closing(sqlite3.connect("shop.db")) as conn, conn:
        conn.execute("INSERT INTO rows VALUES (?)", row)
"""
    write(tmp_path, {"store.py": store})
    text = "from store import save\n\n\ndef load(rows):\n    for row in rows:\n        save(row)\n"
    [found] = rendered(text, tmp_path)
    assert found.fix is None
    assert found.finding.plan is not None
    assert found.finding.plan.title.endswith("before the loop, and give it to save (store.py)")


@pytest.mark.parametrize(
    ("given", "reason"),
    [("**self.options", True), ("base_url=self.options", False)],
    ids=["mapping", "value"],
)
def test_what_spreads_a_mapping_has_no_key(given: str, reason: bool, tmp_path: Path) -> None:
    text = f"""import httpx
from flask import Flask

app = Flask(__name__)


class Shop:
    def __init__(self, options):
        self.options = options

    def ask(self):
        with httpx.Client({given}) as client:
            return client.get("https://a.example").text


@app.get("/")
def page():
    return Shop("https://b.example").ask()
"""
    after, _ = shown(text, tmp_path, "CNX101")
    assert (after == "what it is given may be no key of what is kept") is reason


OBJECT = """import requests
from browser import Browser
from flask import Flask

app = Flask(__name__)


class Reader:
    def __init__(self):
        self.browser = Browser(session=requests.Session())

    def {end}(self):
        self.browser.close()


@app.get("/")
def page():
    return str(Reader())
"""


@pytest.mark.parametrize(("end", "closes"), [("close", True), ("again", False)])
def test_what_an_object_ends_with_itself_is_not_shared(
    end: str, closes: bool, tmp_path: Path
) -> None:
    after, _ = shown(OBJECT.replace("{end}", end), tmp_path, "CNX101")
    assert (after == "it is closed by whoever gets it") is closes


PSYCOPG = page(
    "import psycopg",
    'with psycopg.connect("dbname=shop", autocommit=True) as conn:\n'
    "    conn.execute('DELETE FROM names')",
)


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [
        ("flask\npsycopg[binary,pool]\n", "unsafe"),
        ("psycopg-pool  # lent from\n", "unsafe"),
        ("psycopg[binary]==3.2.1\n# psycopg-pool\n", "display-only"),
    ],
)
def test_a_requirement_brings_the_package(requirements: str, expected: str, tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": requirements})
    assert shown(PSYCOPG, tmp_path, "CNX101")[1] == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", "display-only"),
        ('[project]\ndependencies = ["psycopg[binary]", "flask"]', "display-only"),
        ('[project]\ndependencies = ["psycopg[binary, Pool]>=3"]', "unsafe"),
        ('[tool.poetry.dependencies]\npsycopg_pool = "^3.2"', "unsafe"),
        ('[dependency-groups]\nweb = ["psycopg-pool==3.3.3"]', "unsafe"),
        ('[project]\ndescription = "psycopg_pool is not asked for here"', "display-only"),
    ],
)
def test_a_pool_from_a_package_that_the_project_does_not_ask_for_is_shown(
    settings: str, expected: str, tmp_path: Path
) -> None:
    write(tmp_path, {"pyproject.toml": settings, "code.py": PSYCOPG})
    renderings = Renderings()
    check_projects(Job(paths=(str(tmp_path),)), Flags(use_cache=False), cure=renderings)
    [(_, found)] = renderings.found
    assert found.finding.plan is not None
    assert found.finding.plan.applicability.word == expected
    assert ("needs the package psycopg_pool" in found.finding.plan.title) is (expected != "unsafe")
    assert found.fix is not None
    [opened] = [edit.text for edit in found.fix.edits if "_get_pool" in edit.text]
    assert '"dbname=shop", kwargs={"autocommit": True}' in " ".join(opened.split())


def test_a_project_that_imports_the_package_has_it(tmp_path: Path) -> None:
    text = PSYCOPG.replace("import psycopg\n", "import psycopg\nimport psycopg_pool\n")
    assert shown(text, tmp_path, "CNX101")[1] == "unsafe"


@pytest.mark.parametrize(
    ("imports", "connect", "reason"),
    [
        ("import pymysql", 'pymysql.connect("db", "shop")', "by position"),
        ("from pymysql import connect", 'connect(host="db")', "no name here"),
        ("import psycopg", 'psycopg.connect("dbname=shop", *OPTIONS)', "by position"),
    ],
)
def test_no_pool_for_what_is_given_otherwise(
    imports: str, connect: str, reason: str, tmp_path: Path
) -> None:
    body = f"conn = {connect}\ntry:\n    conn.cursor()\nfinally:\n    conn.close()"
    text = page(f"{imports}\n\nOPTIONS = ()\n", body)
    assert reason in shown(text, tmp_path, "CNX101")[0]


SERVICE = (
    "import asyncpg\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n"
    "async def count():\n"
    '    conn = await asyncpg.connect("postgresql://db/shop")\n'
    "    try:\n"
    '        return await conn.fetchval("SELECT 1")\n'
    "    finally:\n"
    "        await conn.close()\n\n\n"
    '@app.get("/")\nasync def page():\n    return await count()\n'
)


def test_the_application_of_a_file_keeps_its_pool(tmp_path: Path) -> None:
    after, word = shown(SERVICE, tmp_path, "CNX101")
    assert word == "unsafe"
    assert "async with app.state.pool.acquire(timeout=30) as conn:" in after
    assert "app = FastAPI(lifespan=lifespan)" in after


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n\n\nasync def count", '\n\n\n@app.on_event("startup")\ndef start():\n    pass\n\n\nasync def count'),
        ("\n\n\nasync def count", "\nother = FastAPI()\n\n\nasync def count"),
        ("app = FastAPI()", "app = FastAPI(**{})"),
        ("app = FastAPI()", "app = FastAPI(lifespan=None or 1)"),
        ("async def count():", "async def count(app=None):"),
        ("\n\n\n@app.get", "\n\n\nasync def by_hand():\n    await count()\n\n\n@app.get"),
        ("\n\n\n@app.get", "\n\n\nfrom jobs import plan\n\nplan(count)\n\n\n@app.get"),
        ("app = FastAPI()", "def make():\n    app = FastAPI()\n    return app\n\n\napp = make()"),
    ],
)  # fmt: skip
def test_else_its_first_use_opens_the_pool(old: str, new: str, tmp_path: Path) -> None:
    text = SERVICE.replace(old, new)
    assert text != SERVICE
    after, _ = shown(text, tmp_path, "CNX101")
    assert 'if "pool" not in _pools:' in after
    assert "app.state" not in after


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("test_it.py", "from fastapi.testclient import TestClient\nfrom code import app\n\nclient = TestClient(app)\n"),
        ("handler.py", "from mangum import Mangum\nfrom code import app\n\nhandler = Mangum(app)\n"),
        ("more.py", "import fastapi\n\nadmin = fastapi.FastAPI()\n"),
    ],
)  # fmt: skip
def test_no_application_keeps_a_pool_that_may_run_without_its_start(
    name: str, text: str, tmp_path: Path
) -> None:
    write(tmp_path, {name: text})
    assert "app.state" not in shown(SERVICE, tmp_path, "CNX101")[0]


def test_another_pool_of_the_application_is_left_alone(tmp_path: Path) -> None:
    text = SERVICE.replace("\n\n\nasync def count", "\napp.state.pool = None\n\n\nasync def count")
    assert shown(text, tmp_path, "CNX101")[0] == "the application keeps another pool"


@pytest.mark.parametrize("name", ["db.py", "code.py"])
def test_the_pool_that_the_project_has_is_named(name: str, tmp_path: Path) -> None:
    pool = (
        'import psycopg2.pool\n\npool = psycopg2.pool.ThreadedConnectionPool(1, 5, "dbname=shop")\n'
    )
    opened = 'conn = psycopg2.connect("dbname=shop", connect_timeout=3)'
    text = page("import psycopg2", f"{opened}\ntry:\n    conn.cursor()\nfinally:\n    conn.close()")
    if name == "code.py":
        text = pool + text
    else:
        write(tmp_path, {name: pool})
    reason, word = shown(text, tmp_path, "CNX101")
    assert word == "display-only"
    assert reason.startswith(f"the project has a pool at {name}:3: ")


SHARED = """import psycopg2
from flask import Flask, jsonify

app = Flask(__name__)
conn = psycopg2.connect("dbname=shop")  # one for all


@app.get("/orders")
def orders():
    # All of them.
    cur = conn.cursor()
    cur.execute("SELECT id FROM orders")
    rows = cur.fetchall()
    return jsonify(rows)


@app.post("/orders")
def add_order():
    print("one more")
    with conn, conn.cursor() as cur:
        cur.execute("INSERT INTO orders DEFAULT VALUES")
    return "", 201


def other(conn):
    return conn
"""


def test_a_pool_is_shown_in_place_of_one_connection(tmp_path: Path) -> None:
    after, word = shown(SHARED, tmp_path, "CNX104")
    assert word == "display-only"
    assert "conn = psycopg2.connect" not in after
    assert "# one for all\n" in after
    assert '    return ThreadedConnectionPool(_POOL_SIZE, _POOL_SIZE, "dbname=shop")\n' in after
    assert (
        "def orders():\n    with _borrow_connection() as conn:\n        # All of them.\n"
        "        cur = conn.cursor()\n"
    ) in after
    assert (
        "    with _borrow_connection() as conn, conn, conn.cursor() as cur:\n        cur." in after
    )
    assert "def other(conn):\n    return conn\n" in after
    assert [one.finding.code for one in rendered(after, tmp_path)] == []


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("# one for all", "\nconn.autocommit = True", "line 6 uses it in no plain function"),
        ("def orders():\n", "async def orders():\n    cur = await conn.cursor()\n", "would stop the loop"),
        ("    with conn, conn", "    async with conn, conn", "would stop the loop"),
        ("    cur = conn", "    global conn\n    cur = conn", "something else"),
        ("    rows = cur", "    yield cur\n    rows = cur", "is a generator"),
        ('    rows = cur.fetchall()\n', "    rows = (row for row in cur)\n    return rows\n", "reads it later"),
        ("    return jsonify(rows)", "    return jsonify([cur, rows])", "returns what needs it"),
        ("    cur = conn.cursor()", "    cur = (lambda: conn.cursor())()", "no plain function"),
        ("print(", "def inner():\n        conn.cursor()\n\n    print(", "no plain function"),
    ],
)  # fmt: skip
def test_no_pool_for_who_cannot_borrow(old: str, new: str, reason: str, tmp_path: Path) -> None:
    text = SHARED.replace(old, new, 1)
    assert text != SHARED
    assert reason in shown(text, tmp_path, "CNX104")[0]


def test_methods_and_coroutines_borrow_too(tmp_path: Path) -> None:
    text = SHARED.replace("def orders():", "async def orders():\n    await first()")
    text += """

class Orders:
    def count(self):
        cur = conn.cursor()
        cur.execute("SELECT count(*) FROM orders")
        return cur.fetchone()[0]
"""
    after, word = shown(text, tmp_path, "CNX104")
    assert word == "display-only"
    method = "    def count(self):\n        with _borrow_connection() as conn:\n            cur ="
    assert method in after
    assert "    await first()\n    with _borrow_connection() as conn:\n" in after
    assert [one.finding.code for one in rendered(after, tmp_path)] == []


def test_no_pool_where_other_files_use_the_connection(tmp_path: Path) -> None:
    write(tmp_path, {"more.py": "from code import conn\n\n\ndef more():\n    conn.cursor()\n"})
    assert "all who use it must borrow" in shown(SHARED, tmp_path, "CNX104")[0]


SITE = (
    "INSTALLED_APPS = ['shop']\n"
    "DATABASES = {\n    'default': {\n        'ENGINE': '%s',\n        'HOST': 'db',%s\n    },\n}\n"
)


@pytest.mark.parametrize(
    ("code", "engine", "written", "after"),
    [
        (
            "CNX405",
            "django.db.backends.mysql",
            "",
            "\n        \"CONN_MAX_AGE\": 600,\n        \"CONN_HEALTH_CHECKS\": True,",
        ),
        (
            "CNX405",
            "django.db.backends.mysql",
            " 'CONN_MAX_AGE': 0,",
            " 'CONN_MAX_AGE': 600, \"CONN_HEALTH_CHECKS\": True,",
        ),
        (
            "CNX405",
            "django.db.backends.postgresql",
            "\n        'CONN_MAX_AGE': 60, 'OPTIONS': {'pool': True},",
            "\n        'CONN_MAX_AGE': 0, 'OPTIONS': {'pool': True},",
        ),
        (
            "CNX402",
            "django.db.backends.postgresql",
            "\n        'OPTIONS': {'pool': {'min_size': 2, 'max_size': 50}},",
            "\n        'OPTIONS': {'pool': {'min_size': 2, 'max_size': 20}},",
        ),
        (
            "CNX402",
            "dj_db_conn_pool.backends.postgresql",
            "\n        'POOL_OPTIONS': {'POOL_SIZE': 30, 'MAX_OVERFLOW': 25},",
            "\n        'POOL_OPTIONS': {'POOL_SIZE': 10, 'MAX_OVERFLOW': 10},",
        ),
    ],
)  # fmt: skip
def test_settings_of_a_database_are_shown(
    tmp_path: Path, code: str, engine: str, written: str, after: str
) -> None:
    text = SITE % (engine, written)
    assert shown(text, tmp_path, code) == (SITE % (engine, after), "display-only")


def test_entries_of_one_table_are_shown_together(tmp_path: Path) -> None:
    entry = "{'ENGINE': 'django.db.backends.mysql', 'HOST': 'db'}"
    text = f"INSTALLED_APPS = []\nDATABASES = {{'default': {entry}, 'other': {entry}}}\n"
    after, word = shown(text, tmp_path, "CNX405")
    assert (after.count('"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True'), word) == (
        2,
        "display-only",
    )


def test_a_pool_is_shown_where_connections_may_not_be_kept(tmp_path: Path) -> None:
    own = "\n        'OPTIONS': {'sslmode': 'require'},"
    text = SITE % ("django.db.backends.postgresql", own) + "ASGI_APPLICATION = 'shop.asgi.app'\n"
    after, word = shown(text, tmp_path, "CNX405")
    assert ("'OPTIONS': {'sslmode': 'require', \"pool\": True}," in after, word) == (
        True,
        "display-only",
    )
