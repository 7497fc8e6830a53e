"""Reads poolers' own configuration: what they open on the server, and whether their limits fit each other."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conn_lint.deploy.tree import Tree
from conn_lint.model.deployment import Figure, Pooler, PoolerDatabase, opened_by
from conn_lint.model.summary import DocumentSummary

_PAIR = re.compile(r"(?<!\w)(?P<name>\w+)\s*=\s*(?P<value>'[^']*'|\S+)")
# PgBouncer's own defaults (pgbouncer.org/config.html, 1.24).
_MODE, _POOL, _CLIENTS, _PORT = "session", 20, 100, 6432
# PgCat's (github.com/postgresml/pgcat, CONFIG.md): pool_mode transaction; the size of a user's pool must be given.
_CAT_MODE = "transaction"


def is_pgbouncer(document: DocumentSummary) -> bool:
    """It has the section that PgBouncer reads, whatever the file is called."""
    return document.format == "ini" and any(e.keys[:1] == ("pgbouncer",) for e in document.entries)


def is_pgcat(document: DocumentSummary) -> bool:
    """It has pools with shards."""
    return document.format == "toml" and any(
        len(e.keys) > 2 and e.keys[0] == "pools" and e.keys[2] == "shards" for e in document.entries
    )


def pgbouncer(tree: Tree) -> Pooler:
    """The pooler that a pgbouncer.ini sets up."""
    own = tree.at("pgbouncer")
    pool = _figure(own, "default_pool_size", _POOL)
    reserve = own.number("reserve_pool_size") or 0
    most = _optional(own, "max_db_connections")
    mode = own.text("pool_mode") or _MODE
    databases = tuple(_databases(tree, pool, reserve, most, _users(tree)))
    clients = _figure(own, "max_client_conn", _CLIENTS)
    problems = tuple(_problems(tree, clients, mode, databases))
    port = own.number("listen_port") or _PORT
    return Pooler("PgBouncer", tree.path, mode, clients, databases, port, problems)


def _databases(
    tree: Tree, pool: Figure, reserve: int, most: Figure | None, users: Figure
) -> Iterator[PoolerDatabase]:
    for name, entry in tree.at("databases").items():
        text = entry.text()
        said = {m["name"]: m["value"].strip("'") for m in _PAIR.finditer(text)}
        line = entry.line()
        size = _number(said.get("pool_size"), tree.path, line) or pool
        if reserve or said.get("reserve_pool"):
            more = _number(said.get("reserve_pool"), tree.path, line)
            size = Figure(
                size.value + (more.value if more is not None else reserve),
                size.said, size.path, size.line, "with its reserve",
            )  # fmt: skip
        one = Figure(1, "read", tree.path, line, "its user is given") if "user" in said else users
        own_most = _number(said.get("max_db_connections"), tree.path, line) or most
        yield PoolerDatabase(str(name), said.get("host", ""), size, one, own_most)


def _users(tree: Tree) -> Figure:
    named = sum(1 for _ in tree.at("users").items())
    if named:
        return Figure(named, "read", tree.path, tree.line("users"), "the users of the file")
    return Figure(1, "assumed", note="one user for each database")


def _problems(
    tree: Tree,
    clients: Figure,
    mode: str,
    databases: tuple[PoolerDatabase, ...],
) -> Iterator[tuple[int, str]]:
    own = tree.at("pgbouncer")
    line = own.line("pool_mode") or own.line() or 1
    if mode == "session" and clients.value > 2 * sum(map(opened_by, databases)) > 0:
        yield (
            line,
            f"pool_mode is session: a client keeps its connection until it leaves, so of {clients.value} clients "
            f"(max_client_conn) {sum(map(opened_by, databases))} are served and the others wait",
        )
    if mode == "statement":
        yield line, "pool_mode is statement: a transaction of several statements is refused"
    for database in databases:
        limit = database.most
        if limit is not None and database.size.value > limit.value > 0:
            yield (
                database.size.line or limit.line or line,
                f"the pool of {database.name} is {database.size.value} for each user, and max_db_connections "
                f"lets all users together have {limit.value}",
            )
    opened = sum(map(opened_by, databases))
    if clients.value < opened:
        yield (
            clients.line or line,
            f"max_client_conn is {clients.value}, fewer than the {opened} connections that its pools may open",
        )
    smallest = own.number("min_pool_size") or 0
    default = own.number("default_pool_size") or _POOL
    if smallest > default:
        yield (
            own.line("min_pool_size"),
            f"min_pool_size is {smallest}, more than default_pool_size ({default})",
        )


def pgcat(tree: Tree) -> Pooler:
    """The pooler that a pgcat.toml sets up: each user of each pool has connections to every server of every shard."""
    databases: list[PoolerDatabase] = []
    problems: list[tuple[int, str]] = []
    mode = _CAT_MODE
    for name, pool in tree.at("pools").items():
        mode = pool.text("pool_mode") or mode
        sizes = [
            (user.number("pool_size") or 0, user.line("pool_size"))
            for user in pool.at("users").values()
        ]
        total = sum(size for size, _ in sizes)
        line = sizes[0][1] if sizes else pool.line()
        for user, (size, at) in zip(pool.at("users").items(), sizes, strict=True):
            least = user[1].number("min_pool_size") or 0
            if least > size:
                problems.append(
                    (at, f"min_pool_size is {least}, more than the pool_size of {size} beside it")
                )
        for shard in pool.at("shards").values():
            for server in shard.at("servers").values():
                host = server.text(0)
                if host:
                    whole = Figure(total, "read", tree.path, line)
                    users = Figure(1, "read", tree.path, line, "all users added up")
                    databases.append(PoolerDatabase(str(name), host, whole, users))
    general = tree.at("general")
    clients = Figure(0, "default", note="no limit")
    given = general.number("max_connections")
    if given is not None:
        clients = Figure(given, "read", tree.path, general.line("max_connections"))
    port = general.number("port") or _PORT
    return Pooler("PgCat", tree.path, mode, clients, tuple(databases), port, tuple(problems))


def _figure(tree: Tree, key: str, default: int) -> Figure:
    value = tree.number(key)
    if value is None:
        return Figure(default, "default", note=f"{key}'s default")
    return Figure(value, "read", tree.path, tree.line(key))


def _optional(tree: Tree, key: str) -> Figure | None:
    """A limit, where 0 stands for none."""
    value = tree.number(key)
    return Figure(value, "read", tree.path, tree.line(key)) if value else None


def _number(text: str | None, path: str, line: int) -> Figure | None:
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > 9:
        return None
    return Figure(int(text), "read", path, line)
