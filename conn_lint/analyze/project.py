"""The façade that rules ask: everything known of one program."""

from __future__ import annotations

from conn_lint.model.site import Site


class Project:
    """The analysed program. Rules ask it questions and never see summaries."""

    def __init__(self, sites: tuple[Site, ...]) -> None:
        self._sites = sites

    def sites(self) -> tuple[Site, ...]:
        """Every acquisition in the program, ordered by file and line."""
        return self._sites
