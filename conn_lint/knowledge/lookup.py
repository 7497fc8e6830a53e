"""Answers questions about libraries by dotted name: does a call acquire, wait, hand over.

Names are those after import resolution. `Type.method` is looked up through the type's aliases and
bases; `.method` is a method of something whose type is not known.
"""

from __future__ import annotations

import fnmatch
import functools
import hashlib
from collections.abc import Iterable, Iterator

import msgspec

from conn_lint.knowledge.databases import Databases
from conn_lint.knowledge.frameworks import Frameworks
from conn_lint.knowledge.index import Index, build_index, dotted_prefixes
from conn_lint.knowledge.servers import Servers
from conn_lint.knowledge.settings import SettingsFacts
from conn_lint.model.launcher import Launcher, Product
from conn_lint.model.resource import (
    Convenience,
    Family,
    Handler,
    Inject,
    Library,
    Operation,
    Resource,
    Run,
    Wait,
    Wrap,
)


class Knowledge:
    """What the built-in families and the user's own records say; nothing changes once it is built.

    Where both speak of one name, the user's record wins.
    """

    def __init__(self, families: Iterable[Family], user: Family | None = None) -> None:
        own = () if user is None else (user,)
        self._families = (*families, *own)
        self._index: Index = build_index(self._families)

    @functools.cached_property
    def frameworks(self) -> Frameworks:
        """What frameworks call, and ways to make something once."""
        return Frameworks(self._families, self.mro)

    @functools.cached_property
    def launchers(self) -> tuple[Launcher, ...]:
        """Commands that run programs; the user's own come first."""
        return tuple(one for family in reversed(self._families) for one in family.launcher)

    @functools.cached_property
    def products(self) -> tuple[Product, ...]:
        """Kinds of servers; of those that share a name, the user's own."""
        found: dict[str, Product] = {}
        for family in reversed(self._families):
            for one in family.product:
                found.setdefault(one.name, one)
        return tuple(found.values())

    @functools.cached_property
    def servers(self) -> Servers:
        """Poolers by their addresses, and what prepares statements."""
        return Servers(self._families)

    @functools.cached_property
    def databases(self) -> Databases:
        """Databases in settings: engines, and calls that make them."""
        return Databases(self._families)

    @functools.cached_property
    def settings(self) -> SettingsFacts:
        """How programs read and state settings."""
        return SettingsFacts(self._families)

    def modules_behind(self, modules: frozenset[str]) -> frozenset[str]:
        """These top modules, and those of the bases of their types."""
        found = set(modules)
        while True:
            more = {
                base.partition(".")[0]
                for name, bases in self._index.bases.items()
                if name.partition(".")[0] in found
                for base in bases
            } - found
            if not more:
                return frozenset(found)
            found |= more

    # Types

    def canonical(self, type_name: str) -> str:
        """The one name of a type that has several, or the name itself."""
        return self._index.aliases.get(type_name, type_name)

    @functools.lru_cache(maxsize=4096)  # noqa: B019 - one instance lives as long as the run
    def mro(self, type_name: str) -> tuple[str, ...]:
        """The type and the known types whose methods it has, nearest first, canonical names."""
        seen: dict[str, None] = {}
        todo = [self.canonical(type_name)]
        while todo:
            name = todo.pop(0)
            if name not in seen:
                seen[name] = None
                todo.extend(self.canonical(base) for base in self._index.bases.get(name, ()))
        return tuple(seen)

    @functools.lru_cache(maxsize=1024)  # noqa: B019 - one instance lives as long as the run
    def derived(self, type_name: str) -> frozenset[str]:
        """All names of the type, and of the known types derived from it."""
        name = self.canonical(type_name)
        kinds = {name, *(kind for kind in self._index.bases if name in self.mro(kind))}
        return frozenset(kinds | {a for a, kind in self._index.aliases.items() if kind in kinds})

    def is_type(self, type_name: str) -> bool:
        """Whether the name is that of a type of which something is known."""
        return self.canonical(type_name) in self._index.types

    # Resources

    @property
    def resources(self) -> tuple[Resource, ...]:
        """All resources, those of the user last."""
        return tuple(self._index.resources.values())

    def resource(self, name: str) -> Resource | None:
        """The resource of that name (`Resource.name`, not the name of a call)."""
        return self._index.resources.get(name)

    @functools.lru_cache(maxsize=8192)  # noqa: B019 - one instance lives as long as the run
    def acquisition(self, dotted: str) -> Resource | None:
        """What a call of a function, class or `Type.method` opens or borrows; has its `value`."""
        found = self._index.acquire.get(dotted)
        if found is not None:
            return found
        for name in self._spellings(dotted):
            if name in self._index.acquire:
                return self._index.acquire[name]
            if name in self._index.operations:
                return None  # a nearer type says that nothing is acquired
        return None

    def value_resources(self, type_name: str) -> tuple[Resource, ...]:
        """The resources that give a value of this type."""
        return self._index.by_value.get(self.canonical(type_name), ())

    def value_resource(self, type_name: str) -> Resource | None:
        """The one resource that gives values of this type, or that which bears its name."""
        found = self.value_resources(type_name)
        if len(found) == 1:
            return found[0]
        name = self.canonical(type_name)
        return next((resource for resource in found if resource.name == name), None)

    def checkouts(self, type_name: str) -> tuple[Resource, ...]:
        """What methods of this type lend."""
        wanted = self.canonical(type_name)
        return tuple(
            resource
            for resource in self._index.resources.values()
            if resource.kind == "checkout"
            and any(self.canonical(name.rpartition(".")[0]) == wanted for name in resource.acquire)
        )

    def acquire_words(self) -> frozenset[str]:
        """The last parts of all names that acquire, for a lexical prefilter."""
        return self._index.words

    def words_of(self, modules: frozenset[str], but: frozenset[str] = frozenset()) -> set[str]:
        """The last parts of names that acquire something and that a program which imports these modules can reach:
        by a dotted name, or as methods of what such a name gives, and so on. Left out are those of the kinds `but`.
        """
        words: set[str] = set()
        todo = {
            name
            for name in (*self._index.acquire, *self._index.operations)
            if any(prefix in modules for prefix in dotted_prefixes(name))
        }
        seen: set[str] = set()
        while todo:
            seen |= todo
            types: set[str] = set()
            for name in todo:
                resource = self._index.acquire.get(name)
                operation = self._index.operations.get(name)
                if resource is not None:
                    if resource.kind not in but:
                        words.add(name.rpartition(".")[2])
                    types.add(resource.value)
                if operation is not None and operation.returns:
                    types.add(operation.returns)
            todo = {
                f"{owner}.{member}"
                for given in types - {""}
                for owner in self.mro(given)
                for member in self._index.members.get(owner, ())
            } - seen
        return words - {"__call__"}

    # Calls with a meaning

    @functools.lru_cache(maxsize=8192)  # noqa: B019 - one instance lives as long as the run
    def operation(self, dotted: str) -> Operation | None:
        """What a function, method or attribute of a known type gives without acquiring anything."""
        for name in self._spellings(dotted):
            if name in self._index.operations:
                return self._index.operations[name]
            if name in self._index.acquire:
                return None
        return None

    def attributes_giving(self, types: Iterable[str]) -> frozenset[str]:
        """The dotted attributes that give a value of one of the types."""
        return self._giving(types, attribute=True)

    def closer(self, method: str) -> str:
        """The function around a value that calls this method of it at a block's end, "" if there is none."""
        return next(
            (
                name
                for name, wraps in sorted(self._index.wraps.items())
                for wrap in wraps
                if (wrap.effect, wrap.method) == ("closes-on-exit", method) and "." in name[1:]
            ),
            "",
        )

    def calls_giving(self, types: Iterable[str]) -> frozenset[str]:
        """The dotted names whose call gives such a value, and acquires nothing."""
        return self._giving(types, attribute=False)

    def _giving(self, types: Iterable[str], *, attribute: bool) -> frozenset[str]:
        wanted = set(types)
        return frozenset(
            name
            for name, operation in self._index.operations.items()
            if operation.attribute is attribute and self.canonical(operation.returns) in wanted
        )

    def wrap(self, dotted: str) -> tuple[Wrap, ...]:
        """What a call does with the resources it is given, one record for each argument."""
        return next((w for n in self._names(dotted) if (w := self._index.wraps.get(n))), ())

    def binds(self, dotted: str) -> bool:
        """Whether a call of it gives the function that it is given first, with some of its arguments."""
        return any(wrap.effect == "binds" for wrap in self.wrap(dotted))

    @property
    def binders(self) -> frozenset[str]:
        """The last parts of the names of such calls."""
        found = (
            n for n, wraps in self._index.wraps.items() if any(w.effect == "binds" for w in wraps)
        )
        return frozenset(name.rpartition(".")[2] for name in found)

    def is_detached(self, method: str) -> bool:
        """Whether what a method of this name gives needs its receiver no more."""
        return f".{method}" in self._index.detached

    def is_fresh_name(self, dotted: str) -> bool:
        """Whether each call of it gives another name or place."""
        return dotted in self._index.fresh_names

    def is_harmless(self, dotted: str) -> bool:
        """Whether a call of it, in practice, does not raise."""
        return any(name in self._index.harmless for name in self._names(dotted))

    def is_exit(self, dotted: str) -> bool:
        """Whether a call of it never returns."""
        return any(name in self._index.exits for name in self._names(dotted))

    def swallows(self, dotted: str) -> bool:
        """Whether it is a context manager that suppresses exceptions."""
        return any(name in self._index.swallows for name in self._names(dotted))

    def convenience(self, dotted: str) -> Convenience | None:
        """What a function that opens (or hides) a connection for each call does."""
        return self._index.conveniences.get(dotted)

    # Waiting and holding

    def wait_function(self, dotted: str) -> Wait | None:
        """The group of waits that a function belongs to."""
        return self._index.wait_functions.get(dotted)

    @functools.lru_cache(maxsize=4096)  # noqa: B019 - one instance lives as long as the run
    def wait_method(self, type_name: str, attribute: str) -> Wait | None:
        """The group of waits of a type's method; the method may be a chain (`messages.create`)."""
        for name in self.mro(type_name):
            for wait in self._waits_of(name):
                if _matches(wait.methods, attribute) and not _matches(
                    wait.other_methods, attribute
                ):
                    return wait
        return None

    def waiting_methods(self, packages: frozenset[str]) -> frozenset[str]:
        """The last names, or patterns of names, of methods that wait, of types of these packages."""
        return frozenset(
            method.rpartition(".")[2]
            for name, waits in self._index.wait_types.items()
            if name.partition(".")[0] in packages
            for wait in waits
            for method in wait.methods
        )

    @functools.lru_cache(maxsize=8192)  # noqa: B019 - one instance lives as long as the run
    def wait_call(self, dotted: str) -> Wait | None:
        """The group of waits of a function, or of a method written as `Type.chain.of.names`."""
        found = self.wait_function(dotted)
        if found is not None:
            return found
        for owner in dotted_prefixes(dotted.rpartition(".")[0]):
            wait = self.wait_method(owner, dotted.removeprefix(f"{owner}."))
            if wait is not None:
                return wait
            if self.is_type(owner):
                return None
        return None

    def run(self, dotted: str) -> Run | None:
        """What a call of it runs, if it runs what it is given."""
        return next((r for n in self._names(dotted) if (r := self._index.runs.get(n))), None)

    def is_bulk(self, dotted: str) -> bool:
        """Whether a call of it loads what it reads into the database as it comes."""
        return any(name in self._index.bulks for name in self._names(dotted))

    def inject(self, dotted: str) -> Inject | None:
        """What a mark of dependency injection stands for."""
        return self._index.injects.get(dotted)

    def handlers(self, dotted: str) -> tuple[Handler, ...]:
        """What a decorator says of the parameters of the function below it."""
        return next((h for n in self._names(dotted) if (h := self._index.handlers.get(n))), ())

    # Libraries

    def library_of(self, dotted: str) -> Library | None:
        """The distribution that a name belongs to."""
        packages = self._index.packages
        return next((packages[p] for p in dotted_prefixes(dotted) if p in packages), None)

    @property
    def libraries(self) -> tuple[Library, ...]:
        """The distributions of which facts are known."""
        return self._index.libraries

    def library_roots(self) -> frozenset[str]:
        """The top modules of the known libraries: `a`, or `a.b.c` inside a namespace package."""
        return self._index.roots

    def is_known_module(self, dotted: str) -> bool:
        """Whether a module, or a name in one, belongs to a known library."""
        return any(prefix in self._index.roots for prefix in dotted_prefixes(dotted))

    @functools.lru_cache(maxsize=1)  # noqa: B019 - one instance lives as long as the run
    def digest(self) -> str:
        """A hash of all facts, for the keys of caches."""
        return hashlib.sha256(msgspec.msgpack.encode(self._families)).hexdigest()

    def _spellings(self, dotted: str) -> Iterator[str]:
        """The names under which a function, a type or a member of a type may stand in an index."""
        yield dotted
        canonical = self.canonical(dotted)
        if canonical != dotted:
            yield canonical
        head, _, last = dotted.rpartition(".")
        for name in self.mro(head):
            spelling = f"{name}.{last}"
            if spelling != dotted:
                yield spelling

    def _names(self, dotted: str) -> Iterator[str]:
        """As `_spellings`, and `.method` where it is one: a function of a module is not."""
        yield from self._spellings(dotted)
        head, _, last = dotted.rpartition(".")
        if head and (self.is_type(head) or head.rpartition(".")[2][:1].isupper()):
            yield f".{last}"

    def _waits_of(self, type_name: str) -> Iterator[Wait]:
        yield from self._index.wait_types.get(type_name, ())
        for pattern, wait in self._index.wait_patterns:
            if fnmatch.fnmatchcase(type_name, pattern):
                yield wait


def _matches(patterns: tuple[str, ...], attribute: str) -> bool:
    return any(
        attribute == pattern or ("*" in pattern and fnmatch.fnmatchcase(attribute, pattern))
        for pattern in patterns
    )
