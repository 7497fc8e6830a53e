"""The databases that a Django project runs with: each entry of its settings, the engine, its servers, ASGI or WSGI."""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.analyze.addresses import server_of, written
from conn_lint.analyze.environment import Environment
from conn_lint.analyze.found import HOLE, Found, Table, unpacked
from conn_lint.analyze.poolers import ProjectPoolers
from conn_lint.analyze.settings_tables import DATABASES, URL, Entry, SettingsTables
from conn_lint.analyze.values import Values
from conn_lint.link.values import FunctionId
from conn_lint.model.database import Age, Database
from conn_lint.model.engine import DatabaseEngine
from conn_lint.model.expression import Literal, walk
from conn_lint.model.flow import AssignEvent
from conn_lint.model.passage import KnownPooler
from conn_lint.model.pool import Server, Setting

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_OTHERS = re.compile(
    r"(^|[/._-])(tests?|testing|ci|dev|devel|development|local|localhost|debug|sandbox|demo|github|e2e|bench\w*|docs?)([/._-]|$)",
    re.IGNORECASE,
)
"""Modules of settings, and names of databases, that are none of a server's in earnest."""
_EXAMPLES = re.compile(
    r"(^|[/._-])(example|sample|template|dist|default)s?([/._-]|$)", re.IGNORECASE
)
_TRIALS = ("sandbox", "demo", "example", "examples", "testproject", "test_project")
_MARKS = ("INSTALLED_APPS", "MIDDLEWARE", "ROOT_URLCONF", "SECRET_KEY")
_NO_CURSORS = "DISABLE_SERVER_SIDE_CURSORS"
_FALSE = ("false", "0", "")
_ASYNC = "ASGI_APPLICATION"
_ASYNC_APPS = ("daphne", "channels")
_SERVED = re.compile(r"\basgi(\.py)?(:\w+)?\b")


class Databases:
    """Reads all modules of settings of a program, once."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._environment = Environment(analysis.documents, analysis.program.files)
        self._poolers = ProjectPoolers(analysis.documents)

    @functools.cached_property
    def all(self) -> tuple[Database, ...]:
        """Each entry of each module that may run, by file and line."""
        found = {
            (database.location, database.alias, database.age, database.pool): database
            for path in self._modules()
            for database in self._of_module(path)
        }
        return tuple(sorted(found.values(), key=lambda d: (d.location, d.alias)))

    def _modules(self) -> Iterator[str]:
        """Modules of settings, without those that others only build on and those for tests and development."""
        tables = SettingsTables(self._analysis, self._analysis.values)
        named = [path for path in self._program.files if self._mentions(path)]
        if not named:
            return
        related = {
            path: set(tables.bases(path)) for path in self._program.files if self._is_own(path)
        }
        known = set(named)
        while True:
            more = {p for p, bases in related.items() if bases & known} - known
            if not more:
                break
            known |= more
        others = {p for p in known if not self._is_own(p) or _OTHERS.search(_last(p))}
        while True:  # what builds on them is no more in earnest
            more = {p for p in known if related.get(p, set()) & others} - others
            if not more:
                break
            others |= more
        mine = sorted(known - others)
        built_on = {base for p in mine for base in related.get(p, ())}
        for path in mine:
            if path not in built_on and self._is_settings(path, related):
                yield path

    def _is_own(self, path: str) -> bool:
        file = self._program.files[path]
        return not file.is_test and not file.is_stub

    def _mentions(self, path: str) -> bool:
        words = self._program.words
        return words.binds(path, DATABASES) and words.mentions(path, 0, {DATABASES})

    def _is_settings(self, path: str, related: dict[str, set[str]]) -> bool:
        """It, or a module that it builds on, has other settings of Django's as well."""
        seen: set[str] = set()
        todo = [path]
        while todo:
            one = todo.pop()
            if one in seen:
                continue
            seen.add(one)
            if self._program.words.mentions(one, 0, set(_MARKS)):
                return True
            todo.extend(related.get(one, ()))
        return False

    def _of_module(self, path: str) -> Iterator[Database]:
        scopes = [*self._environment.scopes(path)] or [
            *self._environment.scopes(path, examples=True)
        ]
        variants = SettingsTables(self._analysis, self._analysis.values).of(path)
        others = [
            SettingsTables(self._analysis, Values(self._analysis, scope.variables)).of(path)
            for scope in scopes
        ]
        is_async = self._is_async(path)
        for number, variant in enumerate(variants):
            for alias, entry in variant.items():
                if _is_for_tests(entry):
                    continue
                same = [o[number][alias] for o in others if number < len(o) and alias in o[number]]
                yield self._database(alias, entry, same, path, is_async=is_async)

    def _database(
        self, alias: str, entry: Entry, others: list[Entry], path: str, *, is_async: bool
    ) -> Database:
        given = entry.items.get("ENGINE")
        own = self._engine(entry)
        elsewhere = [e for one in others if (e := self._engine(one)) is not None]
        servers = dict.fromkeys(s for one in (entry, *others) if (s := _server(one)).written)
        options = unpacked(entry.items["OPTIONS"]) if "OPTIONS" in entry.items else Table({})
        engine = _agreed([own, *elsewhere] if own is not None else elsewhere)
        if engine is None and own is not None and own.product != "embedded":
            # the program has but a default, of another kind
            engine = _agreed([other for other in elsewhere if other != own])
        sizes = _own(entry, engine) if engine and engine.sizes else _pool_sizes(options)
        return Database(
            alias=alias,
            module=path,
            location=entry.location,
            statement=entry.statement,
            call=entry.call,
            keywords=entry.keywords,
            in_url=entry.in_url,
            engine=engine,
            age=_age(entry.items.get("CONN_MAX_AGE")),
            health_checks=_truth(entry.items.get("CONN_HEALTH_CHECKS"), whole=entry.whole),
            pool=_pool(options),
            cursors_on=tuple((s, self._pooler(s)) for s in _with_cursors(entry, others)),
            keys=tuple(sorted(entry.items)),
            options=tuple(sorted(options.items)),
            whole=entry.whole and options.whole,
            servers=tuple((server, self._pooler(server)) for server in servers),
            is_async=is_async,
            is_example=_EXAMPLES.search(_last(entry.location.path)) is not None,
            pool_size=sum(int(size.number or 0) for size in sizes) if sizes else None,
            sizes=sizes,
            engine_name=given.text or "" if given is not None and given.is_known else "",
            host_from=next(
                (entry.items[k].variable for k in (URL, "HOST") if k in entry.items), ""
            ),
        )

    def _engine(self, entry: Entry) -> DatabaseEngine | None:
        known = self._analysis.knowledge.databases
        given = entry.items.get("ENGINE")
        if given is not None:
            if not given.text or given.source == "environment":
                return known.reading(entry.items.keys())
            return known.engine(given.text) or self._built_on(given.text)
        url = entry.items.get(URL)
        if url is None or not url.is_known:
            return None
        engine = known.of_scheme(server_of(url).scheme or "")
        if url.source == "environment" and engine is not None and engine.product == "embedded":
            return None  # a file, where people work, says nothing of what it is elsewhere
        return engine

    def _built_on(self, name: str) -> DatabaseEngine | None:
        """The engine that one of the project's own takes its base class from."""
        known = self._analysis.knowledge.databases
        base = [f for f in self._program.files.values() if f.module == f"{name}.base"]
        for item in base[0].skeleton.imports if base else ():
            for dotted in (item.module, f"{item.module}.{item.name}"):
                engine = known.engine(dotted.removesuffix(".base"))
                if engine is not None and not item.level:
                    return engine
        return None

    def _pooler(self, server: Server) -> KnownPooler | None:
        found = self._analysis.knowledge.servers.pooler(server)
        return None if found is None else self._poolers.configured(found)

    def _is_async(self, path: str) -> bool:
        """Its application is served over ASGI: the settings say so, or a command in a settings file."""
        seen: set[str] = set()
        todo = [path]
        tables = SettingsTables(self._analysis, self._analysis.values)
        while todo:
            one = todo.pop()
            if one in seen:
                continue
            seen.add(one)
            if self._program.words.mentions(one, 0, {_ASYNC}) or self._lists_async(one):
                return True
            todo.extend(tables.bases(one))
        return self._is_served_so

    def _lists_async(self, path: str) -> bool:
        function = self._program.function(FunctionId(path, 0, 0))
        for event in function.graph.events if function is not None else ():
            if isinstance(event, AssignEvent) and event.target == _MARKS[0]:
                for part in walk(event.value):
                    if isinstance(part, Literal) and part.value in _ASYNC_APPS:
                        return True
        return False

    @functools.cached_property
    def _is_served_so(self) -> bool:
        return any(
            isinstance(entry.value, str) and _SERVED.search(entry.value)
            for document in self._analysis.documents
            for entry in document.entries
        )


def _is_for_tests(entry: Entry) -> bool:
    """The database is called so: `NAME: "github_actions"` under `if os.environ.get("GITHUB_WORKFLOW")`."""
    name = entry.items.get("NAME")
    return name is not None and bool(name.text) and _OTHERS.search(name.text or "") is not None


def _last(path: str) -> str:
    """The file's name and that of its folder, in which settings may lie."""
    folder, name = posixpath.split(path)
    if folder.rpartition("/")[2] in _TRIALS:
        return path
    return f"{posixpath.basename(folder)}/{name}" if "settings" in folder else name


def _agreed(engines: list[DatabaseEngine]) -> DatabaseEngine | None:
    return engines[0] if engines and all(e == engines[0] for e in engines) else None


def _server(entry: Entry) -> Server:
    url = entry.items.get(URL)
    if url is not None:
        return server_of(url)
    host, port = entry.items.get("HOST"), entry.items.get("PORT")
    if host is None or not host.text:
        return Server()
    number = port.value if port is not None else 0
    plain = str(number) if isinstance(number, int | str) else ""
    known = port is None or port.is_known
    return Server(
        host=host.text if HOLE not in host.text else None,
        port=(int(plain) if plain.isdecimal() else 0) if known else None,
        source=host.source,
        variable=host.variable,
        location=host.location,
        written=written(host.text),
    )


def _age(found: Found | None) -> Age:
    if found is None:
        return Age()
    value = found.value
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    known = found.is_known and (value is None or isinstance(value, int | float))
    decided = found.source in ("environment", "url") or bool(found.variable)
    return Age(value if known else 0, given=True, decided=decided, known=known)  # type: ignore[arg-type]


def _truth(found: Found | None, *, whole: bool) -> bool | None:
    if found is None:
        return False if whole else None
    if found.source == "url":  # a text
        return str(found.value).lower() not in _FALSE
    return bool(found.value) if found.is_known else None


def _with_cursors(entry: Entry, others: list[Entry]) -> Iterator[Server]:
    """The servers for which server-side cursors are on: all where the code says so, else those of settings files whose
    URL has no parameter against it.
    """
    own = _truth(entry.items.get(_NO_CURSORS), whole=entry.whole)
    for one in (entry, *others):
        server = _server(one)
        there = own is None and server.source == "document"
        if own is False or (there and _truth(one.items.get(_NO_CURSORS), whole=one.whole) is False):
            yield server


def _pool(options: Table) -> bool | None:
    found = options.items.get("pool")
    if found is None:
        return False if options.whole else None
    if isinstance(found.value, Table):
        return True
    return bool(found.value) if found.is_known else None


def _pool_sizes(options: Table) -> tuple[Setting, ...]:
    """The size that its own pool is given: without a largest one, the smallest is that, too."""
    table = unpacked(options.items["pool"]) if "pool" in options.items else Table({})
    for key in ("max_size", "min_size"):
        given = table.items.get(key)
        if given is not None and _number(given) is not None:
            return (_size(key, given, "OPTIONS.pool"),)
    return ()


def _own(entry: Entry, engine: DatabaseEngine) -> tuple[Setting, ...]:
    """The parts of the size of the engine's own pool; none where it cannot be told."""
    found: list[Setting] = []
    for part in engine.sizes:
        table = unpacked(entry.items[part.table]) if part.table in entry.items else Table({})
        given = table.items.get(part.key)
        if given is None and not table.whole:
            return ()
        size = Found(part.default, "default") if given is None else given
        number = _number(size)
        if number is None or number < 0:
            return ()
        found.append(_size(part.key, size, part.table))
    return tuple(found)


def _number(found: Found) -> int | None:
    value = found.value if found.is_known else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _size(key: str, found: Found, table: str) -> Setting:
    return Setting(
        role="max-size",
        value=_number(found),
        source=found.source,
        parameter=key,
        variable=found.variable,
        location=found.location,
        inside=table,
    )
