"""Which rows of a budget have no bound, since a defect opens anew or never releases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from conn_lint.model.budget import Budget, Row
from conn_lint.model.finding import Finding
from conn_lint.model.location import Location

UNBOUNDED = frozenset(("CNX101", "CNX102", "CNX201"))


def with_codes(budget: Budget, findings: Iterable[Finding]) -> Budget:
    """The budget with the codes of such findings at the creations in it; what is suppressed is not among them."""
    codes: dict[Location, set[str]] = defaultdict(set)
    for finding in findings:
        if finding.code in UNBOUNDED:
            codes[finding.location].add(finding.code)
    if not codes:
        return budget
    servers = tuple(
        msgspec.structs.replace(
            server,
            rows=tuple(
                _unbounded(row, codes[row.location]) if row.location in codes else row
                for row in server.rows
            ),
        )
        for server in budget.servers
    )
    return msgspec.structs.replace(budget, servers=servers)


def _unbounded(row: Row, codes: Iterable[str]) -> Row:
    how = row.how if row.total != 0 else ""  # it does not take turns with others
    return msgspec.structs.replace(row, codes=tuple(sorted(codes)), how=how, fits=None)
