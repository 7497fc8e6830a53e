"""What a run has asked of the files of a project: by it a later run can tell whether a change can matter."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

Numbers: TypeAlias = dict[str, list[int]]
"""Units, by the path of their file."""

Answer: TypeAlias = bool | list[str]


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """Units of which it was asked whether they have one of the names among their `kind`: names, calls or stores."""

    kind: str
    names: list[str]
    units: Numbers


class Told(msgspec.Struct, frozen=True, array_like=True):
    """What the text of a unit answered to a question of `syntax.spelled` about a name."""

    unit: int
    question: str
    name: str
    answer: Answer


class Sought(msgspec.Struct, frozen=True, array_like=True):
    """Texts that were looked for in all units, and those that have one."""

    texts: list[str]
    units: Numbers


class Trace(msgspec.Struct, frozen=True, array_like=True):
    """All that phase two has learnt of units.

    `read`: units whose summaries it has had; `seen`: others, all of whose names it has had. `names`, `calls`, `stores`,
    `bound`: what it has looked for in all units, or files, at once.
    """

    read: Numbers
    seen: Numbers
    names: list[str]
    calls: list[str]
    stores: list[str]
    bound: list[str]
    asked: list[Asked]
    told: dict[str, list[Told]]
    sought: list[Sought]
