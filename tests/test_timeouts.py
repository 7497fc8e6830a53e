"""How long a call may wait: what is said is said, what cannot be told is not made up."""

from __future__ import annotations

import pytest
from programs import KNOWLEDGE, analysis, place

from conn_lint.analyze.timeouts import timeout_of
from conn_lint.model.flow import CallEvent

HEAD = "import requests, httpx\nfrom shop.conf import settings\nLIMIT = 7\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("requests.get(u)", -1),
        ("requests.get(u, timeout=5)", 5),
        ("requests.get(u, timeout=None)", -1),
        ("requests.get(u, timeout=LIMIT)", 7),
        ("limit = 8\n    requests.get(u, timeout=limit)", 8),
        ("requests.get(u, timeout=u)", None),
        ("requests.get(u, timeout=settings.LIMIT)", None),
        ("requests.get(u, timeout=min(u, 3))", None),
        ("requests.get(u, **u)", None),
        ("requests.Session().get(u)", -1),
        ("httpx.Client(timeout=9).get(u)", 9),
        ("c = httpx.Client(timeout=httpx.Timeout(4))\n    c.get(u)", 4),
        ("httpx.Client(timeout=u).get(u)", None),
        ("u.client.get(u)", -1),
    ],
)
def test_the_limit_of_a_call(body: str, expected: float | None) -> None:
    made = analysis({"m.py": f"{HEAD}def f(u):\n    {body}\n"})
    at = place(made, "m.py", "f")
    function = made.program.function(at)
    assert function is not None
    call = [event for event in function.graph.events if isinstance(event, CallEvent)][-1]
    wait = KNOWLEDGE.wait_call("requests.get")
    assert wait is not None
    assert timeout_of(made.types, call, at, wait) == expected


def test_a_client_that_was_made_elsewhere() -> None:
    made = analysis({"m.py": "import httpx\ndef f(c: httpx.Client):\n    c.get('u')\n"})
    at = place(made, "m.py", "f")
    function = made.program.function(at)
    wait = KNOWLEDGE.wait_call("httpx.get")
    assert function is not None
    assert wait is not None
    (call,) = (event for event in function.graph.events if isinstance(event, CallEvent))
    assert timeout_of(made.types, call, at, wait) is None
