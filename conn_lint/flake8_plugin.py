"""The plugin for flake8."""

from __future__ import annotations


class Plugin:
    """Filled in below."""

    name = "conn-lint"
    version = "0"

    def __init__(self, tree: object) -> None:
        self._tree = tree

    def run(self):
        return iter(())
