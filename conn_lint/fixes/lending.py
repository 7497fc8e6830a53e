"""The text of a pool that is opened at first use, and of the context manager that lends its connections."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from conn_lint.fixes import imports
from conn_lint.fixes.lifespan import Kept
from conn_lint.fixes.opening import arguments, call_of
from conn_lint.fixes.parsed import Parsed
from conn_lint.model.fix import Edit, FixPlan

LENDER = "_borrow_connection"
OWN_NAMES = ("_POOL_SIZE", "_slots", "_opening", "_pools", "_get_pool")


class Lending:
    """For one plan, in the file of the call that opened the connection.

    `kept` is the pool that the application opens. `rolls_back`: whoever borrowed closed his connection, and what he
    had not committed was lost.
    """

    def __init__(
        self,
        parsed: Parsed,
        plan: FixPlan,
        call: cst.Call | cst.Await,
        kept: Kept | None,
        *,
        rolls_back: bool,
    ) -> None:
        self._parsed = parsed
        self._plan = plan
        self._is_async = isinstance(call, cst.Await)
        inner = call.expression if isinstance(call, cst.Await) else call
        assert isinstance(inner, cst.Call)
        self._given = () if kept is not None else arguments(parsed, inner, plan, "_POOL_SIZE")
        self._kept = kept
        self._unit = parsed.module.default_indent
        self._rolls_back = rolls_back and bool(plan.detail("commits"))
        self._added: list[Edit] = list(kept.added if kept is not None else ())

    @property
    def direct(self) -> str:
        """What a with takes that needs no function to lend, "" where one is needed."""
        if self._kept is None or self._rolls_back or self._plan.detail("maker"):
            return ""
        if self._plan.detail("gives") != "with":
            return ""
        return f"{self._kept.text}.{self._plan.detail('take')}"

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the lines take for themselves."""
        return () if self._kept is not None else OWN_NAMES

    def imports(self) -> tuple[Edit, ...]:
        """What the lines need."""
        return imports.together(self._added)

    def lines(
        self, function: str, name: str, kind: str = "", docstring: Sequence[str] = ()
    ) -> list[str]:
        """All of it. `function` lends connections of the type `kind`, and calls one `name`."""
        self._added = list(self._kept.added if self._kept is not None else ())
        pool: list[str] = []
        if self._kept is not None:
            lender = self._lent(self._kept.text)
        else:
            pool, lender = self._opened_on_demand() if self._is_async else self._cached()
        manager = self._use(f"contextlib.{'async' * self._is_async}contextmanager")
        returns = ""
        if kind:
            iterator = "AsyncIterator" if self._is_async else "Iterator"
            returns = f" -> {self._use(f'collections.abc.{iterator}')}[{kind}]"
        head = f"{'async ' * self._is_async}def {function}(){returns}:"
        body = [self._unit + line.replace("{}", name) for line in lender]
        above = [*pool, "", ""] if pool else []
        return [*above, f"@{manager}", head, *docstring, *body]

    def _cached(self) -> tuple[list[str], list[str]]:
        """A pool that its constructor opens."""
        cache, lock = self._use("functools.cache"), self._use("threading.Lock")
        slots: list[str] = []
        if not self._plan.detail("waits"):
            semaphore = self._use("threading.BoundedSemaphore")
            comment = "# the pool does not wait: it raises when all are lent"
            slots = [f"_slots = {semaphore}(_POOL_SIZE)  {comment}"]
        pool = [
            f"_POOL_SIZE = {self._plan.detail('size')}",
            *slots,
            f"_opening = {lock}()",
            "",
            "",
            f"@{cache}",
            "def _get_pool():",
            *self._call(f"{self._unit}return "),
        ]
        unit = self._unit
        lent = self._lent()
        if slots:
            lent = ["with _slots:", *(unit + line for line in lent)]
        return pool, ["with _opening:", f"{unit}pool = _get_pool()", *lent]

    def _opened_on_demand(self) -> tuple[list[str], list[str]]:
        """A pool that is awaited, and waits itself. It is kept once it is open: one that fails to open stays closed."""
        lock = self._use("asyncio.Lock")
        unit = self._unit
        then = self._plan.detail("then")
        pool = [
            f"_POOL_SIZE = {self._plan.detail('size')}",
            "_pools = {}  # one, as soon as it is open",
            f"_opening = {lock}()",
            "",
            "",
            "async def _get_pool():",
            f"{unit}async with _opening:",
            f'{unit * 2}if "pool" not in _pools:',
            *self._call(f"{unit * 3}pool = {'' if then else 'await '}"),
            *([f"{unit * 3}await pool.{then}()"] if then else ()),
            f'{unit * 3}_pools["pool"] = pool',
            f'{unit}return _pools["pool"]',
        ]
        return pool, ["pool = await _get_pool()", *self._lent()]

    def _lent(self, pool: str = "pool") -> list[str]:
        """Take, yield and give back, in the way of the pool."""
        unit, take = self._unit, f"{pool}.{self._plan.detail('take')}"
        wait, within = ("await ", "async with") if self._is_async else ("", "with")
        match self._plan.detail("gives"):
            case "with":
                comment = "# as it was when it was closed: nothing is committed unasked"
                undo = [f"{unit}{wait}{{}}.rollback()  {comment}"] if self._rolls_back else []
                return [f"{within} {take} as {{}}:", f"{unit}yield {{}}", *undo]
            case "close":
                give = "{}.close()"
            case _:
                give = f"{pool}.{self._plan.detail('give')}({{}})"
        return [f"{{}} = {wait}{take}", "try:", f"{unit}yield {{}}", "finally:", f"{unit}{give}"]

    def _call(self, head: str) -> list[str]:
        """The pool is made."""
        return call_of(head, self._use(self._plan.detail("pool")), self._given, self._unit)

    def _use(self, dotted: str) -> str:
        written, added = imports.use(self._parsed, dotted)
        self._added.extend(added)
        return written
