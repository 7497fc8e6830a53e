"""The hooks, run by the real pre-commit on a repository that uses them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from projects import CLEAN, LEAK, write
from repositories import API, DB, commit, git

from conn_lint.engine.documents import format_of

ROOT = Path(__file__).parent.parent
PACKAGED = (
    "pyproject.toml",
    "hatch_build.py",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    ".pre-commit-hooks.yaml",
)
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / PACKAGED[-1]).read_text())}
FIXABLE = """\
import psycopg2


def load(dsn):
    conn = psycopg2.connect(dsn)
    conn.cursor().execute("select 1")
    conn.close()
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This project as a repository that pre-commit can clone, as it is now."""
    root = tmp_path_factory.mktemp("source")
    for name in PACKAGED:
        shutil.copy(ROOT / name, root / name)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "conn_lint", root / "conn_lint", ignore=ignored)
    git(root, "init", "-q", "-b", "main")
    commit(root)
    return root


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps the environments: made once for all tests."""
    return tmp_path_factory.mktemp("pre-commit")


def set_up(root: Path, *repos: object) -> None:
    write(root, {".pre-commit-config.yaml": yaml.safe_dump({"repos": list(repos)})})
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "--all")


def hooks(source: Path, *names: str) -> dict[str, object]:
    revision = git(source, "rev-parse", "HEAD").strip()
    return {"repo": str(source), "rev": revision, "hooks": [{"id": name} for name in names]}


def run(root: Path, home: Path, *args: str) -> tuple[int, str]:
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "PYTHONPATH"))}
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--color=never", *args],
        cwd=root,
        env={**environ, "PRE_COMMIT_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return done.returncode, done.stdout + done.stderr


def test_changed_files_show_what_they_lead_to(source: Path, home: Path, tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "[tool.conn-lint]\n", "db.py": DB, "leak.py": LEAK})
    set_up(tmp_path, hooks(source, "conn-lint"))
    commit(tmp_path)
    write(tmp_path, {"clean.py": CLEAN})
    git(tmp_path, "add", "--all")
    assert run(tmp_path, home)[0] == 0  # what was there before is left alone
    write(tmp_path, {"api.py": API})
    git(tmp_path, "add", "--all")
    code, out = run(tmp_path, home)
    assert code == 1
    assert "db.py:5:12: CNX101 [client-per-request]" in out
    assert "shown because of api.py:9" in out
    assert "leak.py" not in out


def test_fixes_are_applied_to_changed_files(source: Path, home: Path, tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "[tool.conn-lint]\n", "old.py": FIXABLE})
    set_up(tmp_path, hooks(source, "conn-lint-fix"))
    commit(tmp_path)
    write(tmp_path, {"new.py": FIXABLE})
    git(tmp_path, "add", "--all")
    code, out = run(tmp_path, home)
    assert (code, "files were modified by this hook" in out) == (1, True)
    assert "closing(psycopg2.connect(dsn))" in (tmp_path / "new.py").read_text()
    assert (tmp_path / "old.py").read_text() == FIXABLE
    git(tmp_path, "add", "--all")
    assert run(tmp_path, home)[0] == 0


def test_as_a_dependency_of_flake8(source: Path, home: Path, tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "[tool.conn-lint]\n", "leak.py": LEAK, "db.py": DB})
    hook = {
        "id": "flake8",
        "name": "flake8",
        "language": "python",
        "entry": "flake8 --isolated --select CNX",
        "types": ["python"],
        "require_serial": True,
        "additional_dependencies": [f"conn-lint @ file://{source}"],
    }
    set_up(tmp_path, {"repo": "local", "hooks": [hook]})
    code, out = run(tmp_path, home, "--all-files")
    assert code == 1
    assert "leak.py:5:12: CNX201 " in out


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
def test_the_hooks_are_given_what_is_read(hook: dict[str, str]) -> None:
    names = [
        *("a.py", "src/b.pyi", ".env", "deploy/.env.prod", "compose.yaml", "docker-compose.ci.yml"),
        *("serverless.yml", "template.yaml", "etc/pgbouncer.ini", "pgcat.toml", "settings.toml"),
        "prisma/schema.prisma",
    ]
    for name in names:
        assert re.search(hook["files"], name), name
        assert name.endswith((".py", ".pyi")) or format_of(name), name
    for name in ("README.md", "a.pyc", "my.env.txt", "xcompose.yaml", "data.yaml", "a.toml"):
        assert not re.search(hook["files"], name), name
