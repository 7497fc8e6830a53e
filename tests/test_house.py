"""What documents and layout promise: every rule explained and shown, names in one place, no stale page."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

import conn_lint
from conn_lint.api import check_source
from conn_lint.cli import main
from conn_lint.config.options import FIELDS
from conn_lint.knowledge.load import load_builtin
from conn_lint.rules import ALL_RULES
from conn_lint.rules.base import Rule

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "conn_lint"
MODULES = sorted(PACKAGE.rglob("*.py"))
HEADINGS = ["Why it matters", "Example", "Use instead", "Fix safety"]
MOST_LINES = 400
OBVIOUS_LINES = 12  # so short a function or class may do without a docstring


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def rule_id(rule: Rule) -> str:
    return rule.name


def module_id(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


each_rule = pytest.mark.parametrize("rule", ALL_RULES, ids=rule_id)
each_module = pytest.mark.parametrize("path", MODULES, ids=module_id)


@pytest.fixture(scope="module")
def write_docs() -> ModuleType:
    return _script("write_docs")


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


# Rules


def test_codes_and_names_are_unique() -> None:
    counts = Counter([rule.code for rule in ALL_RULES] + [rule.name for rule in ALL_RULES])
    assert [word for word, count in counts.items() if count > 1] == []


def test_every_rule_is_listed() -> None:
    files = {path.stem for path in (PACKAGE / "rules").glob("*.py")}
    others = {"__init__", "base", "held", "wording", "holding_words", "pool_words", "pooler_words"}
    assert {name for name in files - others if not name.endswith("_plan")} == {
        type(rule).__module__.rpartition(".")[2] for rule in ALL_RULES
    }


@each_rule
def test_a_rule_has_one_name(rule: Rule) -> None:
    words = rule.name.split("-")
    assert re.fullmatch(r"CNX\d{3}", rule.code)
    assert type(rule).__name__ == "".join(word.capitalize() for word in words)
    assert type(rule).__module__ == f"conn_lint.rules.{'_'.join(words)}"
    assert words[0] != "no"


@each_rule
def test_a_rule_has_fixtures(rule: Rule) -> None:
    folder = ROOT / "fixtures" / "rules" / rule.name.replace("-", "_")
    texts = [path.read_text(encoding="utf-8") for path in folder.glob("*.py")]
    assert any(re.search(rf"# expect: .*\b{rule.name}\b", text) for text in texts)


@each_rule
def test_a_rule_is_documented(rule: Rule) -> None:
    assert f"## {rule.code} {rule.name}\n" in read("docs/rules.md")  # reports lead there
    assert read(f"docs/rules/{rule.code}.md").startswith(f"# {rule.code} {rule.name}\n")
    assert f"[{rule.code} {rule.name}]" in " ".join(read("CHANGELOG.md").split())
    assert rule.code in read("README.md")


@each_rule
def test_the_page_has_its_headings(rule: Rule, write_docs: ModuleType) -> None:
    page = write_docs.documentation(rule)
    found = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert found in (HEADINGS, [*HEADINGS, "When to silence it"])
    assert page.split("\n")[1] == "", "the first line is a sentence of its own"


@each_rule
def test_the_example_has_the_defect_and_the_cure_has_not(
    rule: Rule, write_docs: ModuleType, tmp_path: Path
) -> None:
    page = write_docs.documentation(rule)
    example, cure = (_code_under(heading, page) for heading in ("Example", "Use instead"))
    place = tmp_path / "example.py"
    wanted = [] if rule.default else [rule.code]
    stated = re.search(
        r"^```toml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE
    )  # what it speaks upon
    settings = f"extend-select = {wanted}\n" if stated is None else stated[1]
    (tmp_path / "conn-lint.toml").write_text(settings, encoding="utf-8")
    assert {finding.rule for finding in check_source(example, place)} == {rule.name}
    assert check_source(cure, place) == []


def _code_under(heading: str, page: str) -> str:
    part = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    blocks: list[str] = re.findall(r"^```\w*\n(.*?)^```$", part, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 1
    return blocks[0]


# Modules


@each_module
def test_a_module_is_not_too_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@each_module
def test_what_is_public_is_explained(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree) or not tree.body
    silent = [
        node.name
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
        and (node.end_lineno or 0) - node.lineno >= OBVIOUS_LINES
    ]
    assert silent == []


def test_the_architecture_names_every_module() -> None:
    quoted = re.findall(r"`([^`\n]+)`", read("ARCHITECTURE.md"))
    words = {word for text in quoted for word in re.findall(r"\w+", text)}
    rules = {type(rule).__module__.rpartition(".")[2] for rule in ALL_RULES}
    names = {path.parent.name if path.stem == "__init__" else path.stem for path in MODULES}
    assert names - words - rules == {"conn_lint", "__main__"}


def _roots() -> frozenset[str]:
    """The top modules of all libraries that the knowledge base has, but not of Python's own."""
    imports = (name for f in load_builtin() for library in f.library for name in library.imports)
    return frozenset(name.partition(".")[0] for name in imports) - sys.stdlib_module_names


def _strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The string literals that are no docstrings, with their lines."""
    bodies = (getattr(node, "body", None) for node in ast.walk(tree))
    firsts = [body[0] for body in bodies if isinstance(body, list) and body]
    docstrings = {id(node.value) for node in firsts if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text), lineno=line) if id(node) not in docstrings:
                yield line, text


def test_no_library_is_named_in_code() -> None:
    named = re.compile(rf"(?<![\w./])(?:{'|'.join(sorted(_roots()))})\.\w")
    assert named.search("psycopg2.connect")
    found = [
        f"{module_id(path)}:{line}: {text}"
        for path in MODULES
        for line, text in _strings(ast.parse(path.read_text(encoding="utf-8")))
        if named.search(text)
    ]
    assert found == [], "libraries are data: conn_lint/knowledge/data"


def test_words_of_units_are_asked_in_one_place() -> None:
    """Who looks at them himself leaves no trace, and the result of a run could outlive what it rests on."""
    own = {PACKAGE / "link" / "words.py", PACKAGE / "link" / "tracing.py"}
    looks = re.compile(
        r"\b(?:unit|units\[[^]]*\])\.(?:names|calls|stores|digest)\b|\bskeleton\.bound\b"
        r"|\bin (?:enumerate\()?[\w.\[\]]*skeleton\.units\b"
    )
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for layer in ("link", "analyze", "rules")
        for path in sorted((PACKAGE / layer).rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if path not in own and looks.search(line)
    ]
    assert found == []


def test_public_names() -> None:
    assert set(conn_lint.__all__) == {"Finding", "__version__", "check_paths", "check_source"}
    for name in conn_lint.__all__:
        assert getattr(conn_lint, name) is not None
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        _ = conn_lint.nothing_of_ours


# Documents


def test_generated_documents_are_up_to_date(write_docs: ModuleType) -> None:
    for path, text in write_docs.documents().items():
        assert path.read_text(encoding="utf-8") == text, "run scripts/write_docs.py"


def test_flake8_finds_the_same_in_the_example(write_docs: ModuleType) -> None:
    text = write_docs.example_output("conn_lint", "check", "--format", "concise", "src/")
    assert text == write_docs.example_output("flake8", "--isolated", "--select", "CNX2", "src/")


def test_the_commands_of_the_readme_are_those_of_ci() -> None:
    readme, makefile = read("README.md"), read("Makefile")
    for command in ("make demo", "make test"):
        assert re.search(rf"^{command}\b", readme, re.MULTILINE)
        assert re.search(rf"^{command.removeprefix('make ')}:", makefile, re.MULTILINE)
    assert "make test" in read(".ci/run")


def _first_column(heading: str) -> list[str]:
    """The names in the first column of the table of the README that begins so."""
    table = read("README.md").partition(f"| {heading} |")[2].partition("\n\n")[0]
    return re.findall(r"^\| `([^` ]+)", table, re.MULTILINE)


def test_the_readme_has_every_setting() -> None:
    assert sorted(_first_column("Key")) == sorted(FIELDS)


def test_the_readme_has_every_format_and_command() -> None:
    check = main.commands["check"]
    formats = next(p for p in check.params if p.name == "output_format").type
    assert isinstance(formats, click.Choice)
    assert _first_column("Format") == list(formats.choices)
    for name in main.commands:
        assert f"conn-lint {name}" in read("README.md")


# Scripts


def test_the_ecosystem_script_tells_differences(tmp_path: Path) -> None:
    ecosystem = _script("ecosystem")
    place = ("a.py", 1, 1, "CNX201")
    before = ecosystem.Outcome(1.0, 1, {place: "old", ("b.py", 2, 1, "CNX202"): "gone"})
    after = ecosystem.Outcome(2.0, 1, {place: "new", ("c.py", 3, 1, "CNX203"): "more"})
    kept = tmp_path / "kept.json"
    ecosystem.save({"stdlib": before}, kept)
    lines = list(ecosystem.compare({"stdlib": after}, kept))
    assert [line.strip() for line in lines[1:]] == [
        "~ a.py:1:1: CNX201 new",
        "- b.py:2:1: CNX202 gone",
        "+ c.py:3:1: CNX203 more",
    ]
    assert list(ecosystem.compare({"stdlib": before}, kept))[1:] == []
