"""What decides to what a call connects."""

from __future__ import annotations

import textwrap

import pytest
from programs import analysis, place


def origins(body: str, parameters: str = "", before: str = "") -> set[tuple[str, str]]:
    text = f"import acme, os\n{before}\ndef f({parameters}):\n" + textwrap.indent(body, "    ")
    made = analysis({"m.py": text})
    made.run()
    at = place(made, "m.py", "f")
    (solved,) = made.sites.solved(at)
    return {(o.kind, o.name) for o in made.origins.of_call(solved.event, at)}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("acme.connect()", set()),
        ("acme.connect('a')", set()),
        ("acme.connect(os.environ['A'])", set()),
        ("acme.connect(DSN)", set()),
        ("acme.connect(a)", {("param", "a")}),
        ("acme.connect(f'{a}.db')", {("param", "a")}),
        ("acme.connect(a.strip())", {("param", "a")}),
        ("acme.connect(a.settings.dsn)", set()),
        ("acme.connect(settings.dsn)", set()),
        ("acme.connect('x', timeout=a)", set()),
        ("b = a\nacme.connect(b)", {("param", "a")}),
        ("b = 'x'\nacme.connect(b)", set()),
        ("o = {'host': a}\nacme.connect(**o)", {("param", "a")}),
        ("o = {}\no['host'] = a\nacme.connect(**o)", {("param", "a")}),
        ("for x in (1, 2):\n    acme.connect(x)", {("loop", "")}),
        ("for x in (1, 2):\n    acme.connect()", set()),
        ("a = a or 'x'\nacme.connect(a)", {("param", "a")}),
    ],
)
def test_origins(body: str, expected: set[tuple[str, str]]) -> None:
    assert origins(body, "a, settings=None", "DSN = 'x'") == expected


def test_values_in_circles_end() -> None:
    assert origins("b = c\nc = b + a\nacme.connect(c)", "a, b=1, c=2") >= {("param", "a")}
