"""Settings files of a project: which are found, when they are read, and that no secret is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from programs import analysis
from projects import CLEAN, LEAK, SECRET, command, places, run_check, write

from conn_lint.analyze import program
from conn_lint.config.projects import Job, Run, check_projects
from conn_lint.config.resolve import Flags
from conn_lint.engine.discover import Role, discover
from conn_lint.engine.markers import DEFAULT_EXCLUDE
from conn_lint.engine.redact import redact_document
from conn_lint.engine.roots import Roots
from conn_lint.model.settings import Settings
from conn_lint.model.summary import DocumentSummary
from conn_lint.syntax.documents import read_document

TEMPLATE = "Transform: AWS::Serverless-2016-10-31\nResources: {}\n"


def check(root: Path) -> Run:
    return check_projects(Job(paths=(str(root),)), Flags())


@pytest.fixture
def analysed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[DocumentSummary, ...]]:
    """The documents of each run that was not answered from the cache."""
    seen: list[tuple[DocumentSummary, ...]] = []
    original = program.analyze_program

    def watch(*args: Any, documents: tuple[DocumentSummary, ...], **others: Any) -> Any:
        seen.append(documents)
        return original(*args, documents=documents, **others)

    monkeypatch.setattr(program, "analyze_program", watch)
    return seen


def listed(root: Path) -> dict[str, str]:
    """Every listed file that is no source: its format, or why it is skipped."""
    found = discover(Settings(root=root, exclude=DEFAULT_EXCLUDE), Roots())
    return {f.path: f.format or f.why for f in found.files if f.role is not Role.REPORTED}


def test_which_files_are_documents(tmp_path: Path) -> None:
    names = {
        ".env": "env",
        "deploy/.env.production": "env",
        "deploy/db.env": "env",
        "serverless.yml": "yaml",
        "api/serverless.prod.yaml": "yaml",
        "docker-compose.yml": "yaml",
        "x/docker-compose.override.yaml": "yaml",
        "x/compose.yaml": "yaml",
        "requirements.txt": "requirements",
        "api/requirements-dev.txt": "requirements",
        "api/requirements/prod.txt": "requirements",
        "api/constraints.txt": "requirements",
        "api/poetry.lock": "lock",
        "Pipfile.lock": "lock",
        "x/template.yml": "yaml",
        "x/pgbouncer.ini": "ini",
        "x/alembic.ini": "ini",
        "any.ini": "ini",
        "setup.cfg": "ini",
        "pyproject.toml": "toml",
        "x/config.toml": "toml",
        ".streamlit/secrets.toml": "toml",
    }
    others = ("x/any.ini", "x/any.toml", "conn-lint.toml", "mkdocs.yml", "a.txt", "env", "x.envrc")
    write(tmp_path, dict.fromkeys((*names, *others), ""))
    assert listed(tmp_path) == names


def test_templates_are_known_by_their_content(tmp_path: Path) -> None:
    files = {
        "a/stack.yaml": "# x\nAWSTemplateFormatVersion: 2010-09-09\n",
        "a/sam.yml": TEMPLATE,
        "a/more.yml": "Transform:\n  - Some::Macro\n  - AWS::Serverless-2016-10-31\n",
        "a/other.yml": "text: 'AWSTemplateFormatVersion'\n  Transform: x\n",
        "a/not.txt": TEMPLATE,
    }
    write(tmp_path, files)
    assert listed(tmp_path) == dict.fromkeys(("a/more.yml", "a/sam.yml", "a/stack.yaml"), "yaml")


def test_what_is_left_out_is_listed_with_the_reason(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".gitignore": ".env\n*.hidden.yaml\n",
            ".env": "A=1",
            "stack.hidden.yaml": TEMPLATE,
            "compose.yaml": "a: " + "x" * 500_000,
            "b.env": "A=1",
        },
    )
    (tmp_path / "c.env").symlink_to(tmp_path / "b.env")
    assert listed(tmp_path) == {
        ".env": "ignored by .gitignore",
        "compose.yaml": "a document of more than 500 kB",
        "b.env": "env",
        "c.env": "a link to another file of the project",
    }
    done = command("files", cwd=tmp_path)
    assert "b.env: document\n" in done.stdout
    assert "compose.yaml: skipped (a document of more than 500 kB)\n" in done.stdout


def test_the_analysis_is_given_the_documents(
    tmp_path: Path, analysed: list[tuple[DocumentSummary, ...]]
) -> None:
    write(tmp_path, {"a.py": CLEAN, "x/b.env": "A=1\n", ".env": "B=2\n=\n"})
    check(tmp_path)
    (documents,) = analysed
    assert [(d.path, d.format, d.error) for d in documents] == [
        (".env", "env", "line 2: no name of a variable stands here"),
        ("x/b.env", "env", None),
    ]
    assert documents[1].entries[0].keys == ("A",)
    assert analysis({"a.py": CLEAN}).documents == ()


def test_a_changed_document_changes_the_key(
    tmp_path: Path, analysed: list[tuple[DocumentSummary, ...]]
) -> None:
    write(tmp_path, {"a.py": CLEAN, ".env": "A=1\n"})
    check(tmp_path)
    check(tmp_path)
    assert len(analysed) == 1
    write(tmp_path, {".env": "A=2\n"})
    check(tmp_path)
    assert [documents[0].entries[0].value for documents in analysed] == ["1", "2"]
    (tmp_path / ".env").rename(tmp_path / "b.env")
    check(tmp_path)
    assert len(analysed) == 3


def test_own_settings_in_a_document_do_not_change_the_key(
    tmp_path: Path, analysed: list[tuple[DocumentSummary, ...]]
) -> None:
    other = "[tool.other]\nx = 1\n"
    write(tmp_path, {"a.py": LEAK, "pyproject.toml": "[tool.conn-lint]\nignore = []\n\n" + other})
    assert places(check(tmp_path)) == [("a.py", 5, "CNX201")]
    own = "[tool.conn-lint]\nignore = ['CNX201']\n\n"
    write(tmp_path, {"pyproject.toml": own + other})
    assert places(check(tmp_path)) == []
    assert len(analysed) == 1
    assert [entry.keys for entry in analysed[0][0].entries] == [("tool", "other", "x")]
    write(tmp_path, {"pyproject.toml": own + other.replace("1", "2")})
    check(tmp_path)
    assert len(analysed) == 2


def test_a_document_is_read_once(
    tmp_path: Path,
    analysed: list[tuple[DocumentSummary, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(tmp_path, {"a.py": CLEAN, "compose.yaml": "a: 1\n", "x/compose.yaml": "a: 1\n"})
    check(tmp_path)
    write(tmp_path, {"a.py": LEAK})
    monkeypatch.setitem(sys.modules, "conn_lint.syntax.documents", None)  # to import it would raise
    assert places(check(tmp_path)) == [("a.py", 5, "CNX201")]
    assert analysed[0] == analysed[1]
    assert [document.path for document in analysed[1]] == ["compose.yaml", "x/compose.yaml"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything can be read here")
def test_an_unreadable_document_says_so(
    tmp_path: Path, analysed: list[tuple[DocumentSummary, ...]]
) -> None:
    write(tmp_path, {"a.py": CLEAN, ".env": "A=1\n"})
    (tmp_path / ".env").chmod(0)
    check(tmp_path)
    assert analysed[0][0].error == "line 1: the file cannot be read: Permission denied"


def test_a_document_given_itself_is_no_source(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "*.env\n", "b.env": "not ( python", "compose.yaml": "not: ( it"})
    assert places(run_check(tmp_path / "b.env", tmp_path / "compose.yaml")) == []


def test_nothing_of_it_is_imported_without_need(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": CLEAN, "b.env": "A=1\n", "c.ini": "[a]\n"})
    script = (
        "import sys\n"
        "import conn_lint.flake8_plugin, conn_lint.config.hosted\n"
        "assert not any('_document' in name or name == 'yaml' for name in sys.modules)\n"
        "from conn_lint.api import check_paths\n"
        "check_paths(['.'])\n"
        "assert 'conn_lint.syntax.env_document' in sys.modules\n"
        "assert 'yaml' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, check=False, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, b"")


SECRETS = {
    "env": f"DATABASE_URL=postgres://u:{SECRET}@h:6543/d\nDB_PASSWORD={SECRET}\n",
    "ini": f"[databases]\napp = host=h password={SECRET} port=1\n[x]\nadmin_token = {SECRET}\n",
    "prisma": f'datasource db {{\n  url = "postgresql://u:{SECRET}@h:6543/d"\n}}\n',
    "toml": f"[password]\nvalue = '{SECRET}'\n[x]\nurl = 'mysql://u:{SECRET}@h/d'\npin.secret = 4711\n",
    "yaml": f"""\
environment:
  - POSTGRES_PASSWORD={SECRET}
  - {{name: DB_PASS, value: {SECRET}}}
command: [run, --password, {SECRET}]
parameters: {{DbPassword: {{Default: {SECRET}}}}}
token: 4711
host: kept
""",
}


@pytest.mark.parametrize("format_name", SECRETS)
def test_a_summary_holds_no_secret(format_name: str) -> None:
    plain = read_document(SECRETS[format_name].encode(), format_name)
    data = msgspec.msgpack.encode(redact_document(plain))
    assert SECRET.encode() in msgspec.msgpack.encode(plain)
    assert SECRET.encode() not in data
    assert b"4711" not in msgspec.json.encode(redact_document(plain))
    assert format_name != "yaml" or b"kept" in data
    assert format_name != "env" or b"@h:6543/d" in data


def test_the_cache_holds_no_secret(tmp_path: Path) -> None:
    names = {"env": ".env", "ini": "pgbouncer.ini", "prisma": "schema.prisma"}
    names |= {"toml": "config.toml", "yaml": "compose.yaml"}
    write(tmp_path, {"a.py": LEAK, **{names[name]: text for name, text in SECRETS.items()}})
    done = command("check", "--verbose", cwd=tmp_path)
    assert SECRET not in done.stdout + done.stderr
    cached = [path for path in (tmp_path / ".conn_lint_cache").rglob("*") if path.is_file()]
    assert any(path.parent.name == "documents" for path in cached)
    for path in cached:
        assert SECRET.encode() not in path.read_bytes()
