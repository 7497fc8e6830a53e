"""`conn-lint server`, as an editor meets it: a process that is spoken to over its standard streams."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from lsp_client import Client, applied
from projects import CLEAN, LEAK, write

pytest.importorskip("pygls")

API = """from flask import Flask
from db import connect

app = Flask(__name__)


@app.get("/orders")
def orders():
    use(connect())
"""
DB = """import psycopg2


def connect():
    return psycopg2.connect("dbname=shop")
"""
SAFE = """import sqlite3


def add(path):
    with sqlite3.connect(path) as conn:
        conn.execute("delete from names")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path, {"pyproject.toml": "[tool.conn-lint]\n", "a.py": LEAK, "ok.py": CLEAN})


@pytest.fixture
def client(project: Path) -> Iterator[Client]:
    with Client(project) as made:
        yield made


def test_findings_as_you_type(client: Client, project: Path) -> None:
    uri = client.open(project / "ok.py")
    assert client.diagnostics(uri) == []
    client.change(uri, "# \U0001f600\n" + LEAK.replace("conn = ", "\U0001f600 = conn = ", 0))
    (found,) = client.diagnostics(uri)
    assert (found["code"], found["source"], found["severity"]) == ("CNX201", "conn-lint", 1)
    assert found["range"]["start"] == {"line": 5, "character": 11}
    assert found["codeDescription"]["href"].endswith("#cnx201-never-released")
    client.change(uri, CLEAN)
    assert client.diagnostics(uri) == []
    assert (project / "ok.py").read_text(encoding="utf-8") == CLEAN


def test_columns_are_utf_16(client: Client, project: Path) -> None:
    source = LEAK.replace("    conn = psy", '    x = "\U0001f600\u00e4"; conn = psy')
    uri = client.open(project / "a.py", source)
    (found,) = client.diagnostics(uri)
    assert found["range"]["start"]["character"] == len('    x = "..\u00e4"; conn = ')
    silence = next(a for a in client.actions(uri, 4) if "noqa" in a["title"])
    after = applied(source, silence["edit"]["changes"][uri])
    assert "connect(dsn)  # noqa: CNX201\n" in after


def test_the_whole_project_is_known(client: Client, project: Path) -> None:
    write(project, {"api.py": API, "db.py": DB})
    uri = client.open(project / "db.py")
    (found,) = client.diagnostics(uri)
    assert found["code"] == "CNX101"
    (why,) = found["relatedInformation"]
    assert why["location"]["uri"] == (project / "api.py").as_uri()
    assert why["location"]["range"]["start"]["line"] == 8
    assert "orders" in why["message"]
    other = client.open(project / "api.py", "x = 1\n")
    assert client.diagnostics(other) == []
    assert client.diagnostics(uri) == [], "the unsaved text of another file counts"
    client.close(other)
    assert [f["code"] for f in client.diagnostics(uri)] == ["CNX101"]


def test_hover(client: Client, project: Path) -> None:
    write(project, {"api.py": API, "db.py": DB + "\n\nX = 1  # noqa: CNX202\n"})
    uri = client.open(project / "db.py")
    client.diagnostics(uri)
    page = client.hover(uri, 4, 20)
    assert "CNX101 client-per-request" in page
    assert "## Why it matters" in page
    assert "api.py:9" in page
    assert "CNX202 not-released-on-error" in client.hover(uri, 7, 18)
    assert client.hover(uri, 0, 0) == ""


def test_quick_fixes(client: Client, project: Path) -> None:
    uri = client.open(project / "a.py")
    client.diagnostics(uri)
    actions = client.actions(uri, 4)
    titles = [action["title"] for action in actions]
    assert titles[0].startswith("CNX201: ")
    assert titles[0].endswith("(unsafe: read what it changes)")
    assert not actions[0].get("isPreferred")
    after = applied(LEAK, actions[0]["edit"]["changes"][uri])
    assert "closing(psycopg2.connect(dsn)) as conn" in after
    assert client.actions(uri, 0) == []
    client.change(uri, "# a line more\n" + LEAK)
    assert client.actions(uri, 4) == [], "what was found is outdated"
    assert len(client.diagnostics(uri)) == 1
    client.change(uri, "# a line more\n" + after)
    assert client.diagnostics(uri) == []


def test_line_endings_and_several_fixes(client: Client, project: Path) -> None:
    source = (SAFE + LEAK[LEAK.index("\n\ndef") :]).replace("\n", "\r\n")
    source = source.replace("import sqlite3", "import psycopg2\r\nimport sqlite3")
    uri = client.open(project / "a.py", source)
    assert [f["code"] for f in client.diagnostics(uri)] == ["CNX203", "CNX201"]
    (safe,) = client.actions(uri, 5, ["source.fixAll"])
    assert safe["kind"] == "source.fixAll.conn-lint"
    after = applied(source, safe["edit"]["changes"][uri])
    assert after.count("closing(") == 1
    assert "\n" not in after.replace("\r\n", "")
    everything = [a for a in client.actions(uri, 10) if "unsafe ones too" in a["title"]]
    command = everything[0]["command"]
    client.request(
        "workspace/executeCommand",
        {"command": command["command"], "arguments": command["arguments"]},
    )
    asked = client.wait(lambda m: m.get("method") == "workspace/applyEdit")
    after = applied(source, asked["params"]["edit"]["changes"][uri])
    assert after.count("closing(") == 2
    assert "\n" not in after.replace("\r\n", "")
    client.change(uri, after)
    assert client.diagnostics(uri) == []


def test_what_is_for_display_is_never_applied(project: Path) -> None:
    write(project, {"api.py": API, "db.py": DB})
    for disabled in (True, False):
        support = {"textDocument": {"codeAction": {"disabledSupport": disabled}}}
        with Client(project, capabilities=support) as client:
            uri = client.open(project / "db.py")
            client.diagnostics(uri)
            fixes = [a for a in client.actions(uri, 4) if a["title"].startswith("CNX101")]
            assert ["edit" in fix for fix in fixes] == ([False] if disabled else [])
            assert all("disabled" in fix for fix in fixes)


def test_settings(project: Path) -> None:
    with Client(project, options={"ignore": ["CNX201"]}) as client:
        uri = client.open(project / "a.py")
        assert client.diagnostics(uri) == []
        settings = {"conn-lint": {"severity": {"CNX201": "note"}, "show-notes": True}}
        client.notify("workspace/didChangeConfiguration", {"settings": settings})
        assert [f["severity"] for f in client.diagnostics(uri)] == [3]
        hidden = {"conn-lint": {"severity": {"CNX201": "note"}}}
        client.notify("workspace/didChangeConfiguration", {"settings": hidden})
        assert client.diagnostics(uri) == []
        client.notify("workspace/didChangeConfiguration", {"settings": {"conn-lint": {"selct": 1}}})
        told = client.wait(lambda m: m.get("method") == "window/showMessage")
        assert "unknown key 'selct', did you mean 'select'?" in told["params"]["message"]
        client.notify(
            "workspace/didChangeConfiguration", {"settings": {"conn-lint": {"config": 1}}}
        )
        told = client.wait(lambda m: m.get("method") == "window/showMessage")
        assert "settings of the editor: Expected `str | null`" in told["params"]["message"]
        write(project, {"conn-lint.toml": "ignore = ["})
        client.notify("workspace/didChangeConfiguration", {"settings": {"conn-lint": {}}})
        told = client.wait(lambda m: m.get("method") == "window/showMessage")
        assert "conn-lint.toml: not valid TOML" in told["params"]["message"]
        write(project, {"conn-lint.toml": ""})
        client.save(uri)
        assert [f["severity"] for f in client.diagnostics(uri)] == [1]


def test_a_file_that_does_not_parse_and_files_of_others(client: Client, project: Path) -> None:
    uri = client.open(project / "a.py", "def broken(:\n")
    assert [f["code"] for f in client.diagnostics(uri)] == ["CNX900"]
    write(project, {".venv/lib/site.py": LEAK, "test_a.py": LEAK})
    for name in (".venv/lib/site.py", "test_a.py"):
        assert client.diagnostics(client.open(project / name)) == []
    client.notify(
        "textDocument/didOpen",
        {
            "textDocument": {
                "uri": "untitled:Untitled-1",
                "languageId": "python",
                "version": 1,
                "text": LEAK,
            }
        },
    )
    client.change(uri, LEAK)
    assert [f["code"] for f in client.diagnostics(uri)] == ["CNX201"]


def test_a_run_that_fails_does_not_end_the_server(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker's interpreter is told to fail, by a module that every interpreter imports as it starts."""
    broken = project / "broken"
    write(broken, {"sitecustomize.py": "import os\nif os.path.exists('fail'): os._exit(3)\n"})
    monkeypatch.setenv("PYTHONPATH", str(broken), prepend=os.pathsep)
    with Client(project) as client:
        uri = client.open(project / "a.py")
        assert len(client.diagnostics(uri)) == 1
        write(project, {"fail": ""})
        client.save(uri)
        told = client.wait(lambda m: m.get("method") == "window/showMessage")
        assert "a run failed with exit code 3" in told["params"]["message"]
        (project / "fail").unlink()
        client.save(uri)
        assert len(client.diagnostics(uri)) == 1


def test_outdated_runs_are_ended(client: Client, project: Path) -> None:
    uri = client.open(project / "a.py")
    for number in range(30):
        client.change(uri, "#\n" * number + LEAK)
    (found,) = client.diagnostics(uri)
    assert found["range"]["start"]["line"] == 29 + 4
    published = [m for m in client.sent if m.get("method") == "textDocument/publishDiagnostics"]
    assert len(published) < 5


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="needs /proc")
def test_no_process_is_left_behind(project: Path) -> None:
    with Client(project) as client:
        uri = client.open(project / "a.py")
        for number in range(4):
            client.change(uri, "#\n" * number + LEAK)
            client.save(uri)
            time.sleep(0.2)
        client.diagnostics(uri)
        assert processes_in(project) == [client.pid]
        client.save(uri)
        time.sleep(0.3)
    end = time.monotonic() + 30
    while processes_in(project) and time.monotonic() < end:
        time.sleep(0.1)
    assert processes_in(project) == []


def processes_in(folder: Path) -> list[int]:
    """The processes whose current folder it is."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if link.readlink() == folder.resolve():
                found.append(int(link.parent.name))
    return found


def test_nothing_is_imported_from_the_project(client: Client, project: Path) -> None:
    """The server runs in the folder of the code that it checks."""
    write(
        project, {"msgspec.py": "raise SystemExit\n", "conn_lint/__init__.py": "raise SystemExit\n"}
    )
    uri = client.open(project / "a.py")
    assert [f["code"] for f in client.diagnostics(uri)] == ["CNX201"]


def test_without_the_extra(tmp_path: Path) -> None:
    code = "import sys; sys.modules['pygls'] = None; sys.argv = ['conn-lint', 'server']\n"
    code += "from conn_lint.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert 'pip install "conn-lint[lsp]"' in done.stderr
    assert "Traceback" not in done.stderr


def test_settings_that_are_asked_for(project: Path) -> None:
    can = {"workspace": {"configuration": True}}
    with Client(project, capabilities=can, settings={"ignore": ["CNX201"]}) as client:
        asked = client.wait(lambda m: m.get("method") == "workspace/configuration")
        assert asked["params"]["items"] == [{"section": "conn-lint"}]
        uri = client.open(project / "a.py")
        assert client.diagnostics(uri) == []
        client.settings = {"ignore": []}
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        while not (found := client.diagnostics(uri)):
            pass
        assert [f["code"] for f in found] == ["CNX201"]


def test_a_file_that_the_editor_calls_otherwise(project: Path) -> None:
    (project / "link").symlink_to(project, target_is_directory=True)
    with Client(project) as client:
        uri = client.open(project / "link" / "a.py")
        assert len(client.diagnostics(uri)) == 1
        changes = [a["edit"]["changes"] for a in client.actions(uri, 4) if "edit" in a]
        assert changes
        assert all(list(change) == [uri] for change in changes)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "\ud800",
        "x = 1\n" * 3 + "\0",
        "(" * 5000,
        "\f\n\u2028 x = '\u2029'\r\ry",
        "# coding: nothing\n",
    ],
)
def test_any_text_is_survived(client: Client, project: Path, source: str) -> None:
    uri = client.open(project / "new name #1.py", source)
    assert {found["code"] for found in client.diagnostics(uri)} <= {"CNX900"}
    client.actions(uri, 0)
    client.actions(uri, 0, ["source.fixAll"])
    client.hover(uri, 7, 7)
    client.change(uri, LEAK)
    assert [f["code"] for f in client.diagnostics(uri)] == ["CNX201"]
    assert client.is_running()
