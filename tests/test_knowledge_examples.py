"""Runs the analysis on programs made from the example of every resource of the knowledge base."""

from __future__ import annotations

import pytest
from library_examples import KNOWLEDGE, STYLES, Program, program
from projects import write

from conn_lint.config.projects import Job, check_projects
from conn_lint.config.resolve import Flags
from conn_lint.model.resource import Resource

RESOURCES = [resource for resource in KNOWLEDGE.resources if resource.example]
PROGRAMS = {
    f"{style.replace(' ', '_').replace('.', '_')}_{number}.py": (resource, program(resource, style))
    for number, resource in enumerate(RESOURCES)
    for style in STYLES
}

# What each case of each resource gives: (resource, case) -> style -> rules.
Found = dict[tuple[str, str], dict[str, frozenset[str]]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Everything at once: each file is analysed as if it were alone."""
    folder = tmp_path_factory.mktemp("examples")
    write(folder, {name: made.text for name, (_, made) in PROGRAMS.items()})
    run = check_projects(Job(paths=(str(folder),), isolated_files=True), Flags(use_cache=False))
    assert run.problems == ()
    rules: dict[tuple[str, str], set[str]] = {}
    for _, outcome in run.checked:
        assert outcome.troubles == ()
        for finding in outcome.findings:
            name = finding.location.path
            _, made = PROGRAMS[name]
            case = made.lines.get(finding.location.span.line, "outside")
            if not finding.code.startswith("CNX4"):  # how one is set up is another question
                rules.setdefault((name, case), set()).add(finding.rule)
    results: Found = {}
    for name, (resource, made) in PROGRAMS.items():
        style = name.rpartition("_")[0]
        for case in (*(case.name for case in made.cases), "outside"):
            given = frozenset(rules.get((name, case), ()))
            results.setdefault((resource.name, case), {})[style] = given
    return results


def check(found: Found, resource: Resource, *kinds: str) -> int:
    """Compare the cases whose names begin so; their number."""
    made: Program = program(resource, STYLES[0])
    cases = [case for case in made.cases if case.name.startswith(kinds)]
    wrong = {
        "\n".join((case.name, *case.body)): (sorted(rules), sorted(case.rules), style)
        for case in cases
        for style, rules in found[resource.name, case.name].items()
        if rules != case.rules
    }
    assert wrong == {}
    return len(cases)


def ids(resource: Resource) -> str:
    return resource.name


@pytest.mark.parametrize("resource", RESOURCES, ids=ids)
def test_opened_and_dropped(found: Found, resource: Resource) -> None:
    assert check(found, resource, "dropped") == 1
    assert set(found[resource.name, "outside"].values()) == {frozenset()}


@pytest.mark.parametrize("resource", RESOURCES, ids=ids)
def test_opened_and_released(found: Found, resource: Resource) -> None:
    check(found, resource, "in_finally", "at_the_end", "loses_slot")


@pytest.mark.parametrize("resource", RESOURCES, ids=ids)
def test_in_a_with(found: Found, resource: Resource) -> None:
    check(found, resource, "with", "async_with")


def test_import_style_does_not_matter(found: Found) -> None:
    different = {key: styles for key, styles in found.items() if len(set(styles.values())) > 1}
    assert different == {}


def test_all_shapes_are_there(found: Found) -> None:
    cases = {case for _, case in found}
    assert {
        "dropped",
        "in_finally_0",
        "at_the_end_1",
        "with_as",
        "async_with_awaited_named",
    } <= cases
    rules = {rule for styles in found.values() for given in styles.values() for rule in given}
    assert rules >= {"never-released", "not-released-on-error", "with-does-not-close"}
