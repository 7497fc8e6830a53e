"""Loops that make something anew on each pass."""

from __future__ import annotations

import textwrap

import pytest
from programs import analysis, place


def is_repeated(body: str) -> bool:
    text = "import acme, time\ndef f(rows, hosts):\n" + textwrap.indent(body, "    ")
    made = analysis({"m.py": text})
    made.run()
    at = place(made, "m.py", "f")
    (solved,) = made.sites.solved(at)
    found = made.origins.of_call(solved.event, at)
    return made.looping.directly(at, solved.nodes, found) is not None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("acme.connect()", False),
        ("for r in rows:\n    acme.connect()", True),
        ("while rows:\n    acme.connect()", True),
        ("for h in hosts:\n    acme.connect(h)", False),
        ("for h in hosts:\n    for r in rows:\n        acme.connect(h)", True),
        ("for r in rows:\n    return acme.connect()", False),
        ("for r in rows:\n    acme.connect()\n    break", False),
        ("for r in acme.connect().rows():\n    print(r)", False),
        ("for r in rows:\n    pass\nelse:\n    acme.connect()", False),
        ("while True:\n    acme.connect()\n    time.sleep(60)", False),
        ("for r in rows:\n    acme.connect()\n    time.sleep(60)", True),
        (
            "while True:\n    try:\n        acme.connect()\n    except OSError:\n        time.sleep(1)",
            True,
        ),
        (
            "for i in range(3):\n    try:\n        return acme.connect()\n    except OSError:\n        pass",
            False,
        ),
        ("c = None\nfor r in rows:\n    if c is None:\n        c = acme.connect()", False),
        (
            "c = None\nfor r in rows:\n    try:\n        r(c)\n    except OSError:\n        c = acme.connect()",
            False,
        ),
        ("[acme.connect() for r in rows]", True),
        ("[acme.connect(h) for h in hosts]", False),
    ],
)
def test_loops(body: str, expected: bool) -> None:
    assert is_repeated(body) is expected
