"""The budgets of a run's projects, with paths as they look from where the user stands."""

from __future__ import annotations

import functools
from collections.abc import Callable

import msgspec

from conn_lint.config.projects import Run, display, display_below
from conn_lint.model.budget import Budget, ProcessKind, ServerBudget
from conn_lint.model.deployment import Figure, Pooler
from conn_lint.model.location import Location

Show = Callable[[str], str]


def budgets_of(run: Run) -> list[tuple[str, Budget]]:
    """Each project that has one, by the name of its folder."""
    found = []
    for _, outcome in run.checked:
        if outcome.budget is not None:
            show = functools.partial(display_below, outcome.root)
            name = outcome.root.name or display(outcome.root)
            found.append((name, _relocated(outcome.budget, show)))
    return found


def _relocated(budget: Budget, show: Show) -> Budget:
    return msgspec.structs.replace(
        budget,
        servers=tuple(_server(server, show) for server in budget.servers),
        processes=tuple(_process(process, show) for process in budget.processes),
        poolers=tuple(_pooler(pooler, show) for pooler in budget.poolers),
        skipped=tuple((call, _location(place, show)) for call, place in budget.skipped),
    )


def _server(server: ServerBudget, show: Show) -> ServerBudget:
    return msgspec.structs.replace(
        server,
        limit=_figure(server.limit, show),
        reserve=_figure(server.reserve, show),
        rows=tuple(
            msgspec.structs.replace(row, location=_location(row.location, show))
            for row in server.rows
        ),
    )


def _process(process: ProcessKind, show: Show) -> ProcessKind:
    return msgspec.structs.replace(
        process,
        instances=_figure(process.instances, show),
        workers=_figure(process.workers, show),
        threads=_figure(process.threads, show),
        path=show(process.path) if process.path else "",
    )


def _pooler(pooler: Pooler, show: Show) -> Pooler:
    return msgspec.structs.replace(
        pooler, path=show(pooler.path), clients=_figure(pooler.clients, show)
    )


def _figure(figure: Figure, show: Show) -> Figure:
    if not figure.path:
        return figure
    return msgspec.structs.replace(figure, path=show(figure.path))


def _location(location: Location, show: Show) -> Location:
    return Location(show(location.path), location.span)
