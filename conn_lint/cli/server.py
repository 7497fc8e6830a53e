"""The command `server`."""

from __future__ import annotations

import sys

import click

FAILED = 2
_MISSING = 'the language server needs its extra: pip install "conn-lint[lsp]"'


@click.command()
@click.option("--stdio", is_flag=True, help="What it does anyway: some editors say so.")
def server(stdio: bool) -> None:
    """Serve an editor: findings as you type, documentation and fixes, by the Language Server Protocol.

    It speaks on standard input and output, and is started by the editor.
    """
    try:
        from conn_lint.server.app import serve  # noqa: PLC0415 - an extra
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "conn_lint":
            raise
        click.echo(f"conn-lint: {_MISSING} ({error})", err=True)
        sys.exit(FAILED)
    serve()
