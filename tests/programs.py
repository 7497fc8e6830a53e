"""Whole programs in memory: what linking and analysis make of them, without the engine and the disk."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from conn_lint.analyze.analysis import Analysis
from conn_lint.analyze.meaning import EventMeaning
from conn_lint.analyze.sites import Solved
from conn_lint.engine.modules import name_modules
from conn_lint.flow.ownership import Ownership
from conn_lint.flow.solve import solve, successors
from conn_lint.flow.world import START, World
from conn_lint.knowledge.load import load_builtin, parse_family
from conn_lint.knowledge.lookup import Knowledge
from conn_lint.link.program import SourceFile
from conn_lint.link.values import FunctionId
from conn_lint.link.words import UnitKey
from conn_lint.lower.unit import read_unit
from conn_lint.model.summary import DocumentSummary, UnitSummary
from conn_lint.syntax.skeleton import read_skeleton
from conn_lint.syntax.slices import cut

# A library that does not exist: the tests depend on no fact of a real one.
ACME = """
[[library]]
package = "acme"
version = "1"
imports = ["acme"]

[[resource]]
name = "acme.connection"
kind = "connection"
acquire = ["acme.connect", "acme.Connection"]
value = "acme.Connection"
release = ["close"]
with = "closes"
open_checks = ["is_open"]
closed_checks = ["closed"]
evidence = { source = "made up", version = "1" }
example = "acme.connect()"

[[resource]]
name = "acme.transactional"
kind = "connection"
acquire = ["acme.open_tx"]
value = "acme.TxConnection"
release = ["close"]
with = "ends-transaction"
evidence = { source = "made up", version = "1" }
example = "acme.open_tx()"

[[resource]]
name = "acme.session"
kind = "checkout"
acquire = ["acme.Session"]
value = "acme.Session"
release = ["close"]
with = "returns"
lazy = true
begins = ["*"]
ends = ["commit", "rollback"]
idle_methods = ["add"]
evidence = { source = "made up", version = "1" }
example = "acme.Session()"

[[resource]]
name = "acme.pool"
kind = "pool"
acquire = ["acme.Pool"]
value = "acme.Pool"
release = ["shutdown"]
evidence = { source = "made up", version = "1" }
example = "acme.Pool()"

[[resource]]
name = "acme.checkout"
kind = "checkout"
acquire = ["acme.Pool.borrow"]
value = "acme.Pooled"
release_on_owner = ["give_back"]
loses_slot = ["close"]
evidence = { source = "made up", version = "1" }
example = "acme.Pool().borrow()"

[[resource]]
name = "acme.aio"
kind = "connection"
acquire = ["acme.aio.connect"]
value = "acme.aio.Connection"
is_async = true
call = "await-or-async-with"
opens = "at-await"
release = ["close"]
release_awaited = ["close"]
async_with = "closes"
evidence = { source = "made up", version = "1" }
example = "acme.aio.connect()"

[[resource]]
name = "acme.aio.client"
kind = "client"
acquire = ["acme.aio.client"]
value = "acme.aio.Client"
is_async = true
call = "async-with-only"
opens = "on-enter"
release = ["__aexit__"]
release_awaited = ["__aexit__"]
async_with = "closes"
evidence = { source = "made up", version = "1" }
example = "acme.aio.client()"

[[operation]]
name = "acme.Connection.cursor"
returns = "acme.Cursor"

[[operation]]
name = "acme.Connection.configured"
same = true

[[operation]]
name = "acme.Connection.info"
returns = "acme.Info"
attribute = true

[[harmless]]
names = ["acme.quiet"]
"""
KNOWLEDGE = Knowledge(load_builtin(), parse_family(ACME, "acme.toml"))


def source_files(
    texts: Mapping[str, str], sources: Iterable[str] = (), started_from: Iterable[str] = ("",)
) -> dict[str, SourceFile]:
    """The files as the engine hands them to phase two."""
    modules = name_modules(texts, started_from, sources)
    return {
        path: SourceFile(
            path=path,
            module=modules[path].name,
            root=modules[path].root,
            is_package=modules[path].is_package,
            is_test=False,
            is_stub=path.endswith(".pyi"),
            kind="auto",
            skeleton=read_skeleton(text),
        )
        for path, text in sorted(texts.items())
    }


def analysis(
    texts: Mapping[str, str],
    sources: Iterable[str] = (),
    started_from: Iterable[str] = ("",),
    documents: tuple[DocumentSummary, ...] = (),
    knowledge: Knowledge = KNOWLEDGE,
    versions: tuple[tuple[str, str], ...] = (),
) -> Analysis:
    """The analysis of a program, not yet run; texts may be indented."""
    plain = {path: textwrap.dedent(text) for path, text in texts.items()}
    files = source_files(plain, sources, started_from)

    lines = {path: text.split("\n") for path, text in plain.items()}

    def load(keys: Iterable[UnitKey]) -> Iterator[tuple[UnitKey, UnitSummary]]:
        return ((key, read_unit(text(key), key[1] == 0)) for key in keys)

    def text(key: UnitKey) -> str:
        skeleton = files[key[0]].skeleton
        return cut(lines[key[0]], skeleton.heads, skeleton.units, key[1])

    return Analysis(files, load, text, knowledge, documents, versions=versions)


def analysed(texts: Mapping[str, str]) -> Analysis:
    """The analysis, run to its end."""
    made = analysis(texts)
    made.run()
    return made


def place(made: Analysis, path: str, qualname: str) -> FunctionId:
    """The lowered function or class body of that name; "" for the module's body."""
    if not qualname:
        return FunctionId(path, 0, 0)
    for number in range(len(made.program.files[path].skeleton.units)):
        summary = made.program.unit(path, number)
        for index in range(len(summary.functions) if summary is not None else 0):
            at = FunctionId(path, number, index)
            if made.program.qualname(at) == qualname:
                return at
    raise LookupError(qualname)


class Followed(NamedTuple):
    """One acquisition, and in which situations the ways out of its function are reached."""

    solved: Solved
    exit: str
    raised: str
    domain: Ownership
    states: Mapping[int, set[World]]


def follow(made: Analysis, at: FunctionId) -> list[Followed]:
    """The acquisitions in a function, each solved again so that its states can be seen."""
    function = made.program.function(at)
    assert function is not None
    found = []
    for solved in made.sites.solved(at):
        roles = dict.fromkeys(solved.nodes, solved.acquired.role)
        meaning = EventMeaning(made, at, function, solved.resource, roles)
        domain = Ownership(function.graph, meaning)
        states = solve(successors(function.graph), domain, START)
        out = [letters(states.get(way, ())) for way in (function.graph.EXIT, function.graph.RAISED)]
        found.append(Followed(solved, out[0], out[1], domain, states))
    return found


def letters(worlds: Iterable[World]) -> str:
    """The situations as letters in order: A(bsent), I(dle), B(usy), R(eleased), E(scaped), T(aken by the caller)."""
    return "".join("AIBRET"[situation] for situation in sorted({w.situation for w in worlds}))


def skip_of(made: Analysis, solved: Solved) -> tuple[str, int] | None:
    """How the release is skipped and on which line of the file."""
    if solved.skipped is None:
        return None
    function = made.program.function(solved.at)
    assert function is not None
    how, node = solved.skipped
    event = function.graph.events[node] if node >= 0 else None
    before = made.program.first_line(solved.at.path, solved.at.unit)
    return how, (event.span.line + before if event is not None else 0)
