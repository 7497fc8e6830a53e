"""The text of a pool that is opened at first use, and of the context manager that lends its connections."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from conn_lint.fixes import imports
from conn_lint.fixes.parsed import Parsed, RenderError
from conn_lint.model.fix import Edit, FixPlan

LENDER = "_borrow_connection"
OWN_NAMES = ("_POOL_SIZE", "_slots", "_opening", "_pools", "_get_pool")
_WIDEST = 100


class Lending:
    """For one plan, in the file of the call that opened the connection."""

    def __init__(self, parsed: Parsed, plan: FixPlan, call: cst.Call | cst.Await) -> None:
        self._parsed = parsed
        self._plan = plan
        self._is_async = isinstance(call, cst.Await)
        inner = call.expression if isinstance(call, cst.Await) else call
        assert isinstance(inner, cst.Call)
        self._given = [parsed.text(arg).rstrip().rstrip(",") for arg in inner.args]
        if any("\n" in text or "#" in text for text in self._given):
            raise RenderError("its arguments need more than a line")
        self._unit = parsed.module.default_indent
        self._added: list[Edit] = []

    def imports(self) -> tuple[Edit, ...]:
        """What the lines need."""
        return imports.together(self._added)

    def lines(
        self, function: str, name: str, kind: str = "", docstring: Sequence[str] = ()
    ) -> list[str]:
        """All of it. `function` lends connections of the type `kind`, and calls one `name`."""
        self._added = []
        pool, lender = self._opened_on_demand() if self._is_async else self._cached()
        manager = self._use(f"contextlib.{'async' * self._is_async}contextmanager")
        returns = ""
        if kind:
            iterator = "AsyncIterator" if self._is_async else "Iterator"
            returns = f" -> {self._use(f'collections.abc.{iterator}')}[{kind}]"
        head = f"{'async ' * self._is_async}def {function}(){returns}:"
        body = [self._unit + line.replace("{}", name) for line in lender]
        return [*pool, "", "", f"@{manager}", head, *docstring, *body]

    def _cached(self) -> tuple[list[str], list[str]]:
        """A pool whose own way to lend does not wait: a semaphore does."""
        cache, lock = self._use("functools.cache"), self._use("threading.Lock")
        semaphore = self._use("threading.BoundedSemaphore")
        given = ["_POOL_SIZE", "_POOL_SIZE", *self._given]
        comment = "# the pool does not wait: it raises when all are lent"
        pool = [
            f"_POOL_SIZE = {self._plan.detail('size')}",
            f"_slots = {semaphore}(_POOL_SIZE)  {comment}",
            f"_opening = {lock}()",
            "",
            "",
            f"@{cache}",
            "def _get_pool():",
            *self._call(f"{self._unit}return ", given),
        ]
        unit = self._unit
        lender = [
            "with _opening:",
            f"{unit}pool = _get_pool()",
            "with _slots:",
            f"{unit}{{}} = pool.{self._plan.detail('take')}()",
            f"{unit}try:",
            f"{unit * 2}yield {{}}",
            f"{unit}finally:",
            f"{unit * 2}pool.{self._plan.detail('give')}({{}})",
        ]
        return pool, lender

    def _opened_on_demand(self) -> tuple[list[str], list[str]]:
        """A pool that is awaited, and waits itself. It is kept once it is open: one that fails to open stays closed."""
        lock = self._use("asyncio.Lock")
        sizes = [f"{name}=_POOL_SIZE" for name in self._plan.detail("sizes").split()]
        unit = self._unit
        pool = [
            f"_POOL_SIZE = {self._plan.detail('size')}",
            "_pools = {}  # one, as soon as it is open",
            f"_opening = {lock}()",
            "",
            "",
            "async def _get_pool():",
            f"{unit}async with _opening:",
            f'{unit * 2}if "pool" not in _pools:',
            *self._call(f"{unit * 3}pool = await ", [*self._given, *sizes]),
            f'{unit * 3}_pools["pool"] = pool',
            f'{unit}return _pools["pool"]',
        ]
        lender = [
            "pool = await _get_pool()",
            f"async with pool.{self._plan.detail('take')}() as {{}}:",
            f"{unit}yield {{}}",
        ]
        return pool, lender

    def _call(self, head: str, given: Sequence[str]) -> list[str]:
        """The pool is made, on one line if it fits."""
        written = self._use(self._plan.detail("pool"))
        line = f"{head}{written}({', '.join(given)})"
        if len(line) <= _WIDEST:
            return [line]
        indent = head[: len(head) - len(head.lstrip())]
        listed = [f"{indent}{self._unit}{text}," for text in given]
        return [f"{head}{written}(", *listed, f"{indent})"]

    def _use(self, dotted: str) -> str:
        written, added = imports.use(self._parsed, dotted)
        self._added.extend(added)
        return written
