"""From a project's connections to a picture of them: nodes, edges and groups, whatever language draws them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple, TypeAlias

from conn_lint.model.connections import Connection, Way
from conn_lint.report.base import counted

NodeKind: TypeAlias = Literal["entry", "function", "module", "anew", "kept", "found"]

_LETTERS: dict[str, str] = {"entry": "e", "function": "f", "module": "m"}
_KEPT = {
    "import": "made once, at import",
    "process": "made once per process",
    "thread": "made once per thread",
}


class Node(NamedTuple):
    """A box with lines of text: an entry point, a function, a module, or a creation (`found`: with findings).

    `site` is the creation.
    """

    id: str
    kind: NodeKind
    lines: tuple[str, ...]
    site: Connection | None = None


class Edge(NamedTuple):
    """An arrow from caller to callee; `label` has the lines of the calls."""

    source: str
    target: str
    label: str
    sure: bool


class Group(NamedTuple):
    """The creations of one kind of server or client."""

    id: str
    label: str
    nodes: tuple[Node, ...]


class Chart(NamedTuple):
    """A picture. The limit on nodes left out `hidden` connections, and ways to others (`shortened`)."""

    nodes: tuple[Node, ...]
    groups: tuple[Group, ...]
    edges: tuple[Edge, ...]
    hidden: int = 0
    shortened: int = 0


class _Key(NamedTuple):
    """What makes a node the same node; ordered, so that ids are the same in each run."""

    kind: str
    path: str
    line: int
    column: int
    name: str
    label: str


class _Hop(NamedTuple):
    source: _Key
    target: _Key
    line: int
    sure: bool


def make_chart(connections: Iterable[Connection], max_nodes: int) -> Chart:
    """Lay out the connections, those with findings first, until there is no room for more nodes."""
    shown: dict[_Key, Connection] = {}
    hops: set[_Hop] = set()
    known: set[_Key] = set()
    hidden = shortened = 0
    for connection in sorted(connections, key=_by_weight):
        site = _site(connection)
        ways = [_hops(connection, way) for way in connection.ways] or [_home(connection)]
        kept = 0
        for way in ways:
            new = {site, *(key for hop in way for key in (hop.source, hop.target))} - known
            if len(known) + len(new) <= max_nodes:
                kept += 1
                known |= new
                hops.update(way)
                shown[site] = connection
        hidden += not kept
        shortened += 0 < kept < len(ways)
    ids = _ids(known)
    nodes = {key: _node(key, ids[key], shown.get(key)) for key in sorted(known)}
    return Chart(
        nodes=tuple(node for key, node in nodes.items() if key not in shown),
        groups=tuple(_groups(shown, nodes)),
        edges=tuple(_edges(hops, ids)),
        hidden=hidden,
        shortened=shortened,
    )


def focused(
    connections: Iterable[Connection], path: str, line: int, column: int = 0
) -> tuple[Connection, ...]:
    """The connections created by the statement on that line, or at that column (from 1) alone."""
    return tuple(
        connection
        for connection in connections
        if connection.location.path == path
        and connection.statement[0] <= line <= connection.statement[1]
        and column in {0, connection.location.span.column + 1}
    )


def limit_message(chart: Chart, max_nodes: int) -> str:
    """What the picture does not show, and how to see it; "" if it shows all."""
    parts = []
    if chart.hidden:
        parts.append(f"{counted(chart.hidden, 'connection')} left out")
    if chart.shortened:
        parts.append(f"{counted(chart.shortened, 'connection')} without some entry points")
    if not parts:
        return ""
    return f"{' and '.join(parts)}: more than {max_nodes} nodes (--max-nodes N, --focus PATH:LINE)"


def _by_weight(connection: Connection) -> tuple[object, ...]:
    return (not connection.codes, not connection.ways, connection.location, connection.call)


def _site(connection: Connection) -> _Key:
    place = connection.location
    return _Key("site", place.path, place.span.line, place.span.column, connection.call, "")


def _function(path: str, name: str, module: str = "") -> _Key:
    return _Key("function" if name else "module", path, 0, 0, name or module, "")


def _home(connection: Connection) -> list[_Hop]:
    """The function or module that creates it, where no entry point is known to lead there."""
    place = connection.location
    owner = _function(place.path, connection.function, connection.module)
    return [_Hop(owner, _site(connection), place.span.line, sure=True)]


def _hops(connection: Connection, way: Way) -> list[_Hop]:
    """The arrows from an entry point down. The function that is the entry point has its node alone."""
    owner = _function(connection.location.path, connection.function, connection.module)
    places = [(step.location.path, step.location.span.line, step.function) for step in way.steps]
    keys = [*(_function(path, name) for path, _, name in places), owner]
    keys[0] = _Key("entry", keys[0].path, 0, 0, keys[0].name, way.label)
    keys.append(_site(connection))
    lines = [*(line for _, line, _ in places), connection.location.span.line]
    pairs = zip(keys, keys[1:], lines, strict=False)
    return [
        _Hop(source, target, line, way.sure or target.kind == "site")
        for source, target, line in pairs
        if source != target
    ]


def _ids(keys: Iterable[_Key]) -> dict[_Key, str]:
    numbers: dict[str, int] = defaultdict(int)
    ids = {}
    for key in sorted(keys):
        letter = _LETTERS.get(key.kind, "c")
        numbers[letter] += 1
        ids[key] = f"{letter}{numbers[letter]}"
    return ids


def _node(key: _Key, name: str, connection: Connection | None) -> Node:
    if connection is not None:
        return _site_node(name, connection)
    if key.kind == "entry":
        return Node(name, "entry", (key.label, f"{key.name}, {key.path}"))
    if key.kind == "module":
        return Node(name, "module", (f"module {key.name}" if key.name else "a module", key.path))
    return Node(name, "function", (key.name, key.path))


def _site_node(name: str, connection: Connection) -> Node:
    place = connection.location
    lines = [f"{connection.call}()", f"{place.path}:{place.span.line}", *_remarks(connection)]
    kind: NodeKind = "found" if connection.codes else "kept" if connection.kept else "anew"
    return Node(name, kind, tuple(lines), connection)


def _remarks(connection: Connection) -> Iterator[str]:
    if connection.kept:
        yield _KEPT[connection.kept]
    per = sorted({way.per for way in connection.ways if not way.differs})
    if per:
        yield f"made anew per {' and per '.join(per)}"
    elif any(way.differs for way in connection.ways):
        yield "decided by the request"
    if connection.in_loop:
        yield "made in a loop"
    if connection.more:
        yield f"and {counted(connection.more, 'more entry point')}"
    if connection.codes:
        yield ", ".join(connection.codes)


def _groups(shown: dict[_Key, Connection], nodes: dict[_Key, Node]) -> Iterator[Group]:
    members: dict[tuple[str, str], list[Node]] = defaultdict(list)
    for key in sorted(shown):
        connection = shown[key]
        members[connection.resource, connection.kind].append(nodes[key])
    for number, (resource, kind) in enumerate(sorted(members), 1):
        yield Group(f"g{number}", f"{resource} ({kind})", tuple(members[resource, kind]))


def _edges(hops: Iterable[_Hop], ids: dict[_Key, str]) -> Iterator[Edge]:
    lines: dict[tuple[_Key, _Key], set[int]] = defaultdict(set)
    sure: dict[tuple[_Key, _Key], bool] = defaultdict(bool)
    for hop in hops:
        lines[hop.source, hop.target].add(hop.line)
        sure[hop.source, hop.target] |= hop.sure
    for pair in sorted(lines):
        label = ", ".join(f":{line}" for line in sorted(lines[pair]))
        yield Edge(ids[pair[0]], ids[pair[1]], label, sure[pair])
