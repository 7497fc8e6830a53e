"""The façade that rules ask: everything known of one program, in terms of sites and places."""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Collection

from conn_lint.analyze.advice import advice
from conn_lint.analyze.analysis import Analysis
from conn_lint.analyze.borrowed import Borrowed
from conn_lint.analyze.borrowing import Borrowings
from conn_lint.analyze.budgets import program_budget
from conn_lint.analyze.calls import text_of
from conn_lint.analyze.changeable import Changeable
from conn_lint.analyze.connections import connections_of
from conn_lint.analyze.creations import Creations
from conn_lint.analyze.databases import Databases
from conn_lint.analyze.existing import Existing
from conn_lint.analyze.handing import Handings
from conn_lint.analyze.holdings import Holdings
from conn_lint.analyze.kinds import Kinds
from conn_lint.analyze.on_request import OnRequest
from conn_lint.analyze.places import Places
from conn_lint.analyze.pools import Pools
from conn_lint.analyze.routes import Routes
from conn_lint.analyze.serverless import Serverless
from conn_lint.analyze.session_states import SessionStates
from conn_lint.analyze.sites import Solved
from conn_lint.analyze.using import use_at
from conn_lint.link.values import ClassRef, FunctionRef, Instance
from conn_lint.model.budget import Budget
from conn_lint.model.connections import Connection
from conn_lint.model.creation import Application, Borrowing, Creation, Handing, Held
from conn_lint.model.database import Database
from conn_lint.model.expression import Attribute
from conn_lint.model.finding import Step
from conn_lint.model.flow import (
    CallEvent,
    Event,
    RaiseEvent,
    ReturnEvent,
    WithExitEvent,
    YieldEvent,
)
from conn_lint.model.holding import Holding
from conn_lint.model.location import Location
from conn_lint.model.pool import PoolSettings, Taking
from conn_lint.model.route import Routed, StateUse
from conn_lint.model.settings import Settings
from conn_lint.model.site import Fate, Site, Skip

_MAX_CHAIN = 8


class Project:
    """The analysed program. Rules ask it questions and never see summaries."""

    def __init__(
        self, analysis: Analysis, solved: tuple[Solved, ...], settings: Settings | None = None
    ) -> None:
        self.settings = settings or Settings(root=pathlib.Path())
        self._analysis = analysis
        self.program = analysis.program
        self._all = solved
        self._places = Places(analysis.program)
        self._creations = Creations(analysis, solved)
        self._on_request = OnRequest(analysis)
        self._kinds = Kinds(analysis)
        self._serverless = Serverless(analysis)
        self._borrowed = Borrowed(analysis, solved)
        self._borrowings = Borrowings(analysis, solved)
        self._handings = Handings(analysis, self._borrowings)

    @functools.cached_property
    def _sites(self) -> tuple[Site, ...]:
        sites = [
            self._site(solved)
            for solved in self._all
            if not self.program.files[solved.at.path].is_test and not self._ends_with_parent(solved)
        ]
        return tuple(sorted(sites, key=lambda site: (site.location, site.call)))

    def sites(self) -> tuple[Site, ...]:
        """Every acquisition outside tests, ordered by file and line."""
        return self._sites

    @functools.cached_property
    def _holdings(self) -> tuple[Holding, ...]:
        return Holdings(self._analysis, self._all).all()

    def holdings(self) -> tuple[Holding, ...]:
        """Every wait outside tests during which something is held, ordered by file and line."""
        return self._holdings

    def creations(self) -> tuple[Creation, ...]:
        """Every call outside tests that makes a connection, client or pool, ordered by file and line."""
        return self._creations.all

    @functools.cached_property
    def _routes(self) -> tuple[Routed, ...]:
        made = Pools(self._analysis).made(self._creations.solved)
        found = self._found_routes.all(made)
        return tuple(sorted(found, key=lambda routed: routed.creation.location))

    @functools.cached_property
    def _found_routes(self) -> Routes:
        return Routes(self._analysis)

    def session_states(self) -> tuple[StateUse, ...]:
        """Calls that leave something in a session of the server, over a pooler in transaction mode."""
        routes = self.routes()
        found = SessionStates(self._analysis, self._found_routes.made, routes, self.databases())
        return tuple(found.all())

    def routes(self) -> tuple[Routed, ...]:
        """The servers that creations may connect to, as the code and the project's settings files say; not those of
        libraries, whose users say it.
        """
        return tuple(
            r for r in self._routes if not self._kinds.is_library(r.creation.location.path)
        )

    @functools.cached_property
    def _databases(self) -> tuple[Database, ...]:
        return Databases(self._analysis).all

    @functools.cached_property
    def changeable(self) -> Changeable:
        """The entries of settings files that a fix may change."""
        return Changeable(self._analysis, self._routes, self._databases)

    def databases(self) -> tuple[Database, ...]:
        """The databases in Django's settings, as each module of settings leaves them."""
        return tuple(d for d in self._databases if not self._kinds.is_library(d.location.path))

    @functools.cached_property
    def _pools(self) -> tuple[PoolSettings, ...]:
        found = Pools(self._analysis).all(self._creations.solved)
        return tuple(sorted(found, key=lambda pool: pool.creation.location))

    def pools(self) -> tuple[PoolSettings, ...]:
        """The same creations with their settings and the servers they connect to, as far as they are known.

        Engines that are told to keep no connection are among them, though they are no creations.
        """
        return self._pools

    @functools.cached_property
    def _budget(self) -> Budget:
        return program_budget(
            self._analysis, self.pools(), self.databases(), self.settings.deployment
        )

    def budget(self) -> Budget:
        """What all its processes may open to its servers, beside what those take."""
        return self._budget

    def deployed_pools(self) -> tuple[PoolSettings, ...]:
        """Those of them that the project itself runs: a library's are set by those who use it."""
        return tuple(p for p in self._pools if not self._kinds.is_library(p.creation.location.path))

    def serverless(self, made: PoolSettings | Routed) -> Step | None:
        """The serverless function whose instances make it; None if a server runs it, too."""
        return self._serverless.of(made.creation.location.path)

    def takings(self, pool: PoolSettings) -> tuple[Taking, ...]:
        """The calls that take connections out of pools of this kind."""
        return self._borrowed.of(pool.creation.resource, pool.creation.location.path)

    def connections(self) -> tuple[Connection, ...]:
        """The same creations with all that leads to them, as they are drawn."""
        return tuple(connections_of(self._analysis, self._creations))

    def is_per_request(self, location: Location) -> bool:
        """What is created there is created anew for each request, job or message."""
        return location in self._per_request

    @functools.cached_property
    def _per_request(self) -> frozenset[Location]:
        return frozenset(c.location for c in self.creations() if c.entry is not None)

    def closer(self, method: str) -> str:
        """The function around a value that calls this method of it at a block's end, "" if there is none."""
        return self._analysis.knowledge.closer(method)

    def keeper(self, frameworks: Collection[str]) -> str:
        """The decorator that keeps what a function gives wherever these frameworks run it, "" if none does."""
        return self._analysis.knowledge.frameworks.keeper(frameworks)

    def one_loop(self, frameworks: Collection[str]) -> bool:
        """Whether these frameworks run all they are given on the one event loop of a process."""
        return self._analysis.knowledge.frameworks.one_loop(frameworks)

    def held(self, creation: Creation) -> Held | None:
        """What the project has already that makes the same once."""
        return self._existing.of(creation)

    @functools.cached_property
    def _existing(self) -> Existing:
        return Existing(self._analysis, self._creations.solved)

    def application(self, creation: Creation) -> Application | None:
        """The application that may open and close what is created there."""
        return self._borrowings.application(creation.location)

    def borrowing(self, creation: Creation) -> Borrowing | None:
        """How what is opened there could be borrowed from a pool."""
        found = self._borrowings.of(creation.location)
        return self._existing.lending(creation, found, self._borrowings) if found else None

    def pool_in_place(self, creation: Creation) -> Borrowing | None:
        """The pool that could take the place of one connection that is opened at import."""
        return self._borrowings.in_place(creation.location)

    def handing(self, creation: Creation) -> Handing | None:
        """How a function could be handed what it opens, by the loops that lead there."""
        loops = {loop.location for loop in creation.loops if not loop.direct}
        return self._handings.of(creation.location, loops)

    def home(self, creation: Creation, framework: str) -> str:
        """Where one that lives as long as the process belongs, in words; what the project has already comes first.

        What no file imports, or lies below another source root, is another program's.
        """
        return advice(
            creation,
            self.creations(),
            self._analysis.knowledge.frameworks,
            framework,
            lambda other: self._can_use(creation.location.path, other.location.path),
        )

    def _can_use(self, own: str, other: str) -> bool:
        files = self.program.files
        if own == other:
            return True
        return files[own].root == files[other].root and other in self.program.imported

    def owned_sites(self) -> tuple[Site, ...]:
        """Acquisitions whose release is a function's own duty, where the library needs one."""
        return tuple(
            site
            for site in self._sites
            if _needs_release(site)
            and (site.in_loop or not site.at_module_level)
            and site.resource.kind != "transaction"
        )

    def _site(self, solved: Solved) -> Site:
        function = self.program.function(solved.at)
        assert function is not None
        qualname = self.program.qualname(solved.at)
        fate = solved.fate
        on_request = fate is Fate.HANDED_OVER and self._on_request.is_left(solved)
        if on_request or (fate is Fate.HANDED_OVER and self._kept_for_good(solved)):
            fate = Fate.NEVER
        return Site(
            location=self._places.location(solved.at, solved.event.span),
            statement=self._places.statement(solved.at, solved.event),
            call=text_of(solved.event),
            function=qualname,
            module=self.program.files[solved.at.path].module,
            resource=solved.resource,
            fate=fate,
            skip=self._skip(solved),
            release_line=self._line_of(solved, solved.released_at),
            ended_by_with=bool(solved.ended_by_with),
            with_line=self._line_of(solved, solved.ended_by_with),
            closed_not_returned=self._closed(solved),
            at_module_level=function.kind in ("module", "class"),
            in_loop=solved.event.loop >= 0,
            process_ends=function.kind in ("module", "class")
            or self._analysis.endings.ends_process(solved.at),
            on_request=on_request,
            chain=self._chain(solved),
            use=(
                use_at(solved, function, self._places, self._analysis)
                if fate in (Fate.NEVER, Fate.NOT_ON_ERROR)
                else None
            ),
        )

    def _kept_for_good(self, solved: Solved) -> bool:
        """The class stores it on its objects, and neither it nor anybody in the program releases it."""
        cls = self.program.class_of(solved.at)
        if cls is None or not solved.stored_on or solved.returned_roles:
            return False
        resource = solved.resource
        if resource.kind not in ("connection", "checkout") or resource.lazy:
            return False
        if self._analysis.made_at_import(cls):
            return False
        return all(
            not self._analysis.owners.is_released(cls, attr, solved.resource)
            for attr in solved.stored_on
        )

    def _ends_with_parent(self, solved: Solved) -> bool:
        """It was opened on a connection or session of the same function, whose release ends it too."""
        func = solved.event.func
        if not isinstance(func, Attribute):
            return False
        parent = self._analysis.types.infer(func.value, solved.at)
        return isinstance(parent, Instance) and any(
            other.resource.value == parent.type
            and other.resource.kind in ("connection", "embedded", "target-session")
            and other.released_at
            for other in self._analysis.sites.solved(solved.at)
            if other.nodes != solved.nodes
        )

    def _line_of(self, solved: Solved, nodes: frozenset[int]) -> int:
        """The first line of the nodes, 0 without any."""
        function = self.program.function(solved.at)
        assert function is not None
        lines = [event.span.line for node in nodes if (event := function.graph.events[node])]
        return min(lines) + self.program.first_line(solved.at.path, solved.at.unit) if lines else 0

    def _closed(self, solved: Solved) -> tuple[Location, str] | None:
        if not solved.closed_not_returned:
            return None
        function = self.program.function(solved.at)
        assert function is not None
        events = [event for n in solved.closed_not_returned if (event := function.graph.events[n])]
        first = min(events, key=lambda event: event.span)
        text = text_of(first) if isinstance(first, CallEvent) else "with"
        return self._places.location(solved.at, first.span), text

    def _skip(self, solved: Solved) -> Skip | None:
        if solved.skipped is None:
            return None
        function = self.program.function(solved.at)
        assert function is not None
        how, node = solved.skipped
        event = function.graph.events[node] if node >= 0 else None
        if event is None:
            return Skip(how, self._places.location(solved.at, solved.event.span), "")
        return Skip(how, self._places.location(solved.at, event.span), _words(event))

    def _chain(self, solved: Solved) -> tuple[Step, ...]:
        """From the project's own maker down to the library's call."""
        steps: list[Step] = []
        via = solved.acquired.via
        seen: set[FunctionRef | ClassRef] = set()
        while via is not None and via not in seen and len(steps) < _MAX_CHAIN:
            seen.add(via)
            inner = self._maker(via)
            if inner is None:
                break
            steps.append(
                Step(
                    self._places.location(inner.at, inner.event.span),
                    self.program.qualname(inner.at),
                    f"opened by {text_of(inner.event)}()",
                )
            )
            via = inner.acquired.via
        return tuple(steps)

    def _maker(self, via: FunctionRef | ClassRef) -> Solved | None:
        if isinstance(via, FunctionRef):
            at = self.program.function_id(via)
            results = self._analysis.sites.solved(at) if at is not None else ()
            return next((s for s in results if s.returned_roles), None)
        return self._analysis.owners.first_acquisition(via)


def _needs_release(site: Site) -> bool:
    """A client that the garbage collector closes in time, if late, is nobody's duty; a connection is."""
    need = site.resource.must_release
    return need == "yes" or (need == "advised" and site.resource.kind != "client")


def _words(event: Event) -> str:
    match event:
        case CallEvent():
            return text_of(event)
        case ReturnEvent():
            return "return"
        case RaiseEvent():
            return "raise"
        case YieldEvent():
            return "yield"
        case WithExitEvent():
            return "the end of the with"
        case _:
            return ""
