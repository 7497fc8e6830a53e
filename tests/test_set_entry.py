"""Fixes in settings files: one value changes, all else stays, and nobody sees a password."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from projects import SECRET, command, write

from conn_lint.cli.fixing import hidden
from conn_lint.config.projects import Job, check_projects
from conn_lint.config.repairs import Repairs
from conn_lint.config.resolve import Flags
from conn_lint.engine.repair import Repaired
from conn_lint.model.fix import Applicability

HOST = "aws-0-eu-west-1.pooler.supabase.com:6543"
URL = f"postgresql://shop:{SECRET}@{HOST}/shop"
PRISMA = "from prisma import Prisma\n\ndb = Prisma()\n"
BY_NAME = 'datasource db {\n  provider = "postgresql"\n  url      = env("DATABASE_URL")\n}\n'
TORTOISE = """import os

from tortoise import Tortoise


async def start():
    await Tortoise.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["shop"]})
"""


def project(folder: Path, files: dict[str, str | bytes]) -> Path:
    """A service that goes through a pooler, by what the files say."""
    return write(
        folder, {"pyproject.toml": "", "schema.prisma": BY_NAME, "app.py": PRISMA, **files}
    )


def repaired(root: Path, *paths: str) -> Repaired:
    """What the project would be after its fixes."""
    repairs = Repairs(Applicability.UNSAFE, shows=True)
    given = tuple(str(root / path) for path in paths or (".",))
    run = check_projects(Job(paths=given), Flags(use_cache=False), cure=repairs)
    assert run.problems == ()
    assert [trouble for _, outcome in run.checked for trouble in outcome.troubles] == []
    return repairs.done[0]


def codes(done: Repaired) -> list[str]:
    return [finding.code for finding in done.outcome.findings]


ENV = ".env"
COMPOSE = "compose.yml"
SERVICE = "services:\n  web:\n    image: shop # ours\n    environment:\n"


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        (ENV, f"# shop\nDATABASE_URL={URL}\n", f"# shop\nDATABASE_URL={URL}?pgbouncer=true\n"),
        (ENV, f"DATABASE_URL={URL} # pooled\n", f"DATABASE_URL={URL}?pgbouncer=true # pooled\n"),
        (ENV, f"DATABASE_URL='{URL}?a=b'\n", f"DATABASE_URL='{URL}?a=b&pgbouncer=true'\n"),
        (ENV, f"DATABASE_URL={URL}?a=b\n", f"DATABASE_URL={URL}?a=b&pgbouncer=true\n"),
        (
            ENV,
            f'export DATABASE_URL="{URL}?a=b"',
            f'export DATABASE_URL="{URL}?a=b&pgbouncer=true"',
        ),
        (
            ENV,
            f"DATABASE_URL={URL}?pgbouncer=false&a=b\n",
            f"DATABASE_URL={URL}?pgbouncer=true&a=b\n",
        ),
        (
            ENV,
            f"DATABASE_URL=postgresql://${{USER}}:${{PW:?no}}@{HOST}/${{NAME}}\nNAME=shop\n",
            f"DATABASE_URL=postgresql://${{USER}}:${{PW:?no}}@{HOST}/${{NAME}}?pgbouncer=true\nNAME=shop\n",
        ),
        (
            COMPOSE,
            f"{SERVICE}      DATABASE_URL: {URL}  # pooled\n",
            f"{SERVICE}      DATABASE_URL: {URL}?pgbouncer=true  # pooled\n",
        ),
        (
            COMPOSE,
            f'{SERVICE}      - "DATABASE_URL={URL}?a=b"\n      - A=b\n',
            f'{SERVICE}      - "DATABASE_URL={URL}?a=b&pgbouncer=true"\n      - A=b\n',
        ),
        (
            COMPOSE,
            f"{SERVICE}      {{A: b, DATABASE_URL: '{URL}'}}\n",
            f"{SERVICE}      {{A: b, DATABASE_URL: '{URL}?pgbouncer=true'}}\n",
        ),
        (
            "schema.prisma",
            BY_NAME.replace('env("DATABASE_URL")', f'"{URL}" // pooled'),
            BY_NAME.replace('env("DATABASE_URL")', f'"{URL}?pgbouncer=true" // pooled'),
        ),
        (
            "serverless.yml",
            f"provider:\n  environment:\n    DATABASE_URL: {URL}\n",
            f"provider:\n  environment:\n    DATABASE_URL: {URL}?pgbouncer=true\n",
        ),
        (
            "function.json",
            f'{{"environment": {{"DATABASE_URL": "{URL}"}}}}\n',
            f'{{"environment": {{"DATABASE_URL": "{URL}?pgbouncer=true"}}}}\n',
        ),
    ],
)
def test_the_parameter_is_added_where_the_address_stands(
    name: str, before: str, after: str, tmp_path: Path
) -> None:
    done = repaired(project(tmp_path, {name: before}))
    assert {path: data.decode() for path, data in done.after.items()} == {name: after}
    assert "CNX404" not in codes(done)
    assert repaired(project(tmp_path, {name: after})).after == {}


@pytest.mark.parametrize("ending", [b"\r\n", b"\r", b"\n"])
def test_encoding_and_endings_stay(ending: bytes, tmp_path: Path) -> None:
    lines = (b"\xef\xbb\xbf# caf\xc3\xa9", b"DATABASE_URL=" + URL.encode(), b"A=b", b"")
    before = ending.join(lines)
    done = repaired(project(tmp_path, {".env": before}))
    assert done.after[".env"] == before.replace(b"6543/shop", b"6543/shop?pgbouncer=true")


def test_several_files_are_changed_together_or_not_at_all(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        ".env": f"DATABASE_URL={URL}\n",
        "compose.yml": f"{SERVICE}      DATABASE_URL: {URL}\n",
        ".env.local": f"DATABASE_URL=postgresql://{HOST.replace('6543', '5432')}/shop\n",
    }
    root = project(tmp_path, files)
    assert sorted(repaired(root).after) == [".env", "compose.yml"]
    done = repaired(root, "app.py", ".env")
    assert done.after == {}
    assert [item.reason for item in done.withdrawn] == [
        "it would change compose.yml as well, which was not given"
    ]


def test_a_file_that_was_not_given_stays(tmp_path: Path) -> None:
    root = project(tmp_path / "shop", {".env": f"DATABASE_URL={URL}\n", "src/db.py": PRISMA})
    (root / "app.py").unlink()
    done = repaired(root, "src")
    assert done.after == {}
    assert [item.reason for item in done.withdrawn] == ["it would change .env, which was not given"]
    assert list(repaired(root, "src", ".env").after) == [".env"]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (
            {
                ".env": f"DATABASE_URL={URL}\n",
                "b.py": 'import os\nimport psycopg2\n\nc = psycopg2.connect(os.environ["DATABASE_URL"])\n',
            },
            "psycopg2.connect() (b.py:4) connects by it as well",
        ),
        (
            {
                "compose.yml": f"x: &env\n  DATABASE_URL: {URL}\nservices:\n  web:\n    environment: *env\n"
            },
            "compose.yml:2 stands for more than one value",
        ),
        (
            {"compose.yml": f"{SERVICE}      DATABASE_URL: >-\n        {URL}\n"},
            "compose.yml:5 has a value of several lines",
        ),
        (
            {"compose.yml": f"{SERVICE}      DATABASE_URL: &url {URL}\n"},
            "its value has an anchor or a tag, or is a block of text",
        ),
        (
            {".env": f"DATABASE_URL={URL}?${{MORE}}\n"},
            "its parameters are put together, or escaped",
        ),
        (
            {".env": f"DATABASE_URL={URL}#fragment\n"},
            "its value is no URL that can be taken apart",
        ),
        (
            {".env": f"export DATABASE_URL={URL}?a=b\n"},
            ".env:1 is for a shell, which ends a value at & without quotes",
        ),
        (
            {"Dockerfile": f"FROM shop\nENV DATABASE_URL={URL}\n"},
            "nothing is changed in files like Dockerfile",
        ),
    ],
)
def test_what_cannot_be_changed_alone_stays(
    files: dict[str, str | bytes], reason: str, tmp_path: Path
) -> None:
    done = repaired(project(tmp_path, files))
    assert done.after == {}
    assert reason in [item.reason for item in done.withdrawn if item.finding.code == "CNX404"]


def test_a_variable_that_is_read_twice_is_only_shown(tmp_path: Path) -> None:
    other = 'import os\n\nprint(os.environ["DATABASE_URL"])\n'
    root = project(
        tmp_path, {".env": f"DATABASE_URL={URL}\n", "app.py": TORTOISE, "schema.prisma": ""}
    )
    once = repaired(root).after[".env"].decode()
    assert once == f"DATABASE_URL={URL}?statement_cache_size=0\n"
    write(root, {"migrations/env.py": other})
    done = repaired(root)
    assert done.after == {}
    assert [list(shown.after) for shown in done.shown if shown.finding.code == "CNX404"] == [
        [".env"]
    ]


def test_an_address_within_a_dict_is_found_as_well(tmp_path: Path) -> None:
    code = TORTOISE.replace(
        'db_url=os.environ["DATABASE_URL"], modules={"models": ["shop"]}',
        'config={"connections": {"default": os.environ["DATABASE_URL"]}, "apps": {}}',
    )
    files: dict[str, str | bytes] = {".env": f"DATABASE_URL={URL}\n", "app.py": code}
    done = repaired(project(tmp_path, {**files, "schema.prisma": ""}))
    assert done.after[".env"].decode() == f"DATABASE_URL={URL}?statement_cache_size=0\n"


@pytest.mark.parametrize(
    "files",
    [
        {"migrations/env.py": 'import os\n\nopen_by(os.environ["DATABASE_URL"])\n'},
        {"app.py": TORTOISE},
        {".env": f"DATABASE_URL={URL}\nOTHER=${{DATABASE_URL}}?sslmode=require\n"},
        {".env": f"DATABASE_URL={URL}\nOTHER=$DATABASE_URL\n"},
        {
            "compose.yml": "services:\n  m:\n    command: -database ${DATABASE_URL}?sslmode=require up\n"
        },
        {"compose.yml": f'{SERVICE}      - "OTHER=${{DATABASE_URL:?}}"\n'},
        {"start.sh": "set -a; . ./.env\nexec python app.py\n"},
        {"start.sh": 'pg_dump "$DATABASE_URL" > dump\n'},
    ],
)
def test_what_something_else_makes_use_of_is_only_shown(
    files: dict[str, str | bytes], tmp_path: Path
) -> None:
    done = repaired(project(tmp_path, {".env": f"DATABASE_URL={URL}\n", **files}))
    assert done.after == {}
    assert ".env" in {path for shown in done.shown for path in shown.after}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("compose.yml", f"{SERVICE}      OTHER: $DATABASE_URLS ${{A_DATABASE_URL}}\n"),
        ("start.sh", ". ./.env.d/one\n. ./other.env\necho DATABASE_URL\n"),
    ],
)
def test_others_with_names_alike_are_no_users_of_it(name: str, text: str, tmp_path: Path) -> None:
    done = repaired(project(tmp_path, {".env": f"DATABASE_URL={URL}\n", name: text}))
    assert list(done.after) == [".env"]


def test_an_example_is_only_shown(tmp_path: Path) -> None:
    done = repaired(project(tmp_path, {".env.example": f"DATABASE_URL={URL}\n"}))
    assert done.after == {}
    assert [list(shown.after) for shown in done.shown] == [[".env.example"]]


@pytest.mark.parametrize("password", [SECRET, f"it's-{SECRET}", f"a:{SECRET}@b", f"{SECRET}#x", ""])
@pytest.mark.parametrize("line", ["URL={}", "URL: '{}' # two: {}", '["a", "{}"]'])
def test_a_diff_has_no_user_and_no_password(password: str, line: str) -> None:
    url = f"postgresql://{SECRET}:{password}@{HOST}/shop"
    beside = f"STRIPE={SECRET}\n"
    before = f"{beside}{line.replace('{}', url)}\n{beside}"
    after = before.replace("6543/shop", "6543/shop?pgbouncer=true")
    found = list(hidden(".env", before.encode(), after.encode()))
    assert len(found) == 5
    assert "pgbouncer=true" in found[-1]
    assert SECRET not in "".join(found)


@pytest.mark.parametrize("name", [".env", ".env.example"])
def test_nothing_that_is_shown_has_the_password(name: str, tmp_path: Path) -> None:
    text = f"STRIPE={SECRET}\nDATABASE_URL={URL}\nSTRIPE={SECRET}\n"
    root = project(tmp_path, {name: text})
    edits = ("--with-edits", "--show-notes")
    for flags in (
        ("--diff", "--show-fixes"),
        ("--format", "json", *edits),
        ("--format", "sarif", *edits),
    ):
        done = command("check", "--no-cache", "--unsafe-fixes", *flags, ".", cwd=root)
        assert "CNX404" in done.stdout + done.stderr
        assert "pgbouncer=true" in done.stdout
        assert SECRET not in done.stdout + done.stderr
    assert (root / name).read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "line",
    [
        "a: {{PGPASSWORD: {0}, URL: '{1}', B: {0}}}",
        '{{"a": {{"B":"{0}","URL":"{1}"}}, "c": ["D={0}"]}}',
        'a: ["B={0}", "URL={1}", \'C={0}\']',
        "URL={1} # was {0}",
        "URL: '{1}'  #{0}",
    ],
)
def test_a_diff_has_nothing_else_of_the_line(line: str) -> None:
    before = line.format(SECRET, URL)
    after = before.replace("6543/shop", "6543/shop?pgbouncer=true")
    found = "".join(hidden("compose.yml", before.encode(), after.encode()))
    assert f"{HOST}/shop?pgbouncer=true" in found
    assert SECRET not in found


def test_a_file_that_was_not_given_is_shown_without_its_neighbours(tmp_path: Path) -> None:
    text = INI.replace("%(pw)s", SECRET)
    files = {"pyproject.toml": STARTS, "production.ini": text, "shop/__init__.py": PYRAMID}
    root = write(tmp_path, files)
    flags = ("--no-cache", "--unsafe-fixes", "--diff", "--select", "CNX402")
    done = command("check", *flags, "shop", cwd=root)
    assert "+sqlalchemy.pool_size = 10" in done.stdout
    assert SECRET not in done.stdout + done.stderr


def test_the_written_file_keeps_its_password_and_rights(tmp_path: Path) -> None:
    root = project(tmp_path, {".env": f"DATABASE_URL={URL}\n"})
    (root / ".env").chmod(0o600)
    done = command("check", "--no-cache", "--fix", "--unsafe-fixes", "--show-fixes", ".", cwd=root)
    assert "app.py:3: CNX404: fixed: Set pgbouncer=true in .env:1" in done.stderr
    assert (root / ".env").read_text() == f"DATABASE_URL={URL}?pgbouncer=true\n"
    assert (root / ".env").stat().st_mode & 0o777 == 0o600


def test_the_diff_stands_behind_signs(tmp_path: Path) -> None:
    root = project(tmp_path, {".env": f"A=b\nDATABASE_URL={URL}\n"})
    done = command("check", "--no-cache", "--diff", "--unsafe-fixes", ".", cwd=root)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "# settings files, which --fix changes too (passwords hidden):",
        "# --- a/.env",
        "# +++ b/.env",
        "# @@ -2 +2 @@",
        f"# -DATABASE_URL=postgresql://***@{HOST}/shop",
        f"# +DATABASE_URL=postgresql://***@{HOST}/shop?pgbouncer=true",
    ]


def test_edits_are_told_with_the_file_they_are_in(tmp_path: Path) -> None:
    root = project(tmp_path, {".env": f"DATABASE_URL={URL}\n"})
    done = command(
        "check", "--no-cache", "--with-edits", "--format", "json", root.name, cwd=root.parent
    )
    [found] = [one for one in json.loads(done.stdout) if one["code"] == "CNX404"]
    [edit] = found["fix"]["edits"]
    assert edit["path"] == f"{root.name}/.env"
    assert (edit["line"], edit["text"]) == (1, "?pgbouncer=true")


def test_a_link_out_of_the_project_is_left_alone(tmp_path: Path) -> None:
    root = project(tmp_path / "shop", {})
    outside = write(tmp_path / "else", {"env": f"DATABASE_URL={URL}\n"}) / "env"
    (root / ".env").symlink_to(outside)
    done = command("check", "--no-cache", "--fix", "--unsafe-fixes", ".", cwd=root)
    assert "it is a link to a file outside the project" in done.stderr
    assert "pgbouncer" not in outside.read_text()


# Sizes and waits


def shown_for(done: Repaired, code: str) -> list[dict[str, str]]:
    """What the fixes for people only would make of the files."""
    return [
        {path: data.decode() for path, data in shown.after.items()}
        for shown in done.shown
        if shown.finding.code == code
    ]


def test_a_size_in_a_url_is_only_shown(tmp_path: Path) -> None:
    text = "DATABASE_URL='postgresql://shop@db/shop?connection_limit=50&schema=a' # 50\n"
    done = repaired(project(tmp_path, {".env": text}))
    assert done.after == {}
    small = text.replace("limit=50", "limit=10")
    assert shown_for(done, "CNX402") == [{".env": small}]


def test_a_size_is_changed_under_the_name_that_it_has(tmp_path: Path) -> None:
    text = "DATABASE_URL=postgres://shop@db/shop?max_size=60&minsize=2\n"
    done = repaired(project(tmp_path, {".env": text, "app.py": TORTOISE}))
    assert shown_for(done, "CNX402") == [{".env": text.replace("60", "10")}]


def test_sizes_that_files_say_differently_stay(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        ".env": "DATABASE_URL=postgresql://shop@db/shop?connection_limit=50\n",
        ".env.production": "DATABASE_URL=postgresql://shop@db/shop?connection_limit=60\n",
    }
    assert repaired(project(tmp_path, files)).shown == ()
    files[".env.production"] = files[".env"]
    found = shown_for(repaired(project(tmp_path, files)), "CNX402")
    assert [sorted(one) for one in found] == [[".env", ".env.production"]]


def test_an_endless_wait_in_a_url_gets_a_limit(tmp_path: Path) -> None:
    text = "# 0: for ever\nDATABASE_URL=postgresql://shop@db/shop?pool_timeout=0\n"
    done = repaired(project(tmp_path, {".env": text}))
    assert done.after[".env"].decode() == text.replace("timeout=0", "timeout=5")
    assert "CNX401" not in codes(done)


INI = """[app:main]
use = egg:shop
; of one process
sqlalchemy.url = postgresql://shop:%(pw)s@db/shop
sqlalchemy.pool_size = 50
sqlalchemy.max_overflow = 5
"""
STARTS = '[project]\nname = "shop"\n[tool.conn-lint]\nkind = "service"\n'
PYRAMID = """from pyramid.config import Configurator
from sqlalchemy import engine_from_config


def main(global_config, **settings):
    config = Configurator(settings=settings)
    config.registry["engine"] = engine_from_config(settings, "sqlalchemy.")
    return config.make_wsgi_app()
"""


def test_a_number_by_itself_is_changed_where_it_is_too_large(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "pyproject.toml": STARTS, "production.ini": INI, "shop/__init__.py": PYRAMID
    }  # fmt: skip
    done = repaired(write(tmp_path, files))
    assert shown_for(done, "CNX402") == [{"production.ini": INI.replace("= 50", "= 10")}]


# Django

MARKS = 'SECRET_KEY = "..."\nINSTALLED_APPS = ["shop"]\n'
DJANGO = f"""import environ

env = environ.Env()
{MARKS}
DATABASES = {{"default": env.db("DATABASE_URL")}}
DATABASES["default"]["CONN_MAX_AGE"] = 60
"""


def site(folder: Path, files: dict[str, str | bytes]) -> Path:
    """A Django project whose settings are read from the environment."""
    return write(folder, {"pyproject.toml": "", "shop/settings.py": DJANGO, **files})


def test_a_key_that_only_the_url_can_set_is_set_there(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        ".env": f"DATABASE_URL={URL}  # pooled\n",
        ".env.local": "DATABASE_URL=postgres://shop@db/shop\n",
    }
    done = repaired(site(tmp_path, files))
    assert [finding.code for finding in done.applied] == ["CNX405"]
    after = f"DATABASE_URL={URL}?disable_server_side_cursors=True  # pooled\n"
    assert {path: data.decode() for path, data in done.after.items()} == {".env": after}
    assert repaired(site(tmp_path, {".env": after})).applied == ()
    off = after.replace("True", "False")
    assert repaired(site(tmp_path, {".env": off})).after[".env"].decode() == after


def test_a_call_with_a_keyword_gets_it(tmp_path: Path) -> None:
    made = "dj_database_url.config()"
    text = f'import dj_database_url\n\n{MARKS}DATABASES = {{"default": {made}}}\n'
    done = repaired(site(tmp_path, {".env": f"DATABASE_URL={URL}\n", "shop/settings.py": text}))
    assert list(done.after) == ["shop/settings.py"]
    assert (
        b"dj_database_url.config(disable_server_side_cursors=True)"
        in done.after["shop/settings.py"]
    )


def test_a_url_for_others_too_gets_no_key_of_django(tmp_path: Path) -> None:
    other = 'import os\nimport psycopg2\n\nc = psycopg2.connect(os.environ["DATABASE_URL"])\n'
    done = repaired(site(tmp_path, {".env": f"DATABASE_URL={URL}\n", "shop/jobs.py": other}))
    assert done.after == {}
    reasons = [item.reason for item in done.withdrawn if item.finding.code == "CNX405"]
    assert reasons == ["psycopg2.connect() (shop/jobs.py:4) connects by it as well"]


# Another address


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "aws-0-eu-west-1.pooler.supabase.com:5432/postgres",
            "aws-0-eu-west-1.pooler.supabase.com:6543/postgres",
        ),
        (
            "aws-0-eu-west-1.pooler.supabase.com/postgres",
            "aws-0-eu-west-1.pooler.supabase.com:6543/postgres",
        ),
        (
            "ep-cool-1.eu-central-1.aws.neon.tech/shop?sslmode=require",
            "ep-cool-1-pooler.eu-central-1.aws.neon.tech/shop?sslmode=require",
        ),
        ("db.abcdefghij.supabase.co:5432/postgres", None),
    ],
)
def test_the_address_of_a_pooler_is_shown(before: str, after: str | None, tmp_path: Path) -> None:
    text = f"functions:\n  a:\n    handler: app.main\n    environment:\n      SHOP_URL: postgresql://shop:{SECRET}@"
    opens = 'import os\nimport psycopg2\n\nshop = psycopg2.connect(os.environ["SHOP_URL"])\n'
    code = f"{opens}\n\ndef main(event, context):\n    shop.cursor()\n"
    done = repaired(
        write(
            tmp_path, {"pyproject.toml": "", "app.py": code, "serverless.yml": f"{text}{before}\n"}
        )
    )
    assert "CNX407" in codes(done)
    wanted = [] if after is None else [{"serverless.yml": f"{text}{after}\n"}]
    assert shown_for(done, "CNX407") == wanted
    assert done.after == {}
