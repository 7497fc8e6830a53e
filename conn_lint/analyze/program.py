"""The entrance to phase two."""

from __future__ import annotations

from collections.abc import Mapping

from conn_lint.analyze.analysis import Analysis
from conn_lint.analyze.project import Project
from conn_lint.knowledge.lookup import Knowledge
from conn_lint.link.program import LoadUnits, SourceFile
from conn_lint.model.summary import DocumentSummary


def analyze_program(
    files: Mapping[str, SourceFile],
    load: LoadUnits,
    knowledge: Knowledge,
    *,
    documents: tuple[DocumentSummary, ...] = (),
) -> Project:
    """Analyse all files as one program; `load` is asked for the units that turn out to matter."""
    analysis = Analysis(files, load, knowledge, documents)
    return Project(analysis, analysis.run())
