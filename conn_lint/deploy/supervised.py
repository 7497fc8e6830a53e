"""Reads configurations of supervisord: the programs that it keeps running, each in so many processes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence

from conn_lint.deploy.described import Described
from conn_lint.deploy.tree import Tree
from conn_lint.model.deployment import Figure

_SECTION = "program:"
_OF_ENVIRONMENT = re.compile(r"%\(ENV_(\w+)\)s")
_OF_ITS_OWN = re.compile(r"%\(\w+\)\w")


class Supervisors:
    """All such files of a project."""

    def __init__(self, trees: Iterable[Tree]) -> None:
        self._trees = [tree for tree in trees if any(_named(tree))]

    def programs(self) -> Iterator[tuple[str, list[Described]]]:
        """What each file runs."""
        for tree in self._trees:
            yield tree.path, list(programs(tree))

    def started_by(self, described: Described, config: str) -> list[Described]:
        """The programs of a supervisord that something else starts: with this file, or the only one there is."""
        trees = self._meant(config)
        return [
            one._replace(
                name=f"{described.name} {one.name}",
                instances=_together(described.instances, one.instances),
                environment=described.environment,
                folder=described.folder,
            )
            for tree in trees
            for one in programs(tree)
        ]

    def _meant(self, config: str) -> Sequence[Tree]:
        last = posixpath.basename(config)
        found = [tree for tree in self._trees if posixpath.basename(tree.path) == last]
        exact = [tree for tree in found if config.endswith(tree.path)]
        if exact or found:
            tree = (exact or sorted(found, key=lambda t: (t.path.count("/"), t.path)))[0]
            if not tree.words("include", "files"):
                return [tree]
            return self._trees
        return self._trees if len(self._trees) == 1 else ()


def programs(tree: Tree) -> Iterator[Described]:
    """What one file keeps running."""
    for name, section in _named(tree):
        command = _OF_ITS_OWN.sub("", _OF_ENVIRONMENT.sub(r"${\1}", section.text("command")))
        if command and section.text("autostart").lower() != "false":
            count = section.number("numprocs")
            line = section.line("numprocs")
            instances = None if count is None else Figure(count, "read", tree.path, line)
            yield Described(name, command, tree.path, section.line("command"), instances)


def _named(tree: Tree) -> Iterator[tuple[str, Tree]]:
    for key, section in tree.items():
        if isinstance(key, str) and key.startswith(_SECTION):
            yield key.removeprefix(_SECTION).strip(), section


def _together(outer: Figure | None, inner: Figure | None) -> Figure | None:
    if inner is None or outer is None:
        return inner or outer
    return Figure(outer.value * inner.value, inner.said, inner.path, inner.line)
