"""What is let go and unpacked again: the bounded memo, and a whole run in which nothing stays unpacked."""

from __future__ import annotations

import pytest
from test_fixtures import PROJECTS

from conn_lint.config.options import parse_options
from conn_lint.config.projects import Job, check_projects
from conn_lint.config.resolve import Flags
from conn_lint.link import program
from conn_lint.link.recent import Recent


def test_what_is_asked_for_stays() -> None:
    recent: Recent[str, list[int]] = Recent(3, len)
    recent.put("a", [1])
    for number in range(20):
        recent.put(str(number), [number])
        assert recent.get("a") == [1]
    assert recent.get("0") is None
    assert recent.get("19") == [19]


def test_what_weighs_more_than_all_is_kept_until_the_next() -> None:
    recent: Recent[str, str] = Recent(3, len)
    recent.put("a", "aaaaaa")
    assert recent.get("a") == "aaaaaa"
    assert recent.get("a") == "aaaaaa"
    recent.put("b", "bbbb")
    assert recent.get("a") is None
    assert recent.get("b") == "bbbb"


def test_findings_do_not_depend_on_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the unit that was asked for last stays unpacked: what is compared by identity would be missed."""
    unpacked = []
    nodes_of = program._nodes_of

    def counted(*arguments: object) -> int:
        unpacked.append(arguments)
        return nodes_of(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(program, "_nodes_of", counted)
    kept = _found()
    read = len(unpacked)
    monkeypatch.setattr(program, "_UNPACKED", 0)
    assert _found() == kept
    assert len(kept) > 60
    assert len(unpacked) > 3 * read


def _found() -> list[object]:
    flags = Flags(options=parse_options({"jobs": 1}, "test"), use_cache=False, noqa=False)
    paths = tuple(map(str, sorted(PROJECTS.iterdir())[::2]))
    run = check_projects(Job(paths=paths, draws=True), flags)
    assert run.problems == ()
    assert [trouble for _, outcome in run.checked for trouble in outcome.troubles] == []
    return [one for _, o in run.checked for one in (*o.findings, *o.connections)]
