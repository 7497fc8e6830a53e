"""Words that all renderings of a budget share."""

from __future__ import annotations

from conn_lint.model.budget import ProcessKind, Row, ServerBudget
from conn_lint.model.deployment import Figure
from conn_lint.report.base import counted
from conn_lint.report.escape import one_line


def origin(figure: Figure) -> str:
    """Where a number comes from: a line, or in a word."""
    place = f"{figure.path}:{figure.line}" if figure.path else ""
    note = figure.note or ("" if place else figure.said)
    if figure.said == "assumed" and figure.note:
        note = f"assumed: {figure.note}"
    return one_line(", ".join(part for part in (place, note) if part))


def headline(server: ServerBudget) -> str:
    """`PostgreSQL: 120 of 80`, and what that rests on."""
    total = f"{server.total}{' or more' if server.unknown or server.unbounded else ''}"
    if not server.is_limited:
        return f"{one_line(server.name)}: {total}; how many it takes is not known"
    limit, reserve = server.limit, server.reserve
    parts = [f"takes {limit.value} ({origin(limit)})"]
    if reserve.value:
        parts.append(f"less a reserve of {reserve.value} ({origin(reserve)})")
    return f"{one_line(server.name)}: {total} of {server.available}; it {', '.join(parts)}"


def verdict(server: ServerBudget) -> str:
    """Whether it fits, in a few words."""
    if server.unbounded:
        return "no bound"
    if server.is_over:
        return f"over by {server.total - server.available}"
    if not server.is_limited:
        return ""
    if server.unknown:
        return "fits, as far as it can be told"
    return "fits"


def shown(server: ServerBudget) -> list[tuple[str, Row]]:
    """Each row with the name of its process, what has no bound first; what has no number stands once for all."""
    counted_rows: list[tuple[str, Row]] = []
    others: dict[tuple[object, ...], list[Row]] = {}
    for row in server.rows:
        if row.total is None or row.codes:
            others.setdefault((row.location, row.call, row.codes), []).append(row)
        else:
            counted_rows.append((row.process, row))
    joined = [
        (", ".join(dict.fromkeys(r.process for r in group)), group[0]) for group in others.values()
    ]
    unbounded = [item for item in joined if item[1].codes]
    return [*unbounded, *counted_rows, *(item for item in joined if not item[1].codes)]


def copies(row: Row) -> str:
    """How many times it counts, "" where that changes nothing."""
    if row.total is None or row.codes:
        return ""
    return f"x {row.copies}"


def place(row: Row) -> str:
    """`shop/db.py:7`."""
    return f"{one_line(row.location.path)}:{row.location.span.line}"


def each(row: Row) -> str:
    """`15: pool_size 5 + max_overflow 10 by default`."""
    size = "?" if row.size is None else str(row.size)
    if row.times > 1:
        size = f"{row.times} x {size}"
    return one_line(f"{size}: {row.how}" if row.how else size)


def total(row: Row) -> str:
    """What a row comes to."""
    if row.codes:
        return f"no bound ({', '.join(row.codes)})"
    return "?" if row.total is None else str(row.total)


def process(kind: ProcessKind) -> str:
    """`web: 3 x 4 processes, 2 threads each (compose.yml:4, gunicorn shop.wsgi)`."""
    words = f"{kind.name}: "
    parts = []
    if kind.instances.value != 1 or kind.instances.said in ("stated", "read"):
        parts.append(f"{counted(kind.instances.value, 'instance')} ({origin(kind.instances)})")
    parts.append(f"{counted(kind.workers.value, 'worker')} ({origin(kind.workers)})")
    if kind.threads.value != 1:
        parts.append(f"{counted(kind.threads.value, 'thread')} ({origin(kind.threads)})")
    words += " x ".join(parts)
    if kind.launcher:
        words += f", {kind.launcher} {kind.target}".rstrip()
    return one_line(words)


def proposal(server: ServerBudget) -> str:
    """What would fit, "" where it fits or nothing can be proposed."""
    wanted: dict[tuple[str, int], list[str]] = {}
    overflows = False
    for row in server.rows:
        if row.fits is not None and row.fits != row.size:
            wanted.setdefault((row.parameter, row.fits), []).append(row.process)
            overflows |= "overflow" in row.how
    if wanted:
        listed = (
            f"{parameter} {size} for {', '.join(dict.fromkeys(processes))}"
            for (parameter, size), processes in wanted.items()
        )
        return f"What fits: {'; '.join(listed)}" + (" (overflow included)" if overflows else "")
    if server.is_over and not server.unbounded and server.sized and server.rows:
        return (
            "Not even one connection for each process fits: run fewer processes, or a pooler in "
            "transaction mode before the server"
        )
    return ""
