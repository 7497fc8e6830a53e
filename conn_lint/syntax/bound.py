"""Names that statements of a module or class body may bind, told from scanned code; better one too many."""

from __future__ import annotations

import re
from collections.abc import Iterable

from conn_lint.syntax.heads import BLANK, NAME, NO_LETTERS, WORD_END

_START = r"^[ \t\f]*"
_ASSIGN = r"[-+*/%&|^@<>]{0,3}=(?!=)"
_HEADS = "async|case|class|elif|else|except|finally|for|if|try|while|with"

# Each finds names, or a stretch in which all names may be bound.
_PATTERNS = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        rf"{_START}({NAME})[ \t]*(?:{_ASSIGN}|:)",
        rf"{_START}(?:(?=[(\[*])|(?={NAME}{BLANK}*,))([^\n=]*)=(?!=)",
        rf"{_START}(?:async{BLANK}+)?for{WORD_END}([^\n]*?[{NO_LETTERS}])in{WORD_END}",
        rf"{_START}(?:case|del|type){WORD_END}([^\n]*)",
        rf"{_START}(?:{_HEADS}){WORD_END}[^\n]*:[ \t]*({NAME}[^\n=(]{{0,200}})=(?!=)",
        rf" as{BLANK}+([^\n:]*)",
        rf"=[ \t]*({NAME})(?=[ \t]*=(?!=))",
    )
)
_RARE = (
    (";", re.compile(rf";[ \t]*({NAME}[^\n=(;]*)=(?!=)")),
    (":=", re.compile(rf"({NAME}){BLANK}*:=")),
)
_NAME = re.compile(NAME)


def names_bound(parts: Iterable[str]) -> set[str]:
    """The names that may be bound in these parts of scanned code, keywords among them."""
    text = "".join(parts)
    found: set[str] = set()
    patterns = [*_PATTERNS, *(pattern for mark, pattern in _RARE if mark in text)]
    for pattern in patterns:
        for stretch in set(pattern.findall(text)):
            found.update((stretch,) if stretch.isidentifier() else _NAME.findall(stretch))
    return found
