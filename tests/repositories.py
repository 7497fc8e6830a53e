"""Repositories of git, and a handler in one file that opens a connection in another."""

from __future__ import annotations

import subprocess
from pathlib import Path

# Line 5 is CNX101, because of line 9 of the other file.
DB = "import psycopg2\n\n\ndef connect():\n    return psycopg2.connect('')\n"
API = """\
from db import connect
from flask import Flask

app = Flask("shop")


@app.get("/orders")
def orders():
    conn = connect()
    try:
        return conn.cursor().fetchall()
    finally:
        conn.close()
"""


def git(root: Path, *args: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(root), *identity, *args]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "-q", "-m", "x")
