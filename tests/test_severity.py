"""How grave a finding is: what is at the other end, how often it happens, and whether the process ends with it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from conn_lint.api import check_paths, check_source
from conn_lint.model.finding import Severity

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

WEB = "from flask import Flask\napp = Flask(__name__)\n"
HANDLER = WEB + '@app.get("/x")\ndef x():\n    '
DAILY = "from discord.ext import tasks\n@tasks.loop(hours=24)\nasync def daily():\n    "
SCRIPT = "\nif __name__ == '__main__':\n    main()\n"
HELD = "conn = psycopg2.connect('dbname=shop')\n    try:\n        {}\n    finally:\n        conn.close()\n"
GET = "requests.get('https://rates.example', timeout=5)"


def held(wait: str) -> str:
    return HELD.format(wait)


CASES = [
    # CNX101: databases, caches and brokers; other clients; what the facts call low; periodic jobs
    ("CNX101", ERROR, "import psycopg2\n" + HANDLER + "psycopg2.connect('dbname=shop')\n"),
    ("CNX101", ERROR, "import redis\n" + HANDLER + "redis.Redis(host='cache').get('a')\n"),
    ("CNX101", WARNING, "import httpx\n" + HANDLER + "httpx.Client().get('https://a.example')\n"),
    (
        "CNX101",
        NOTE,
        "import twilio.rest\n" + HANDLER + "twilio.rest.Client('a', 'b').messages.list()\n",
    ),
    ("CNX101", NOTE, "import redis\n" + DAILY + "redis.Redis(host='cache').get('a')\n"),
    # CNX102
    (
        "CNX102",
        ERROR,
        "import redis\ndef f(xs):\n    for x in xs:\n        redis.Redis(host='cache').get(x)\n",
    ),
    (
        "CNX102",
        WARNING,
        "import httpx\ndef f(xs):\n    for x in xs:\n        httpx.Client().get('https://a.example')\n",
    ),
    (
        "CNX102",
        NOTE,
        "import twilio.rest\ndef f(xs):\n    for x in xs:\n"
        "        twilio.rest.Client('a', 'b').messages.create(to=x)\n",
    ),
    (  # one call in a loop that leads to both
        "CNX102",
        ERROR,
        "import httpx, redis\ndef g(x):\n    httpx.Client().get('https://a.example')\n"
        "    redis.Redis(host='cache').get(x)\ndef f(xs):\n    for x in xs:\n        g(x)\n",
    ),
    # the end of the process: what only a script calls, and not what the module gives to others
    (
        "CNX201",
        NOTE,
        "import psycopg2\ndef main():\n    psycopg2.connect('dbname=shop').cursor()\n" + SCRIPT,
    ),
    (
        "CNX201",
        ERROR,
        WEB + "import psycopg2\ndef count():\n    psycopg2.connect('dbname=shop').cursor()\n"
        "app.teardown_appcontext(count)\nif __name__ == '__main__':\n    app.run()\n",
    ),
    # CNX104
    (
        "CNX104",
        ERROR,
        "import psycopg2\n" + WEB + "conn = psycopg2.connect('dbname=shop')\n"
        '@app.get("/x")\ndef x():\n    return conn.cursor().execute("SELECT 1")\n',
    ),
    # CNX201 and 202, in a service and in the function with which a script ends
    (
        "CNX201",
        ERROR,
        "import psycopg2\ndef main():\n    psycopg2.connect('dbname=shop')\n    f()\n",
    ),
    (
        "CNX201",
        WARNING,
        "import httpx\ndef main():\n    c = httpx.Client()\n    c.get('https://a.example')\n",
    ),
    (
        "CNX201",
        NOTE,
        "import psycopg2\ndef main():\n    psycopg2.connect('dbname=shop')\n" + SCRIPT,
    ),
    (
        "CNX202",
        WARNING,
        "import psycopg2\ndef g():\n    conn = psycopg2.connect('dbname=shop')\n    f()\n    conn.close()\n",
    ),
    (
        "CNX202",
        NOTE,
        "import psycopg2\ndef main():\n    conn = psycopg2.connect('dbname=shop')\n    f()\n    conn.close()\n"
        + SCRIPT,
    ),
    # CNX301: in a service, a script, a periodic job; into COPY; behind a cache
    ("CNX301", ERROR, "import psycopg2, requests\n" + HANDLER + held(GET)),
    ("CNX301", NOTE, "import psycopg2, requests\ndef main():\n    " + held(GET) + SCRIPT),
    ("CNX301", NOTE, "import psycopg2, requests\n" + DAILY + held(GET)),
    (
        "CNX301",
        NOTE,
        "import psycopg2, requests\n"
        + HANDLER
        + held(f"conn.cursor().copy_expert('COPY t FROM STDIN', {GET}.raw)"),
    ),
    (
        "CNX301",
        NOTE,
        "import psycopg2, requests\nfrom functools import lru_cache\n@lru_cache\ndef rates():\n    "
        f"return {GET}\n" + HANDLER + held("rates()"),
    ),
    (
        "CNX301",
        ERROR,
        f"import psycopg2, requests\ndef rates():\n    return {GET}\n" + HANDLER + held("rates()"),
    ),
    # CNX302
    ("CNX302", NOTE, "import psycopg2, time\n" + HANDLER + held("time.sleep(1)")),
]


@pytest.mark.parametrize(("code", "severity", "source"), CASES)
def test_severity(code: str, severity: Severity, source: str) -> None:
    found = [f.severity for f in check_source(textwrap.dedent(source)) if f.code == code]
    assert found == [severity]


def test_one_event_at_a_time_shares_nothing() -> None:
    """A serverless function may have a raw connection at module level."""
    source = "import psycopg2\nconn = psycopg2.connect('dbname=shop')\n{}    return conn.cursor().execute('SELECT 1')\n"
    serverless = source.format("def lambda_handler(event, context):\n")
    service = WEB + source.format('@app.get("/x")\ndef x():\n')
    assert not [f for f in check_source(serverless) if f.code == "CNX104"]
    assert [f for f in check_source(service) if f.code == "CNX104"]


def test_the_same_word_elsewhere_calls_no_script(tmp_path: Path) -> None:
    """`run` in a file that does not import the script means something else; in one that does, it may call it."""
    script = "import psycopg2\ndef run():\n    psycopg2.connect('dbname=shop').cursor()\n"
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "move.py").write_text(script + SCRIPT.replace("main", "run"))
    (tmp_path / "other.py").write_text("import subprocess\ndef f():\n    subprocess.run(['ls'])\n")
    assert [f.severity for f in check_paths([tmp_path], use_cache=False) if f.code == "CNX201"] == [
        NOTE
    ]
    (tmp_path / "other.py").write_text("import move\ndef f():\n    move.run()\n")
    assert [f.severity for f in check_paths([tmp_path], use_cache=False) if f.code == "CNX201"] == [
        ERROR
    ]
