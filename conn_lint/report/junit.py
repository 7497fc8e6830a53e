"""JUnit's XML, which nearly everything that runs builds can show: a file is a suite, a finding a failed test."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import groupby

from conn_lint.model.finding import Finding
from conn_lint.report.base import Report, details
from conn_lint.report.escape import xml_line


def render_junit(report: Report) -> Iterator[str]:
    """The document. Without any finding it has one test, which passed: empty reports count as broken ones."""
    found = report.shown()
    suites = ET.Element("testsuites", name="conn-lint")
    for path, group in groupby(found, key=lambda finding: finding.location.path):
        members = list(group)
        suite = _suite(suites, path, len(members), failures=len(members))
        for finding in members:
            _failure(_case(suite, _name(finding), path), finding)
    if report.troubles:
        suite = _suite(suites, "conn-lint", len(report.troubles), errors=len(report.troubles))
        for number, trouble in enumerate(report.troubles, 1):
            case = _case(suite, f"problem {number}", "conn-lint")
            ET.SubElement(case, "error", message=xml_line(trouble), type="error")
    elif not found:
        _case(_suite(suites, "conn-lint", 1), "no findings", "conn-lint")
    ET.indent(suites)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield ET.tostring(suites, encoding="unicode")


def _suite(
    suites: ET.Element, name: str, tests: int, *, failures: int = 0, errors: int = 0
) -> ET.Element:
    counts = {"tests": tests, "failures": failures, "errors": errors, "skipped": 0, "time": 0}
    listed = {word: str(count) for word, count in counts.items()}
    return ET.SubElement(suites, "testsuite", {"name": xml_line(name), **listed})


def _case(suite: ET.Element, name: str, group: str) -> ET.Element:
    return ET.SubElement(
        suite, "testcase", name=xml_line(name), classname=xml_line(group), time="0"
    )


def _name(finding: Finding) -> str:
    """The same from run to run, so that a history can be kept: no line number."""
    where = f" in {finding.function}" if finding.function else ""
    again = f" ({finding.number})" if finding.number > 1 else ""
    return f"{finding.code} {finding.rule}{where}: {finding.content}{again}"


def _failure(case: ET.Element, finding: Finding) -> None:
    span = finding.location.span
    case.set("file", xml_line(finding.location.path))
    case.set("line", str(span.line))
    severity = finding.severity.name.lower()
    failure = ET.SubElement(case, "failure", message=xml_line(finding.message), type=severity)
    place = f"{finding.location.path}:{span.line}:{span.column + 1}: {finding.code}"
    failure.text = "\n".join(map(xml_line, [place, *details(finding)]))
