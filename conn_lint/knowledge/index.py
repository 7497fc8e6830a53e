"""Turns the records of the families into tables by name; `lookup` answers from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from conn_lint.knowledge.frameworks import receivers
from conn_lint.model.resource import (
    Convenience,
    Family,
    Handler,
    Hold,
    Inject,
    Library,
    Operation,
    Resource,
    Run,
    Wait,
    Wrap,
)


class Index(msgspec.Struct, frozen=True):
    """All tables of the knowledge base; types have their canonical names, calls all spellings."""

    aliases: dict[str, str]
    bases: dict[str, tuple[str, ...]]
    types: frozenset[str]
    members: dict[str, tuple[str, ...]]
    resources: dict[str, Resource]
    acquire: dict[str, Resource]
    by_value: dict[str, tuple[Resource, ...]]
    words: frozenset[str]
    operations: dict[str, Operation]
    wraps: dict[str, tuple[Wrap, ...]]
    conveniences: dict[str, Convenience]
    harmless: frozenset[str]
    detached: frozenset[str]
    fresh_names: frozenset[str]
    exits: frozenset[str]
    swallows: frozenset[str]
    wait_functions: dict[str, Wait]
    wait_types: dict[str, tuple[Wait, ...]]
    wait_patterns: tuple[tuple[str, Wait], ...]
    runs: dict[str, Run]
    bulks: frozenset[str]
    injects: dict[str, Inject]
    handlers: dict[str, tuple[Handler, ...]]
    holds: tuple[Hold, ...]
    libraries: tuple[Library, ...]
    packages: dict[str, Library]
    roots: frozenset[str]


def build_index(families: Sequence[Family]) -> Index:
    """Later families win over earlier ones where they speak of one name."""
    aliases = {also: a.type for family in families for a in family.alias for also in a.also}
    bases = {
        aliases.get(a.type, a.type): a.bases for family in families for a in family.alias if a.bases
    }
    resources = {r.name: r for family in families for r in family.resource}
    acquire = _acquisitions(resources.values(), aliases)
    operations = {
        name: operation
        for family in families
        for operation in family.operation
        for name in _spellings(operation.name, aliases)
    }
    by_value: dict[str, dict[str, Resource]] = {}
    for resource in (*acquire.values(), *resources.values()):
        if resource.value:
            value = aliases.get(resource.value, resource.value)
            by_value.setdefault(value, {}).setdefault(resource.name, resource)
    wait_types, wait_patterns = _waits_by_receiver(families, aliases)
    types = {
        *by_value,
        *(a.type for family in families for a in family.alias),
        *(aliases.get(o.returns, o.returns) for o in operations.values() if o.returns),
        *wait_types,
        *bases,
        *(aliases.get(name, name) for name in receivers(families)),
    }
    return Index(
        aliases=aliases,
        bases=bases,
        types=frozenset(types),
        members=_members(types, (*acquire, *operations)),
        resources=resources,
        acquire=acquire,
        by_value={value: tuple(found.values()) for value, found in by_value.items()},
        words=_words(acquire, aliases),
        operations=operations,
        wraps=_wraps(families, aliases),
        conveniences={n: c for family in families for c in family.convenience for n in c.names},
        detached=frozenset(n for family in families for d in family.detached for n in d.names),
        fresh_names=frozenset(n for family in families for f in family.fresh_name for n in f.names),
        harmless=frozenset(n for family in families for h in family.harmless for n in h.names),
        exits=frozenset(n for family in families for e in family.exit_call for n in e.names),
        swallows=frozenset(n for family in families for s in family.swallow for n in s.names),
        wait_functions={f: w for family in families for w in family.wait for f in w.functions},
        wait_types=wait_types,
        wait_patterns=wait_patterns,
        runs={n: r for family in families for r in family.run for n in r.names},
        bulks=frozenset(n for family in families for b in family.bulk for n in b.names),
        injects={n: i for family in families for i in family.inject for n in i.names},
        handlers=_handlers(families),
        holds=tuple(h for family in families for h in family.hold),
        libraries=tuple(x for family in families for x in family.library),
        packages={m: x for family in families for x in family.library for m in x.imports},
        roots=_roots(module for family in families for x in family.library for module in x.imports),
    )


def dotted_prefixes(dotted: str) -> Iterator[str]:
    """`a.b.c`, `a.b`, `a`."""
    while dotted:
        yield dotted
        dotted = dotted.rpartition(".")[0]


def _spellings(name: str, aliases: dict[str, str]) -> set[str]:
    """A name as it is written, and with its type's name (or itself, a type) made canonical."""
    head, _, last = name.rpartition(".")
    return {name, aliases.get(name, name), f"{aliases[head]}.{last}" if head in aliases else name}


def _acquisitions(resources: Iterable[Resource], aliases: dict[str, str]) -> dict[str, Resource]:
    found: dict[str, Resource] = {}
    for resource in resources:
        for name in resource.acquire:
            given = resource
            if not resource.value:
                value = _class_of(name, resource.acquire)
                given = msgspec.structs.replace(resource, value=aliases.get(value, value))
            for spelling in _spellings(name, aliases):
                found[spelling] = given
    return found


def _class_of(name: str, acquire: Sequence[str]) -> str:
    """The class that a name stands for: itself, or the one that it is another constructor of."""
    head = name.rpartition(".")[0]
    return head if head in acquire else name


def _members(types: set[str], names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    members: dict[str, list[str]] = {}
    for name in names:
        head, _, last = name.rpartition(".")
        if head in types:
            members.setdefault(head, []).append(last)
    return {type_name: tuple(found) for type_name, found in members.items()}


def _words(acquire: dict[str, Resource], aliases: dict[str, str]) -> frozenset[str]:
    names = {*acquire, *(also for also, name in aliases.items() if name in acquire)}
    return frozenset(name.rpartition(".")[2] for name in names) - {"__call__"}


def _wraps(families: Sequence[Family], aliases: dict[str, str]) -> dict[str, tuple[Wrap, ...]]:
    """A family that speaks of a name says all that is to be said of it."""
    wraps: dict[str, tuple[Wrap, ...]] = {}
    for family in families:
        mine: dict[str, list[Wrap]] = {}
        for wrap in family.wrap:
            for spelling in _spellings(wrap.name, aliases):
                mine.setdefault(spelling, []).append(wrap)
        wraps.update((name, tuple(found)) for name, found in mine.items())
    return wraps


def _waits_by_receiver(
    families: Sequence[Family], aliases: dict[str, str]
) -> tuple[dict[str, tuple[Wait, ...]], tuple[tuple[str, Wait], ...]]:
    exact: dict[str, tuple[Wait, ...]] = {}
    patterns: list[tuple[str, Wait]] = []
    for family in reversed(families):  # the user's family, which is the last, is asked first
        for wait in family.wait:
            for receiver in wait.receivers:
                if "*" in receiver:
                    patterns.append((receiver, wait))
                else:
                    name = aliases.get(receiver, receiver)
                    exact[name] = (*exact.get(name, ()), wait)
    return exact, tuple(patterns)


def _handlers(families: Sequence[Family]) -> dict[str, tuple[Handler, ...]]:
    found: dict[str, list[Handler]] = {}
    for family in families:
        for handler in family.handler:
            for name in (*handler.decorators, *handler.bases):
                found.setdefault(name, []).append(handler)
    return {name: tuple(handlers) for name, handlers in found.items()}


def _roots(modules: Iterable[str]) -> frozenset[str]:
    """The modules that lie below no other of them."""
    known = set(modules)
    return frozenset(
        module for module in known if not known.intersection(list(dotted_prefixes(module))[1:])
    )
