#!/usr/bin/env python3
"""Writes the generated pages of docs/, the schema of the configuration and the generated parts of README.md.

With --check nothing is written, and the exit code is 1 if one of them is out of date.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [
    str(ROOT),
    str(ROOT / "scripts"),
]  # the checkout this script lies in, installed or not

from config_schema import schema, settings_table  # noqa: E402
from error_page import errors_page  # noqa: E402
from flow_picture import flow_picture  # noqa: E402
from rule_pages import (  # noqa: E402
    GENERATED,
    documentation,
    rule_page,
    rules_in_order,
    rules_page,
    rules_table,
)
from terminal_picture import picture  # noqa: E402

from conn_lint.knowledge.load import load_builtin  # noqa: E402
from conn_lint.model.resource import Family  # noqa: E402

__all__ = ["documentation", "documents", "example_output"]

EXAMPLE = ROOT / "docs" / "example"
TOUR = ROOT / "docs" / "tour"
DRAWN = ROOT / "fixtures" / "graph" / "orders"
_DATA = ROOT / "conn_lint" / "knowledge" / "data"
_MARKED = re.compile(r"(<!-- begin (\w+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)


def libraries_page() -> str:
    parts = [
        "# Libraries that conn-lint knows\n",
        GENERATED.format(source="conn_lint/knowledge/data/*.toml"),
        f"{libraries_count()} A version is the one in which the facts were read or tried out.\n",
    ]
    for title, family in families():
        if family.library:
            parts.append(f"## {title}\n")
            parts.append("\n".join(_library_rows(family)) + "\n")
    return "\n".join(parts)


def _library_rows(family: Family) -> Iterator[str]:
    yield "| Library | Version | Imported as |"
    yield "| --- | --- | --- |"
    for library in sorted(family.library, key=lambda library: library.package.lower()):
        modules = ", ".join(f"`{name}`" for name in library.imports)
        yield f"| {library.package} | {library.version} | {modules} |"


def frameworks_page() -> str:
    parts = [
        "# Frameworks that conn-lint knows\n",
        GENERATED.format(source="conn_lint/knowledge/data/frameworks/*.toml"),
        "Where requests, jobs and messages enter a program, by which form they are recognised, and where\n"
        "what lives as long as the process is best made. A version is the one in which this was read.\n",
    ]
    for title, family in families():
        rows = list(_framework_rows(family))
        if family.entry:
            parts.append(f"## {title}\n")
            parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


def _framework_rows(family: Family) -> Iterator[str]:
    yield "| Framework | Version | Entry points | Start-up and shutdown |"
    yield "| --- | --- | --- | --- |"
    for name in dict.fromkeys(entry.framework for entry in family.entry):
        entries = [entry for entry in family.entry if entry.framework == name]
        versions = dict.fromkeys(e.version for e in entries if e.version)
        hooks = [hook.id.rpartition(".")[2] for hook in family.hook if hook.framework == name]
        shown = ", ".join(f"{entry.id} ({entry.match})" for entry in entries)
        yield f"| {name} | {', '.join(versions)} | {shown} | {', '.join(hooks)} |"
    places = [place for place in family.place if place.sync_text]
    if places:
        yield ""
        yield "| Framework | Where a client belongs | Not there |"
        yield "| --- | --- | --- |"
        for place in places:
            yield f"| {place.framework} | {_cell(place.sync_text)} | {_cell(place.avoid)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def families() -> Iterator[tuple[str, Family]]:
    """Each file of the knowledge base with its title, the comment that it begins with."""
    folders = (_DATA, _DATA / "frameworks")
    paths = [p for folder in folders for p in sorted(folder.glob("*.toml"), key=lambda p: p.name)]
    for path, family in zip(paths, load_builtin(), strict=True):
        first = path.read_text(encoding="utf-8").split("\n", 1)[0]
        title = re.split(r"\.(?: |$)", first.removeprefix("#").strip())[0]
        yield title or path.stem, family


def libraries_count() -> str:
    built_in = load_builtin()
    libraries = {library.package for family in built_in for library in family.library}
    resources = sum(len(family.resource) for family in built_in)
    return (
        f"conn-lint knows {len(libraries)} libraries and {resources} kinds of connections, "
        "clients, pools and sessions that they open."
    )


def example_output(module: str, *args: str, folder: Path = EXAMPLE, code: int = 1) -> str:
    """What a command prints on the example, run in its folder without a cache."""
    with tempfile.TemporaryDirectory() as kept:
        cache = ["--cache-dir", kept] if module == "conn_lint" else []
        done = subprocess.run(
            [sys.executable, "-m", module, *args, *cache],
            cwd=folder,
            env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    said = done.stderr if "--diff" in args else ""  # what would be fixed is told beside the diff
    if done.returncode != code or done.stderr != said:
        raise RuntimeError(f"{module} {' '.join(args)}: {done.returncode} {done.stderr}")
    return (done.stdout + said).replace("\\", "/")


def _console(command: str, output: str) -> str:
    return f"```console\n$ {command}\n{output.rstrip()}\n```\n"


def drawing() -> str:
    """A small project as the command `graph` draws it."""
    text = example_output("conn_lint", "graph", folder=DRAWN, code=0)
    return f"```mermaid\n{text}```\n"


README_PARTS: Mapping[str, Callable[[], str]] = {
    "example": lambda: _console(
        "conn-lint check src/", example_output("conn_lint", "check", "src/")
    ),
    "graph": drawing,
    "rules": lambda: rules_table("docs/rules/"),
    "libraries": lambda: libraries_count() + "\n",
}


def readme(text: str) -> str:
    """The README with what stands between its markers made anew."""
    names = [match[2] for match in _MARKED.finditer(text)]
    if sorted(names) != sorted(README_PARTS):
        raise ValueError(f"README.md must have the markers {sorted(README_PARTS)}, it has {names}")
    return _MARKED.sub(lambda match: match[1] + README_PARTS[match[2]]() + match[3], text)


def marked(name: str, parts: Mapping[str, Callable[[], str]]) -> dict[Path, str]:
    """A page of docs/ with what stands between its markers made anew."""
    path = ROOT / "docs" / name
    text = path.read_text(encoding="utf-8")
    return {path: _MARKED.sub(lambda match: match[1] + parts[match[2]]() + match[3], text)}


def tour(*args: str, code: int = 1) -> str:
    """What a command prints in the small service that the pages walk through."""
    return _console(
        " ".join(["conn-lint", *args]), example_output("conn_lint", *args, folder=TOUR, code=code)
    )


def documents() -> dict[Path, str]:
    """Every file that is written, with the text it should have."""
    page = ROOT / "README.md"
    text = page.read_text(encoding="utf-8")
    pages = {ROOT / "docs" / "rules" / f"{r.code}.md": rule_page(r) for r in rules_in_order()}
    return {
        page: readme(text),
        **pages,
        **marked("configuration.md", {"settings": lambda: settings_table(text)}),
        **marked(
            "index.md",
            {"tour": lambda: tour("check"), "diff": lambda: tour("check", "--diff")},
        ),
        ROOT / "docs" / "conn-lint.schema.json": schema(text),
        ROOT / "docs" / "terminal.svg": picture(TOUR, "conn-lint check"),
        ROOT / "docs" / "flow.svg": flow_picture(
            TOUR / "shop" / "store.py", "find", "= connect()", "conn.close()"
        ),
        ROOT / "docs" / "errors.md": errors_page(
            GENERATED.format(source="conn_lint/knowledge/data/errors/known.toml")
        ),
        ROOT / "docs" / "rules.md": rules_page(),
        ROOT / "docs" / "libraries.md": libraries_page(),
        ROOT / "docs" / "frameworks.md": frameworks_page(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--check", action="store_true", help="write nothing, only compare")
    check = parser.parse_args().check
    stale = []
    for path, text in documents().items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path)
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        print(f"{path.relative_to(ROOT)}: {'out of date' if check else 'written'}")
    if stale and check:
        print("Run scripts/write_docs.py.")
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main())
