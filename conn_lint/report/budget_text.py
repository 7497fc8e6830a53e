"""A budget for people: a bar and a table for each server, what has no bound first, what is assumed last."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from conn_lint.model.budget import Budget, Row, ServerBudget
from conn_lint.model.deployment import Pooler
from conn_lint.report import budget_words as words
from conn_lint.report.escape import one_line

_WIDTH = 50
_MOST_SKIPPED = 10


def render_budget(budget: Budget) -> Iterator[RenderableType]:
    """All of the report, part by part."""
    if not budget.servers:
        yield Text("No pool, client or connection to a server was found.")
    for server in budget.servers:
        yield from _server(server)
        yield Text()
    for pooler in budget.poolers:
        yield from _pooler(pooler)
    yield from _listed("Processes", [words.process(kind) for kind in budget.processes])
    yield from _listed("Assumed", [one_line(line) for line in budget.assumed])
    skipped = [f"{one_line(p.path)}:{p.span.line} {one_line(call)}()" for call, p in budget.skipped]
    if len(skipped) > _MOST_SKIPPED:
        skipped[_MOST_SKIPPED:] = [f"and {len(skipped) - _MOST_SKIPPED} more"]
    yield from _listed("Not counted, since no process runs it", skipped)


def _server(server: ServerBudget) -> Iterator[RenderableType]:
    colour = "red" if server.is_over else "yellow" if server.unknown else "green"
    yield Text.assemble(
        (words.headline(server), "bold"), "  ", (words.verdict(server), f"bold {colour}")
    )
    yield Text("  ") + _bar(server, colour)
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, pad_edge=False)
    for heading in ("  process", "what", "each", "copies", "at most", "fits"):
        right = heading in ("copies", "at most", "fits")
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for process, row in words.shown(server):
        table.add_row(*_cells(process, row))
    yield table
    proposal = words.proposal(server)
    for line in (*server.remarks, *((proposal,) if proposal else ())):
        yield Text("  " + one_line(line))


def _cells(process: str, row: Row) -> tuple[Text, ...]:
    return (
        Text("  " + one_line(process)),
        Text(f"{one_line(row.call)} {words.place(row)}"),
        Text(words.each(row)),
        Text(words.copies(row)),
        Text(words.total(row), style="red" if row.codes else ""),
        Text("" if row.fits is None else str(row.fits)),
    )


def _bar(server: ServerBudget, colour: str) -> Text:
    """What is asked for against what there is: the mark stands where the reserve begins."""
    whole = max(server.limit.value, server.total, 1)
    filled = min(round(server.total * _WIDTH / whole), _WIDTH)
    if server.total and not filled:
        filled = 1
    mark = min(round(server.available * _WIDTH / whole), _WIDTH)
    bar = Text()
    for at in range(_WIDTH):
        if at == mark and mark:
            bar.append("|", style="bold")
        bar.append("#" if at < filled else ".", style=colour if at < filled else "dim")
    if mark >= _WIDTH:
        bar.append("|", style="bold")
    bar.append(f"  {server.total}/{server.available} (+{server.reserve.value})")
    return bar


def _pooler(pooler: Pooler) -> Iterator[RenderableType]:
    clients = (
        f"takes {pooler.clients.value} clients" if pooler.clients.value else "takes all clients"
    )
    yield Text(
        one_line(
            f"{pooler.product} ({pooler.path}), pool_mode {pooler.mode}: {clients}, "
            f"opens {pooler.opens} connections at most"
        ),
        style="bold",
    )
    for line, problem in pooler.problems:
        yield Text(f"  {one_line(pooler.path)}:{line} {one_line(problem)}")
    yield Text()


def _listed(heading: str, lines: list[str]) -> Iterator[RenderableType]:
    if lines:
        yield Text(heading, style="bold")
        yield from (Text("  " + line) for line in lines)
