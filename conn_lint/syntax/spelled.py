"""How a unit's text writes a name, told without parsing: what stands in front of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

BARE = ""
"""The name stands alone."""
UNKNOWN = "?"
"""It is an attribute of something that is no chain of names, as in `f(x).name`."""

_REACH = 200  # characters in front of the name that are looked at
_CHAIN = re.compile(r"\.[ \t]*(?:\w+[ \t]*\.[ \t]*)*\w*[^\W\d]")  # from right to left
_DEFINED = re.compile(r"\bdef[ \t]*\Z")
_IMPORTED = re.compile(r"^[ \t]*(?:from|import)[ \t]+[\w.]*\.[ \t]*\Z", re.MULTILINE)
_BLANKS = " \t"
_MISLEADING = frozenset("\"'#")
_BREAKS = " \t\r\n\f\\"


def receivers(text: str, name: str) -> frozenset[str]:
    """What the name is taken from wherever the text has it: `a.b` for `a.b.name`, `a.B()` for `a.B(x).name`, or one
    of the constants.

    Where it is only defined (`def name`) or part of a module's name in an import, nothing is said. Strings and
    comments are read like code, so there may be more than what the code says, never less.
    """
    if not name or not name.isascii():
        return frozenset({BARE, UNKNOWN})  # may be written in several ways
    found: set[str] = set()
    for start in _places(text, name):
        before = text[max(0, start - _REACH) : start]
        if not (before.rstrip(_BLANKS).endswith(".") and _IMPORTED.search(before)):
            found.update(_receivers(before))
    return frozenset(found)


def _places(text: str, name: str) -> Iterator[int]:
    """Where the name stands as a whole; a regex takes ten times as long to find nothing."""
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        if not (_is_part(text[start - 1 : start]) or _is_part(text[end : end + 1])):
            yield start
        start = text.find(name, end)


def _is_part(char: str) -> bool:
    return char.isalnum() or char == "_"


def _receivers(before: str) -> Iterator[str]:
    """What may be meant by the text in front of a name: more than one where a comment may end in a point."""
    line = before.rstrip(_BLANKS)
    if not line.endswith("."):
        if not _is_after_point(before):
            if not _DEFINED.search(line):
                yield BARE
            return
        yield BARE
        yield UNKNOWN
        return
    chain = _CHAIN.match(line[::-1])  # to look from the end on is to look once
    if chain is None:
        yield _maker(line[:-1].rstrip(_BLANKS)) or UNKNOWN
        return
    start = len(line) - chain.end()
    ahead = line[:start]
    if _is_after_point(ahead):
        yield UNKNOWN
    if not ahead.rstrip(_BLANKS).endswith("."):
        yield line[start:-1].replace(" ", "").replace("\t", "")


def _maker(before: str) -> str:
    """What is called in front, as `a.B()`: "" where that is no chain of names, or strings and comments may mislead."""
    if not before.endswith(")"):
        return ""
    depth = 0
    for at in range(len(before) - 1, -1, -1):
        char = before[at]
        if char in ")]}":
            depth += 1
        elif char in "([{":
            depth -= 1
            if not depth:
                break
        elif char in _MISLEADING:
            return ""
    else:
        return ""
    chain = _CHAIN.match(f".{before[:at].rstrip(_BLANKS)[::-1]}")
    if chain is None:
        return ""
    start = at - (len(before[:at]) - len(before[:at].rstrip(_BLANKS))) - chain.end() + 1
    name = chain[0][:0:-1].replace(" ", "").replace("\t", "")
    return "" if not start or _is_after_point(before[:start]) else f"{name}()"


def _is_after_point(before: str) -> bool:
    """The last thing in front is a point, be it in another line."""
    return before.rstrip(_BREAKS).endswith(".")


_FAR = 1000  # characters in front of a type in which its bracket opens
_ASKED = re.compile(r"[ \t]*(?:\.[ \t]*[^\W\d]|\()")
_NAMED = re.compile(r"\b(?:def|class|as|import)[ \t]*\Z")
_READ = re.compile(r"[ \t]*\.[ \t]*[^\W\d]")
_TO_ATTRIBUTE = re.compile(r"[ \t]*(?::[^=\n]*)?:?=(?!=)[^\n]*\.[ \t]*\w+[ \t]*(?!\w|[ \t]*[(\[])")
_CALLED = re.compile(r"\s*\(")
_WHERE_TYPES = re.compile(r"(?:(?:@|:|->|\|)\s*[\"']?|\[[^\]\n]*?)(?:\w+\s*\.\s*)*\Z")
_IMPORTS = re.compile(
    r"^[ \t]*(?:from[ \t]+[\w.]+[ \t]+import[ \t]*(?:\([^)]*\)|[^\n]*)|import[ \t][^\n]*)",
    re.MULTILINE,
)
_IMPORTING = re.compile(r"[ \t]*from[ \t]+[\w.]+[ \t]+import\b[\w, \t(]*")
_OF_TYPE = re.compile(
    r"->[\w.\[\], |\"']*\Z"
    r"|(?:^|[(,])[ \t]*\*{0,2}(?!(?:lambda|else|try|finally)\b)[a-z_]\w*[ \t]*:[\w.\[\], |\"']*\Z"
    r"|^[ \t]*class[ \t]+\w+[ \t]*\([\w.,= \t\[\]]*\Z"
    r"|\bexcept[ \t]*\(?[\w., \t]*\Z"
    r"|\b(?:isinstance|issubclass)[ \t]*\([^()\n]*,[ \t]*\(?[\w., \t]*\Z"
)


def is_more_than_type(text: str, name: str) -> bool:
    """The text has the name elsewhere than in imports, annotations, bases, `isinstance` and `except`, strings or
    in front of a point: so what it stands for may be called or handed on there.
    """
    if not name or not name.isascii():
        return True
    text = _IMPORTS.sub("", text)
    for start in _places(text, name):
        line = text[text.rfind("\n", 0, start) + 1 : start]
        behind = text[start + len(name) : start + len(name) + 40].lstrip(_BLANKS)
        if not (behind.startswith(".") or line.endswith(('"', "'")) or _OF_TYPE.search(line)):
            return True
    return False


def is_more_than_import(text: str, name: str) -> bool:
    """The text has the name elsewhere than in imports from modules."""
    if not name.isascii():
        return True
    return not all(_is_imported(text, start) for start in _places(text, name))


def _is_imported(text: str, at: int) -> bool:
    """The place lies in a `from a import b`, in its line or in its brackets."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    if _IMPORTING.fullmatch(line):
        return True
    opening = text.rfind("(", 0, at)
    if opening < 0 or text.find(")", opening, at) >= 0:
        return False
    begin = text.rfind("\n", 0, opening) + 1
    return bool(_IMPORTING.fullmatch(text, begin, opening))


def is_only_read_from(text: str, name: str) -> bool:
    """Wherever the text has the name, an attribute is taken from it: so nothing in it binds the name."""
    return name.isascii() and all(
        _READ.match(text, start + len(name)) for start in _places(text, name)
    )


def is_only_asked(text: str, name: str) -> bool:
    """Wherever the text has the name, it is called or an attribute is taken from it: nothing in it binds the name."""
    return name.isascii() and all(
        _ASKED.match(text, start + len(name))
        and not _NAMED.search(text[max(0, start - _REACH) : start])
        for start in _places(text, name)
    )


def is_local(text: str, name: str) -> bool:
    """The text binds the name, be it as a parameter, and not to an attribute (`name = a.b`)."""
    if is_only_read_from(text, name):
        return False
    return not any(_TO_ATTRIBUTE.match(text, start + len(name)) for start in _places(text, name))


def may_be_type(text: str, name: str) -> bool:
    """The text has the name where a type can stand: behind a colon, an arrow, a bar, in square brackets.

    Or it is that of a decorator.
    """
    if not name.isascii():
        return True
    return any(
        not _CALLED.match(text, start + len(name))
        and _WHERE_TYPES.search(text[max(0, start - _FAR) : start])
        for start in _places(text, name)
    )


_SCRIPT = re.compile(r"""__name__\s*==\s*["']__main__["']""")


def runs_as_script(text: str, name: str = "") -> bool:
    """The text of a module asks whether it is run by itself."""
    return bool(_SCRIPT.search(text))


QUESTIONS: dict[str, Callable[[str, str], bool]] = {
    question.__name__: question
    for question in (
        is_local,
        is_more_than_import,
        is_more_than_type,
        is_only_asked,
        is_only_read_from,
        may_be_type,
        runs_as_script,
    )
}
"""What can be asked of a text about a name with yes or no, by name."""
