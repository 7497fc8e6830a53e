"""CNX103."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.model.creation import Creation
from conn_lint.model.finding import Finding, Severity, Step
from conn_lint.rules import wording
from conn_lint.rules.base import Rule
from conn_lint.rules.sharing_plan import sharing_plan

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project

_SHOWN = 3
_ADVICE = "Make one per process: functools.cache on a function that returns it."


class UnsingletonedClient(Rule):
    """A function or constructor makes a client of its own for each caller, and nothing makes it one per process.

    ## Why it matters
    A client owns a pool and is meant to live as long as the process. Each further one has a pool of its own: five
    callers, five pools, and the sizes add up on the server.

    Callers that are scripts of their own, callers that keep what they get once for all, and clients whose settings
    differ from caller to caller do not count. Where a request handler leads to it, CNX101 speaks instead.

    ## Example
    ```python
    import redis

    def make_cache():
        return redis.Redis(host="cache")

    class Orders:
        def __init__(self):
            self.cache = make_cache()

    class Users:
        def __init__(self):
            self.cache = make_cache()

    orders, users = Orders(), Users()
    ```

    ## Use instead
    ```python
    import functools

    import redis

    @functools.cache
    def make_cache():
        return redis.Redis(host="cache")

    class Orders:
        def __init__(self):
            self.cache = make_cache()

    class Users:
        def __init__(self):
            self.cache = make_cache()

    orders, users = Orders(), Users()
    ```

    ## Fix safety
    Unsafe, or only shown. `functools.cache` on a function that does nothing but make and return the client, and has no
    parameters, or at most two whose annotations say that they can be keys (`str`, `int`, `bool`, None...): who gives
    the same gets the same. Never on a method, an async function, a generator or a function with other decorators. Else
    a function so cached makes the client, or what the project has already is used, under the conditions of CNX101.

    ## When to silence it
    Where the callers are few and short-lived, as in a command that runs and ends, or where each needs settings that the
    analysis does not see.
    """

    __slots__ = ()

    code = "CNX103"
    name = "unsingletoned-client"
    severity = Severity.NOTE

    def check(self, project: Project) -> Iterator[Finding]:
        """One finding for each creation that several callers get one of."""
        for creation in project.creations():
            if not _counts(creation):
                continue
            places = [f"{m.path}:{m.span.line}" for m in creation.makers]
            more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
            yield Finding(
                code=self.code,
                rule=self.name,
                message=(
                    f"{creation.function} makes {wording.noun(creation.resource)} of its own for each of its "
                    f"callers ({', '.join(places[:_SHOWN])}{more}), and their pools add up. "
                    f"{_ADVICE}"
                ),
                location=creation.location,
                severity=self.severity,
                chain=tuple(
                    Step(maker, creation.function, "gets one of its own")
                    for maker in creation.makers
                ),
                direction="beside",
                statement=creation.statement,
                resource=creation.resource.name,
                advice=_ADVICE,
                plan=sharing_plan(creation, project),
            )


def _counts(creation: Creation) -> bool:
    resource = creation.resource
    if resource.kind not in ("client", "pool") or resource.per_request != "report":
        return False
    if creation.at_import or creation.entry is not None or creation.differs:
        return False
    return wording.loop_at_creation(creation) is None and len(creation.makers) > 1
