"""A budget for programs, and back: what `--merge` reads is what this writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from conn_lint.model.budget import Budget, ProcessKind, Row, ServerBudget
from conn_lint.model.deployment import Figure, Pooler
from conn_lint.model.location import Location, Span
from conn_lint.report import budget_words as words
from conn_lint.report.escape import json_text

VERSION = 1


class BudgetError(ValueError):
    """A file is no budget that this program has written."""


def render_json(named: Sequence[tuple[str, Budget]]) -> str:
    """All projects with their names; only ASCII is written."""
    table = {
        "version": VERSION,
        "over": any(budget.is_over for _, budget in named),
        "projects": [{"name": name, **_budget(budget)} for name, budget in named],
    }
    return json_text(table)


def read_json(data: bytes) -> list[tuple[str, Budget]]:
    """The budgets of a file, each with its project's name; raises BudgetError."""
    try:
        file = msgspec.json.decode(data, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BudgetError(
            f"it is no budget of `conn-lint budget --format json`: {error}"
        ) from error
    if file.version != VERSION:
        raise BudgetError(f"it has version {file.version}, this program reads {VERSION}")
    return [(project.name, project.budget()) for project in file.projects]


def _budget(budget: Budget) -> dict[str, Any]:
    return {
        "over": budget.is_over,
        "stated": budget.is_stated,
        "servers": [_server(server) for server in budget.servers],
        "processes": [_process(process) for process in budget.processes],
        "poolers": [_pooler(pooler) for pooler in budget.poolers],
        "assumed": list(budget.assumed),
        "skipped": [
            {"call": call, "path": place.path, "line": place.span.line}
            for call, place in budget.skipped
        ],
    }


def _server(server: ServerBudget) -> dict[str, Any]:
    return {
        "name": server.name,
        "product": server.product,
        "title": server.title,
        "address": server.address,
        "max_connections": _figure(server.limit),
        "reserve": _figure(server.reserve),
        "cores": None if server.cores is None else _figure(server.cores),
        "sized": server.sized,
        "available": server.available,
        "total": server.total,
        "unbounded": bool(server.unbounded),
        "over": server.is_over,
        "proposal": words.proposal(server),
        "remarks": list(server.remarks),
        "rows": [_row(row) for row in server.rows],
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "process": row.process,
        "path": row.location.path,
        "line": row.location.span.line,
        "column": row.location.span.column + 1,
        "call": row.call,
        "resource": row.resource,
        "size": row.size,
        "times": row.times,
        "copies": row.copies,
        "per": row.per,
        "total": row.total,
        "how": row.how,
        "parameter": row.parameter,
        "fits": row.fits,
        "codes": list(row.codes),
    }


def _process(process: ProcessKind) -> dict[str, Any]:
    return {
        "name": process.name,
        "instances": _figure(process.instances),
        "workers": _figure(process.workers),
        "threads": _figure(process.threads),
        "launcher": process.launcher,
        "target": process.target,
        "path": process.path,
        "line": process.line,
    }


def _pooler(pooler: Pooler) -> dict[str, Any]:
    return {
        "product": pooler.product,
        "path": pooler.path,
        "mode": pooler.mode,
        "clients": pooler.clients.value,
        "opens": pooler.opens,
        "problems": [{"line": line, "message": text} for line, text in pooler.problems],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "value": figure.value,
        "said": figure.said,
        "path": figure.path,
        "line": figure.line,
        "note": figure.note,
    }


# What is read back: poolers' own settings are in the sums already, and are not.


class _Row(msgspec.Struct):
    process: str
    path: str
    line: int
    call: str
    resource: str
    size: int | None
    times: int
    copies: int
    per: str
    total: int | None
    column: int = 1
    how: str = ""
    parameter: str = ""
    codes: tuple[str, ...] = ()

    def row(self) -> Row:
        span = Span(self.line, self.column - 1, self.line, self.column - 1)
        return Row(
            process=self.process,
            location=Location(self.path, span),
            call=self.call,
            resource=self.resource,
            size=self.size,
            times=self.times,
            copies=self.copies,
            per="thread" if self.per == "thread" else "process",
            total=self.total,
            how=self.how,
            parameter=self.parameter,
            codes=self.codes,
        )


class _Server(msgspec.Struct):
    name: str
    product: str
    title: str
    max_connections: Figure
    reserve: Figure
    rows: tuple[_Row, ...]
    address: str = ""
    cores: Figure | None = None
    sized: bool = True
    remarks: tuple[str, ...] = ()

    def server(self) -> ServerBudget:
        return ServerBudget(
            name=self.name,
            product=self.product,
            title=self.title,
            address=self.address,
            limit=self.max_connections,
            reserve=self.reserve,
            cores=self.cores,
            rows=tuple(row.row() for row in self.rows),
            remarks=self.remarks,
            is_stated=self.max_connections.said == "stated",
            sized=self.sized,
        )


class _Project(msgspec.Struct):
    name: str
    servers: tuple[_Server, ...]
    processes: tuple[ProcessKind, ...] = ()
    assumed: tuple[str, ...] = ()
    stated: bool = False

    def budget(self) -> Budget:
        return Budget(
            servers=tuple(server.server() for server in self.servers),
            processes=self.processes,
            assumed=self.assumed,
            is_stated=self.stated,
        )


class _File(msgspec.Struct):
    version: int
    projects: tuple[_Project, ...]
