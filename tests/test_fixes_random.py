"""Random functions are run before and after their fixes: the same comes out, and nothing stays open."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conn_lint.config.projects import Job, check_projects
from conn_lint.config.repairs import Repairs
from conn_lint.config.resolve import Flags
from conn_lint.engine.repair import Repaired
from conn_lint.model.fix import Applicability
from conn_lint.syntax.scan import scan

_FUNCTIONS, _RUNS = 20, 12
_SEEDS = (*range(8), 12, 26, 65, 80, 1027)  # the last ones found mistakes
_HEAD = "import sqlite3\nfrom contextlib import suppress\n\n\n"


class _Writer:
    """Writes functions that open, use and sometimes close connections in all kinds of blocks."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._number = 0

    def file(self) -> str:
        return _HEAD + "\n\n".join(
            f"def f{n}():\n" + "\n".join(self._body()) + "\n" for n in range(_FUNCTIONS)
        )

    def _body(self) -> list[str]:
        lines = list(self._block(1, opened=False, depth=0))
        if not any("connect" in line for line in lines):
            lines = ["    conn = sqlite3.connect('a')", *lines, "    conn.execute('x')"]
        return lines

    def _block(self, level: int, *, opened: bool, depth: int) -> Iterator[str]:
        pad = "    " * level
        chance = self._random.random
        for _ in range(self._random.randint(1, 4)):
            self._number += 1
            number = self._number
            if chance() < 0.2:
                yield f"{pad}# comment {number}"
            if not opened and chance() < 0.6:
                opened = True
                yield from self._opening(pad, number)
            elif depth < 3 and chance() < 0.45:
                yield from self._compound(pad, level, opened=opened, depth=depth)
            else:
                yield from self._simple(pad, number, opened=opened)
        if opened and depth == 0 and chance() < 0.6:
            yield f"{pad}conn.close()" + (f"  # closed {self._number}" if chance() < 0.3 else "")
            if chance() < 0.5:
                yield f"{pad}log('end')"

    def _opening(self, pad: str, number: int) -> Iterator[str]:
        match self._random.randint(0, 5):
            case 0:
                yield f"{pad}with sqlite3.connect('{number}') as conn:"
                yield f"{pad}    conn.execute('in {number}')"
            case 1:
                yield f"{pad}conn = sqlite3.connect("
                yield f"{pad}    '{number}',  # where"
                yield f"{pad})"
            case 2:
                yield f"{pad}conn = sqlite3.connect('{number}')  # opened {number}"
                yield ""
            case _:
                yield f"{pad}conn = sqlite3.connect('{number}')"

    def _simple(self, pad: str, number: int, *, opened: bool) -> Iterator[str]:
        if not opened:
            yield f"{pad}log({number})"
            return
        match self._random.randint(0, 9):
            case 0:
                yield f"{pad}cursor = conn.cursor()"
                yield f"{pad}cursor.execute('c {number}')"
            case 1:
                yield f'{pad}conn.execute("""text'
                yield f'  {number}""")'
            case 2:
                yield f"{pad}return {number}"
            case 3:
                yield f"{pad}log(conn.execute('r {number}').fetchall())"
            case 4:
                yield f"{pad}if flag():"
                yield f"{pad}    conn.close()"
                yield f"{pad}    return {number}"
            case 5:
                yield f"{pad}log({number})"
            case _:
                yield f"{pad}conn.execute('{number}')"

    def _compound(self, pad: str, level: int, *, opened: bool, depth: int) -> Iterator[str]:
        inner = list(self._block(level + 1, opened=opened, depth=depth + 1))
        if all(line.strip().startswith("#") or not line.strip() for line in inner):
            inner.append(f"{pad}    log('')")
        match self._random.randint(0, 5):
            case 0:
                yield f"{pad}if flag():"
                yield from inner
            case 1:
                yield f"{pad}for _ in range(2):"
                yield from inner
            case 2:
                yield f"{pad}try:"
                yield from inner
                yield f"{pad}except ValueError:"
                yield f"{pad}    log('handled')"
            case 3 if opened:
                yield f"{pad}try:"
                yield from inner
                yield f"{pad}finally:"
                yield f"{pad}    conn.close()"
                yield f"{pad}return 0"
            case 4:
                yield f"{pad}with suppress(KeyError):"
                yield from inner
            case _:
                yield f"{pad}while flag():"
                yield from inner


class _World:
    """What the functions do, written down; `sqlite3` with connections that know whether they are open."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.log: list[str] = []
        self.open: set[int] = set()
        self._made = 0

    def names(self) -> dict[str, Any]:
        return {"flag": self.flag, "log": lambda what: self.log.append(str(what))}

    def flag(self) -> bool:
        self.log.append("flag")
        if len(self.log) > 300 or self._random.random() < 0.1:
            raise ValueError
        return self._random.random() < 0.5

    def connect(self, where: str) -> Any:
        self._made += 1
        number = self._made
        self.open.add(number)

        def execute(text: str) -> Any:
            if number not in self.open:
                raise RuntimeError("closed")
            self.log.append(text)
            if self._random.random() < 0.15:
                raise ValueError
            return SimpleNamespace(fetchall=lambda: [text], execute=execute)

        return _Connection(
            execute=execute,
            cursor=lambda: SimpleNamespace(execute=execute),
            close=lambda: self.open.discard(number),
        )


class _Connection(SimpleNamespace):
    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def _run(source: str, name: str, seed: int) -> tuple[list[str], object, set[int]]:
    world = _World(seed)
    names = world.names()
    exec(compile(source.replace("import sqlite3\n", "", 1), name, "exec"), names)
    names["sqlite3"] = SimpleNamespace(connect=world.connect)
    try:
        result: object = names[name]()
    except Exception as error:  # noqa: BLE001 - what it raises is what it came to
        result = f"{type(error).__name__}: {error}"
    return world.log, result, world.open


def _fix(source: str, folder: Path) -> tuple[str, Repaired]:
    (folder / "pyproject.toml").touch()
    path = folder / "code.py"
    path.write_text(source, encoding="utf-8")
    repairs = Repairs(Applicability.UNSAFE)
    run = check_projects(Job(paths=(str(path),)), Flags(use_cache=False), cure=repairs)
    assert [trouble for _, outcome in run.checked for trouble in outcome.troubles] == []
    done = repairs.done[0]
    return done.after.get("code.py", source.encode()).decode(), done


@pytest.mark.parametrize("seed", _SEEDS)
def test_a_fixed_function_does_the_same_and_leaves_nothing_open(seed: int, tmp_path: Path) -> None:
    before = _Writer(seed).file()
    after, done = _fix(before, tmp_path)
    assert len(done.applied) >= _FUNCTIONS // 4
    assert [item for item in done.withdrawn if item.applied] == []
    assert _comments(before) <= _comments(after)
    in_loops = _open_in_loops(before)
    still_found = {_function(before_line, after) for before_line in _lines_left(done)}
    for number in range(_FUNCTIONS):
        name = f"f{number}"
        for run in range(_RUNS):
            log, result, _ = _run(before, name, run)
            if isinstance(result, str) and "RuntimeError" in result:
                continue  # it used a closed one: the fix may keep it open longer
            again, got, _ = _run(after, name, run)
            if name in in_loops:  # one connection does what several did
                log, again = [_without_number(text) for text in log], [*map(_without_number, again)]
            assert (again, got) == (log, result), name
            if name not in still_found:
                assert _run(after, name, run)[2] == set(), name


def _lines_left(done: Repaired) -> Iterator[int]:
    for finding in done.outcome.findings:
        yield finding.location.span.line


def _open_in_loops(source: str) -> set[str]:
    """The functions with a loop that opens something in each pass."""
    return {
        function.name
        for function in ast.parse(source).body
        if isinstance(function, ast.FunctionDef)
        for loop in ast.walk(function)
        if isinstance(loop, (ast.For, ast.While))
        for node in ast.walk(loop)
        if isinstance(node, ast.Attribute) and node.attr == "connect"
    }


def _without_number(text: str) -> str:
    number, _, rest = text.partition(" ")
    return rest if number.isdigit() else text


def _function(line: int, source: str) -> str:
    heads = [text for text in source.split("\n")[:line] if text.startswith("def ")]
    return heads[-1].removeprefix("def ").partition("(")[0] if heads else ""


def _comments(text: str) -> set[str]:
    return {text[start:end] for start, end in scan(text).comments}
