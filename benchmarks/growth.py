#!/usr/bin/env python3
"""Measures how conn-lint's processor time grows with the code: over growing slices of the largest pinned package.

A slice has the package's folders in the order of their names, up to a share of its lines. Each is checked without
a cache. The table is printed and written to benchmarks/growth.md, the plot to benchmarks/growth.svg.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import compare

PACKAGE = "litellm"
SHARES = (0.0625, 0.125, 0.25, 0.5, 0.75, 1.0)
_SAID = re.compile(r"\((\d+) lines?, ([\d.]+) % of them parsed\)")
_WIDTH, _HEIGHT, _MARGIN = 640, 400, 56


class Point(NamedTuple):
    """One slice: its lines, those of them that were parsed, and seconds of processor time."""

    lines: int
    parsed: int
    cpu: float
    memory: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=compare.HERE / ".work")
    folder = parser.parse_args().folder.resolve()
    pins = compare.read_pins()
    (package,) = (p for p in pins["package"] if p["name"] == PACKAGE)
    program = compare.environment(folder, "conn-lint", pins["environments"]["conn-lint"])
    source = compare.unpacked(folder, package)
    points = [_measured(program, part) for part in _slices(source, folder / "slices")]
    table = "\n".join(_table(points))
    print(table)
    (compare.HERE / "growth.md").write_text(table + "\n", encoding="utf-8")
    (compare.HERE / "growth.svg").write_text("\n".join(_plot(points)) + "\n", encoding="utf-8")
    return 0


def _slices(source: Path, folder: Path) -> Iterator[Path]:
    files = sorted(source.rglob("*.py"), key=lambda path: path.parts)
    sizes = [path.read_bytes().count(b"\n") for path in files]
    for share in SHARES:
        place = folder / f"{share:.4f}"
        shutil.rmtree(place, ignore_errors=True)
        left = share * sum(sizes)
        for path, size in zip(files, sizes, strict=True):
            if left <= 0:
                break
            left -= size
            target = place / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        shutil.copyfile(source / "pyproject.toml", place / "pyproject.toml")
        yield place


def _measured(program: Path, place: Path) -> Point:
    command = (str(program / "conn-lint"), "check", "--exit-zero", "--no-cache", "--verbose", ".")
    cost, said = compare.run(command, place)
    found = _SAID.search(said)
    if found is None:
        raise SystemExit(f"conn-lint said nothing of lines: {said}")
    lines = int(found[1])
    print(f"{place.name}: {lines} lines, {cost.cpu:.1f} s", file=sys.stderr)
    return Point(lines, round(lines * float(found[2]) / 100), cost.cpu, cost.memory)


def _table(points: Sequence[Point]) -> Iterator[str]:
    yield f"# How the time grows: slices of {PACKAGE}\n"
    yield "Without a cache. Written by `benchmarks/growth.py`.\n"
    yield "| lines | of them parsed | processor time | per 1,000 lines | per 1,000 parsed | memory |"
    yield "| ---: | ---: | ---: | ---: | ---: | ---: |"
    for p in points:
        yield (
            f"| {p.lines:,} | {p.parsed:,} | {p.cpu:.1f} s | {1e6 * p.cpu / p.lines:.0f} ms "
            f"| {1e6 * p.cpu / max(p.parsed, 1):.0f} ms | {p.memory:.0f} MB |"
        )


def _plot(points: Sequence[Point]) -> Iterator[str]:
    most = max(p.parsed for p in points)
    slowest = max(p.cpu for p in points)

    def x(parsed: float) -> float:
        return _MARGIN + parsed / most * (_WIDTH - 2 * _MARGIN)

    def y(cpu: float) -> float:
        return _HEIGHT - _MARGIN - cpu / slowest * (_HEIGHT - 2 * _MARGIN)

    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="12" fill="#222">'
    )
    yield f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>'
    yield f'<path d="M{x(0)} {y(slowest)}V{y(0)}H{x(most)}" fill="none" stroke="#222"/>'
    line = " ".join(f"{x(p.parsed):.1f},{y(p.cpu):.1f}" for p in points)
    yield f'<polyline points="{line}" fill="none" stroke="#0969da" stroke-width="2"/>'
    for p in points:
        yield f'<circle cx="{x(p.parsed):.1f}" cy="{y(p.cpu):.1f}" r="4" fill="#0969da"/>'
        yield f'<text x="{x(p.parsed) - 6:.1f}" y="{y(p.cpu) - 8:.1f}" text-anchor="end">{p.lines:,} lines</text>'
    yield f'<text x="{x(most)}" y="{y(0) + 32}" text-anchor="end">lines parsed (up to {most:,})</text>'
    yield f'<text x="{x(0) - 40}" y="{y(slowest) - 12}">seconds of processor time (up to {slowest:.0f})</text>'
    yield "</svg>"


if __name__ == "__main__":
    sys.exit(main())
