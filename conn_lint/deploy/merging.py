"""Adds up the budgets of repositories that share servers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from conn_lint.deploy.sums import by_gravity, proposed
from conn_lint.model.budget import Budget, ProcessKind, Row, ServerBudget
from conn_lint.model.deployment import Figure

_TRUST = {"stated": 0, "read": 1, "default": 2, "assumed": 3}


def merged(named: Sequence[tuple[str, Budget]]) -> Budget:
    """One budget of several, each with the name of its repository: servers of one name and product are one server."""
    found: dict[tuple[str, str], list[tuple[str, ServerBudget]]] = defaultdict(list)
    for name, budget in named:
        for server in budget.servers:
            found[server.product, server.name].append((name, server))
    servers = [_together(group) for group in found.values()]
    return Budget(
        servers=tuple(sorted(servers, key=by_gravity)),
        processes=tuple(
            _process(name, process) for name, budget in named for process in budget.processes
        ),
        poolers=tuple(pooler for _, budget in named for pooler in budget.poolers),
        assumed=tuple(f"{name}: {text}" for name, budget in named for text in budget.assumed),
        skipped=tuple(one for _, budget in named for one in budget.skipped),
        is_stated=any(budget.is_stated for _, budget in named),
    )


def _process(name: str, process: ProcessKind) -> ProcessKind:
    return msgspec.structs.replace(process, name=f"{name}: {process.name}")


def _together(group: Sequence[tuple[str, ServerBudget]]) -> ServerBudget:
    first = group[0][1]
    remarks = [f"{name}: {text}" for name, server in group for text in server.remarks]
    limits = [server.limit for _, server in group]
    limit = _surest(limits)
    values = sorted({one.value for one in limits if one.said != "assumed"})
    if len(values) > 1:
        remarks.append(
            f"they disagree on how many it takes ({', '.join(map(str, values))}): {limit.value} counts"
        )
    cores = [server.cores for _, server in group if server.cores is not None]
    server = msgspec.structs.replace(
        first,
        limit=limit,
        reserve=_largest([server.reserve for _, server in group if server.limit == limit]),
        cores=_surest(cores) if cores else None,
        rows=tuple(_row(name, row) for name, server in group for row in server.rows),
        remarks=tuple(remarks),
        is_stated=limit.said == "stated",
    )
    return proposed(server)


def _row(name: str, row: Row) -> Row:
    return msgspec.structs.replace(row, process=f"{name}: {row.process}", fits=None)


def _surest(figures: Iterable[Figure]) -> Figure:
    """What is stated before what was read, and that before what is assumed; then the smallest."""
    return min(figures, key=lambda figure: (_TRUST[figure.said], figure.value))


def _largest(figures: Iterable[Figure]) -> Figure:
    return min(figures, key=lambda figure: (_TRUST[figure.said], -figure.value))
