"""Each example of the documentation is run, or held against what reads it; a new kind of example fails until it is."""

from __future__ import annotations

import configparser
import importlib
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import click
import pytest
from doc_blocks import PAGES, ROOT, Block, blocks
from expectations import read_expectations
from projects import LEAK, command, run_check, write

from conn_lint.cli import main
from conn_lint.knowledge.load import parse_family

# Language, pages, and the test that does it.
KINDS = (
    ("bash", "*", "test_doc_blocks.test_a_block_for_a_shell_runs"),
    ("console", "*", "test_docs.test_what_a_console_shows_is_what_is_printed"),
    ("groovy", "docs/pull-requests.md", "test_pull_requests.test_a_pipeline_finds_it"),
    ("ini", "docs/other-tools.md", "test_doc_blocks.test_flake8_goes_by_its_settings"),
    ("json", "docs/editors.md", "test_editor_settings.test_an_editor_starts_the_server"),
    ("lisp", "docs/editors.md", "test_editor_settings.test_an_editor_starts_the_server"),
    ("lua", "docs/editors.md", "test_editor_settings.test_an_editor_starts_the_server"),
    ("mermaid", "README.md", "test_house.test_generated_documents_are_up_to_date"),
    ("python", "CONTRIBUTING.md", "test_doc_blocks.test_comments_of_fixtures_are_read"),
    ("python", "README.md", "test_doc_blocks.test_a_finding_is_silenced"),
    ("python", "docs/how-it-works.md", "test_doc_blocks.test_the_function_is_that_of_the_tour"),
    ("python", "docs/pooling.md", "test_pool_rules.test_the_example_of_the_page_on_pooling"),
    ("python", "docs/rules/*", "test_house.test_the_example_has_the_defect_and_the_cure_has_not"),
    ("sql", "docs/pooling.md", "test_doc_blocks.test_a_query_is_one"),
    ("text", "README.md", "test_budget.test_the_readme_shows_the_same"),
    ("text", "docs/adopting.md", "test_adopting_pages.test_the_entry_is_one_of_the_example"),
    ("text", "docs/budget.md", "test_budget.test_the_page_shows_what_comes_of_the_shop"),
    ("text", "docs/errors.md", "test_explain.test_an_error_is_recognised_by_its_own_message"),
    ("text", "docs/pooling.md", "test_pool_rules.test_the_example_of_the_page_on_pooling"),
    ("text", "docs/rules/CNX900.md", "test_house.test_the_example_has_the_defect_and_the_cure_has_not"),
    ("toml", "CONTRIBUTING.md", "test_doc_blocks.test_a_table_of_knowledge_is_read"),
    ("toml", "README.md", "test_docs.test_settings_are_accepted"),
    ("toml", "docs/adopting.md", "test_docs.test_settings_are_accepted"),
    ("toml", "docs/budget.md", "test_docs.test_settings_are_accepted"),
    ("toml", "docs/configuration.md", "test_docs.test_settings_are_accepted"),
    ("toml", "docs/editors.md", "test_editor_settings.test_an_editor_starts_the_server"),
    ("toml", "docs/other-tools.md", "test_doc_blocks.test_ruff_keeps_comments_by_its_settings"),
    ("toml", "docs/rules/*", "test_docs.test_settings_are_accepted"),
    ("yaml", "README.md", "test_pull_requests.test_a_pipeline_has_the_form_that_its_service_asks_for"),
    ("yaml", "docs/budget.md", "test_budget.test_the_page_shows_what_comes_of_the_shop"),
    ("yaml", "docs/pull-requests.md", "test_pull_requests.test_a_pipeline_has_the_form_that_its_service_asks_for"),
)  # fmt: skip


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_every_block_has_its_test(block: Block) -> None:
    kinds = [k for k in KINDS if k[0] == block.language and fnmatchcase(block.page, k[1])]
    assert len(kinds) == 1, "say in KINDS which test runs it"


def test_every_kind_is_there() -> None:
    for language, page, test in KINDS:
        assert blocks(language, page=page), (language, page)
        module, _, name = test.partition(".")
        assert callable(getattr(importlib.import_module(module), name)), test


# What a shell is given

# What the pages take for granted, in the least that shows whether it is called as it should be.
STAND_INS = {
    "conn-lint": '"$PYTHON" -m conn_lint "$@"; code=$?; echo "$code $*" >> "$LOG"; exit 0',
    "git": 'test "$1 $2" = "clone https://github.com/conn-lint/conn-lint" || exit 64; '
    'mkdir conn-lint && cp "$ROOT/pyproject.toml" conn-lint && mkdir conn-lint/docs && '
    'cp -R "$ROOT/docs/tour" conn-lint/docs/tour',
    "pip": 'test "$1" = install || exit 64; case "$2" in ./*) test -f "$2/pyproject.toml";; '
    '"conn-lint[lsp]") grep -q "^lsp = " "$ROOT/pyproject.toml";; *) exit 64;; esac',
    "dot": 'test "$1" = -Tsvg && grep -q "^digraph " && echo "<svg/>"',
    "journalctl": 'echo "Nov 22 02:00:00 db shop[1]: FATAL: sorry, too many clients already"',
    "make": 'for name; do grep -q "^$name:" "$ROOT/Makefile" || exit 64; done',
    "scripts/check": 'test -x "$ROOT/scripts/check"',
    "scripts/ecosystem.py": '"$PYTHON" "$ROOT/scripts/ecosystem.py" --help | grep -q -- "$1 FILE"',
}
FOLDERS = {
    "docs/budget.md": ROOT / "fixtures/budget/shop",
    "docs/index.md": ROOT / "docs/tour",
    "docs/errors.md": ROOT / "docs/tour",
}
_ENDS = {"|", ">", "&&", ";", ">>", "||", "<", "2>"}


def commands(block: Block) -> list[list[str]]:
    """The words of our own commands."""
    found = []
    for line in block.text.replace("\\\n", " ").split("\n"):
        words = shlex.split(line, comments=True)
        while words:
            end = next((at for at, word in enumerate(words) if word in _ENDS), len(words))
            if words[0] == "conn-lint":
                found.append(words[1:end])
            words = words[end + 1 :]
    return found


def written(text: str) -> set[str]:
    """The files that a shell, or our command in it, is told to write."""
    lines = [" ".join(shlex.split(line, comments=True)) for line in text.split("\n")]
    names = re.findall(r"(?: |^)(?:>|-o|--output|--baseline) (\S+)", "\n".join(lines))
    return {name.rpartition(":")[2] for name in names} - {"-"}


def workshop(page: str, root: Path) -> dict[str, str]:
    """A project with all that the examples of a page name; the environment to run them in."""
    ignored = shutil.ignore_patterns(".conn_lint_cache")
    place = FOLDERS.get(page, ROOT / "docs/example")
    shutil.copytree(place, root / "project", ignore=ignored)
    for name in ("api.py", "jobs.py", "store.py"):
        shutil.copy(ROOT / "fixtures/graph/orders" / name, root / "project")
    write(
        root / "project", {"app.py": LEAK, "traceback.txt": "psycopg2.pool.PoolError: exhausted\n"}
    )
    for name, text in STAND_INS.items():
        place = root / ("project" if "/" in name else "bin") / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        place.chmod(0o755)
    bare = {k: v for k, v in os.environ.items() if not k.startswith(("GIT", "CI_"))}
    return {
        **bare,
        "PATH": f"{root / 'bin'}:{bare['PATH']}",
        "PYTHON": sys.executable,
        "ROOT": str(ROOT),
        "LOG": str(root / "log"),
    }


# Those on branches are run in a repository, by test_pull_requests.
SHELL = [block for block in blocks("bash") if block.page != "docs/pull-requests.md"]


@pytest.mark.skipif(sys.platform == "win32", reason="the examples are for a POSIX shell")
@pytest.mark.parametrize("block", SHELL, ids=str)
def test_a_block_for_a_shell_runs(block: Block, tmp_path: Path) -> None:
    """Line by line, as it stands there: no command fails, and all that is to be written is there afterwards."""
    environ = workshop(block.page, tmp_path)
    project = tmp_path / "project"
    if "billing.json" in block.text:
        command("budget", "--format", "json", "-o", "billing.json", cwd=project)
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", block.text],
        cwd=project,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    log = tmp_path / "log"
    codes = (
        [line.partition(" ")[0] for line in log.read_text().splitlines()] if log.exists() else []
    )
    assert len(codes) == len(commands(block))
    assert set(codes) <= {"0", "1"}, log.read_text() + done.stderr
    for name in written(block.text):
        assert (project / name).stat().st_size > 0, name


def test_stand_ins_refuse_what_is_not_there(tmp_path: Path) -> None:
    """Else the test above could not fail for them."""
    environ = workshop("README.md", tmp_path)
    for line in (
        *("pip install ./nowhere", "pip install 'conn-lint[lsb]'", "git clone https://x"),
        *("make tests", "scripts/ecosystem.py --sav x", "echo graph | dot -Tsvg"),
    ):
        done = subprocess.run(
            ["sh", "-c", line], cwd=tmp_path / "project", env=environ, check=False
        )
        assert done.returncode != 0, line


def spans() -> list[tuple[str, str]]:
    """Our commands in running text."""
    found = set()
    for path in PAGES:
        text = re.sub(
            r"^ *```.*?^ *```$",
            "",
            path.read_text(encoding="utf-8"),
            flags=re.MULTILINE | re.DOTALL,
        )
        for span in re.findall(r"`(conn-lint [^`]+)`", text):
            found.add((path.relative_to(ROOT).as_posix(), " ".join(span.split())))
    return sorted(found)


@pytest.mark.parametrize(("page", "span"), spans())
def test_a_command_in_running_text_is_understood(page: str, span: str) -> None:
    words = shlex.split(span)[1:]
    words = ["CNX202" if word == "CODE" else word for word in words if word != "--help"]
    name = words[0] if words[0] in main.commands else "check"
    given = words[1:] if words[0] in main.commands else words
    try:
        main.commands[name].make_context(name, list(given))
    except click.UsageError as error:
        pytest.fail(f"{page}: {span}: {error.message}")


# What other programs read


def test_flake8_goes_by_its_settings(tmp_path: Path) -> None:
    (block,) = blocks("ini")
    assert configparser.ConfigParser().read_string(block.text) is None
    write(tmp_path, {".flake8": block.text, "a.py": LEAK, "tools/b.py": LEAK})
    done = command(".", cwd=tmp_path, module="flake8")
    assert re.findall(r"^\./(\S+?):\d+:\d+: (CNX\d+)", done.stdout, re.MULTILINE) == [
        ("a.py", "CNX201")
    ]


def test_ruff_keeps_comments_by_its_settings(tmp_path: Path) -> None:
    (block,) = blocks("toml", page="docs/other-tools.md")
    source = LEAK.replace("connect(dsn)\n", "connect(dsn)  # noqa: CNX201\n", 1)
    args = ("check", "--no-cache", "--fix", "--quiet", "--extend-select", "RUF10", ".")
    for settings, kept in ((block.text, True), ("", False)):
        write(tmp_path, {"pyproject.toml": settings, "a.py": source})
        done = command(*args, cwd=tmp_path, module="ruff")
        assert done.returncode == 0, done.stdout + done.stderr
        assert ("noqa: CNX201" in (tmp_path / "a.py").read_text()) is kept


def test_a_query_is_one() -> None:
    (block,) = blocks("sql")
    with sqlite3.connect(":memory:") as database:  # a table of that name, and the same SQL
        database.execute("create table pg_stat_activity (pid, state)")
        database.executemany(
            "insert into pg_stat_activity values (?, ?)", [(1, "idle"), (2, "active"), (3, "idle")]
        )
        assert sorted(database.execute(block.text)) == [("active", 1), ("idle", 2)]
    database.close()


# What we read ourselves


def test_a_table_of_knowledge_is_read() -> None:
    (block,) = blocks("toml", page="CONTRIBUTING.md")
    family = parse_family(block.text, "CONTRIBUTING.md")
    assert [resource.name for resource in family.resource] == ["acme_db.connection"]


def test_comments_of_fixtures_are_read(tmp_path: Path) -> None:
    (block,) = blocks("python", page="CONTRIBUTING.md")
    write(tmp_path, {"a.py": block.text})
    found = list(read_expectations(tmp_path / "a.py", "a.py"))
    assert [(e.line, e.rule, e.found) for e in found] == [
        (1, "never-released", True),
        (2, "never-released", True),
        (3, "not-released-on-error", False),
        (4, "never-released", True),
    ]
    assert found[1].chain == ("db.py:12", "pool.py:8")


def test_a_finding_is_silenced(tmp_path: Path) -> None:
    (block,) = blocks("python", page="README.md")
    source = f"import psycopg2\n\n\ndef load(dsn):\n    {block.text}    conn.cursor()\n"
    for text, codes in (
        (source.partition("  # noqa")[0] + "\n    conn.cursor()\n", ["CNX201"]),
        (source, []),
    ):
        write(tmp_path, {"pyproject.toml": "[tool.conn-lint]\n", "a.py": text})
        run = run_check(tmp_path)
        assert [f.code for _, outcome in run.checked for f in outcome.findings] == codes


def test_the_function_is_that_of_the_tour() -> None:
    (block,) = blocks("python", page="docs/how-it-works.md")
    assert block.text in (ROOT / "docs/tour/shop/store.py").read_text(encoding="utf-8")
