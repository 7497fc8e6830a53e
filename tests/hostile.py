"""A project whose file names, routes and code would steer terminals, services, pages and editors, if they could."""

from __future__ import annotations

from pathlib import Path

from projects import write

NAMES = (
    "plain",
    "a\nb",
    "a\r\n::error file=x::owned",
    "::warning file=x,line=1::owned",
    "  ::stop-commands::x",
    "##[error]owned",
    "##vso[task.setvariable variable=x]owned",
    "a]##vso[task.complete result=Failed;]",
    "a;b%3B%0A%0D%25%5D%AZP25,c=d::e",
    "\x1b[31mred\x1b]8;;http:\x07",
    "right\u202eto left\u2066\ufeff",
    "line\u2028separator\x85\x0b\x0c",
    "<img src=x onerror=alert(1)>",
    "a|b`c``d*e*_f_~~g~~",
    "[text](javascript:alert(1))",
    "![x](http:x)",
    "@octocat #1 www.example.org",
    "]]><evil a='\"'>&amp;&#10;",
    "\ufffe\uffff\x01",
    "quo\"te'back\\slash{0}{{1}}",
    "-rf",
    "\N{GRINNING FACE}e\u0301",
    "caf\udce9",  # a byte that is no UTF-8
)
EVIL = "x\\n::error::owned ##vso[x]<b>|`]]>@octocat [l](http://e)\\u202e\\x1b[31m"
# Routes and loops are named in messages by the text that stands in the code.
CODE = f'''\
import psycopg2
from flask import Flask

app = Flask("shop")


@app.get("/{EVIL}")
def orders():
    conn = psycopg2.connect("")  # <b>]]>|` ::error::x
    conn.cursor()


def load(rows):
    for row in sorted(rows, key=["{EVIL}"]):
        psycopg2.connect("{EVIL}").cursor().execute(row)
'''
FINDINGS = 4  # in each file


def project(root: Path) -> Path:
    """The project: a file for each of the names, with the same findings."""
    write(root, {"pyproject.toml": "[tool.conn-lint]\n"})
    return write(root, {f"{name.replace('/', ' ')}.py": CODE for name in NAMES})
