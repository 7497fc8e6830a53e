"""The command `conn-lint`: flags become settings, settings a run, the run a report and an exit
code.
"""

from __future__ import annotations

import sys

import click

from conn_lint import __version__
from conn_lint.cli.budget import budget
from conn_lint.cli.check import check
from conn_lint.cli.explain import explain
from conn_lint.cli.graph import graph
from conn_lint.cli.inspect import clean, files, rule, rules, settings
from conn_lint.cli.server import server

DEFAULT = "check"
_OWN_OPTIONS = frozenset(("--help", "-h", "--version"))


class DefaultToCheck(click.Group):
    """What begins with neither a command nor an option of ours is meant for `check`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command in front where the user left it out."""
        if args and args[0] not in self.commands and args[0] not in _OWN_OPTIONS:
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


@click.group(cls=DefaultToCheck, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="conn-lint")
def main() -> None:
    """Find the connection bugs that take Python services down.

    Without a command, PATHS are checked: `conn-lint src` is `conn-lint check src`.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(
            stream, "reconfigure"
        ):  # a file name may have characters that the terminal has not
            stream.reconfigure(errors="backslashreplace")


for command in (budget, check, explain, graph, rule, rules, server, settings, files, clean):
    main.add_command(command)
