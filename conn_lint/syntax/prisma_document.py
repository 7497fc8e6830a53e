"""Reads Prisma schemas: the settings of data sources and generators; models are left out."""

from __future__ import annotations

import re

from conn_lint.model.location import Span
from conn_lint.syntax.entries import Found

_BLOCK = re.compile(r"\s*(?P<kind>datasource|generator)\s+(?P<name>\w+)\s*\{\s*(?://.*)?\Z")
_SETTING = re.compile(
    r"\s*(?P<name>\w+)\s*=\s*(?P<env>env\s*\(\s*)?\"(?P<value>(?:\\.|[^\"\\])*)\""
)
_END = re.compile(r"\s*\}")
_ESCAPED = re.compile(r"\\([\"\\])")


def read(text: str, found: Found) -> None:
    """Add `datasource.db.url` for each setting that is a text, `datasource.db.url.env` where it names a variable."""
    block: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):
        begin = _BLOCK.match(line.rstrip("\r"))
        if begin is not None:
            block = (begin["kind"], begin["name"])
        elif _END.match(line):
            block = ()
        setting = _SETTING.match(line) if block else None
        if setting is not None:
            keys = (*block, setting["name"], *(("env",) if setting["env"] else ()))
            span = Span(number, setting.start("value") - 1, number, setting.end("value") + 1)
            found.add(keys, _ESCAPED.sub(r"\1", setting["value"]), span)
