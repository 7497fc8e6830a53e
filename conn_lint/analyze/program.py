"""The entrance to phase two."""

from __future__ import annotations

from collections.abc import Mapping

from conn_lint.analyze.analysis import Analysis
from conn_lint.analyze.project import Project
from conn_lint.knowledge.lookup import Knowledge
from conn_lint.link.program import LoadUnits, SourceFile, TextOf
from conn_lint.model.settings import Settings
from conn_lint.model.summary import DocumentSummary


def analyze_program(
    files: Mapping[str, SourceFile],
    load: LoadUnits,
    text: TextOf,
    knowledge: Knowledge,
    *,
    documents: tuple[DocumentSummary, ...] = (),
    above: tuple[DocumentSummary, ...] = (),
    below: str = "",
    settings: Settings | None = None,
) -> Project:
    """Analyse all files as one program; `load` is asked for the units that turn out to matter.

    `text` gives a unit as it is written, for questions that spare parsing it. `settings` are the user's, where an
    answer or a rule depends on one. Documents `above` lie in folders around the project, with paths from where it is
    the folder `below`.
    """
    versions = settings.versions if settings is not None else ()
    analysis = Analysis(files, load, text, knowledge, documents, versions=versions)
    analysis.above, analysis.below = above, below
    return Project(analysis, analysis.run(), settings)
