"""How often each rule found something."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from conn_lint.report.base import Report


def render_statistics(report: Report) -> Iterator[str]:
    """One line for each rule that found something, the most frequent first."""
    counts = Counter((finding.code, finding.rule) for finding in report.findings)
    width = len(str(max(counts.values(), default=0)))
    for (code, rule), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield f"{count:>{width}}  {code} {rule}"
