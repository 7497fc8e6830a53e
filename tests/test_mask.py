from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest
from projects import SECRET, command, write

from conn_lint.engine.redact import redact
from conn_lint.lower.unit import lower_unit
from conn_lint.model.mask import is_secret_name, mask
from conn_lint.syntax.convert import read_slowly


@pytest.mark.parametrize(
    "text",
    [
        "postgres://user:{}@host/db",
        "postgresql+asyncpg://user:{}@host:5432/db?x=1",
        "redis://:{}@cache",
        "amqp://a:b/{}@host",
        "host=h password={} dbname=d",
        "host=h password = '{}' dbname=d",
        'connect(password="{}")',
        "connect(passwd='{}', host='x')",
        'PASSWORD = "{}"',
        'DB_PASSWORD: str = "{}"',
        "PGPASSWORD={}",
        'config["password"] = "{}"',
        '{{"password": "{}"}}',
        "API_KEY={}",
        "apikey={}",
        'private-key: "{}"',
        "AccountKey={};Name=y",
        "the keyboard's auth_key={}",
        "AWS_SECRET_ACCESS_KEY={}",
        'os.environ["AUTH_TOKEN"] = "{}"',
        'os.getenv("DB_PASSWORD", "{}")',
        "Server=x;Pwd={};Database=y",
        "https://host/?password={}&x=1",
        "Authorization: Bearer {}",
        'pass = r"{}"',
    ],
)
def test_secrets_are_hidden(text: str) -> None:
    full = text.format(SECRET)
    hidden = mask(full)
    assert SECRET not in hidden
    assert "***" in hidden
    same = mask(full, keep_length=True)
    assert SECRET not in same
    assert len(same) == len(full)
    assert mask(hidden) == hidden


@pytest.mark.parametrize(
    "token", ["sk-" + "a1B2" * 6, "ghp_" + "a" * 36, "AKIA" + "ABCD" * 4, "xoxb-1234567890-abc"]
)
def test_tokens_are_known_by_their_shape(token: str) -> None:
    assert token not in mask(f"client({token!r})")


@pytest.mark.parametrize(
    "text",
    [
        "psycopg2.connect(dsn)",
        "postgres://host:5432/db",
        'f"postgres://{user}:{password}@{host}/db"',
        '"postgresql://%s:%s@host" % (a, b)',
        "connect(password=password)",
        "connect(password=os.environ['X'])",
        "connect(password=get_secret(name))",
        "def connect(host: str, password: str) -> None:",
        "max_tokens=4096",
        "tokenizer = Tokenizer()",
        "password == other",
    ],
)
def test_code_without_secrets_stays(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize("char", ["a", "://", "pass", "password=", ":", "@", "'", "\\", " ", "x:"])
def test_long_lines_take_no_long_time(char: str) -> None:
    started = time.monotonic()
    mask("password" + char * (300_000 // len(char)), keep_length=True)
    assert time.monotonic() - started < 5


def test_names() -> None:
    for name in (
        "password",
        "DB_PASSWORD",
        "apiKey",
        "api_key",
        "auth_token",
        "db_pass",
        "client_secret",
    ):
        assert is_secret_name(name), name
    for name in ("passenger", "tokens", "tokenizer", "key", "compass", "bypass"):
        assert not is_secret_name(name), name


def test_summaries_hold_no_secret() -> None:
    source = (
        f"PASSWORD = {SECRET!r}\n"
        f"def f(token={SECRET!r}):\n"
        f"    a = connect('postgres://u:{SECRET}@h/d', password={SECRET!r})\n"
        f"    self.secret = {SECRET!r}\n"
        f"    b = {{'password': {SECRET!r}, 'host': 'kept'}}\n"
        f"    c = f'mysql://u:{SECRET}@{{host}}'\n"
    )
    for text, is_rest in ((source, True), (source.partition("\n")[2], False)):
        summary = lower_unit(read_slowly(text), is_rest)
        assert SECRET.encode() in msgspec.msgpack.encode(summary)
        data = msgspec.msgpack.encode(redact(summary))
        assert SECRET.encode() not in data
        assert is_rest or b"kept" in data


@pytest.mark.parametrize("output_format", ["text", "concise", "json", "github"])
def test_no_output_and_no_cache_has_the_password(tmp_path: Path, output_format: str) -> None:
    write(
        tmp_path,
        {
            "a.py": "import psycopg2\n\n\ndef load():\n"
            f"    conn = psycopg2.connect('postgres://u:{SECRET}@h/d')\n"
            f"    conn.cursor().execute('x', password='{SECRET}')\n"
            f"@app.route(password='{SECRET}')\ndef g():\n"
            f"    conn = psycopg2.connect(host='h', password='{SECRET}')\n    conn.cursor()\n"
        },
    )
    done = command("check", "--format", output_format, "--verbose", cwd=tmp_path)
    assert done.returncode == 1
    assert SECRET not in done.stdout + done.stderr
    cached = [path for path in (tmp_path / ".conn_lint_cache").rglob("*") if path.is_file()]
    assert len(cached) > 3
    for path in cached:
        assert SECRET.encode() not in path.read_bytes()
