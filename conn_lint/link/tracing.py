"""What phase two has learnt of a program's units, and whether changed files would have told it the same.

Its answers rest on skeletons, on summaries of the units that it read, and on what it asked of texts. So where a file
changed in nothing of this, all answers are what they were, but for lines in that file.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence

import msgspec

from conn_lint.link.program import Program
from conn_lint.link.words import Bits, noted
from conn_lint.model.flow import Import
from conn_lint.model.summary import Head, Skeleton, Unit
from conn_lint.model.trace import Asked, Numbers, Sought, Told, Trace
from conn_lint.syntax.spelled import QUESTIONS, receivers

_RECEIVERS = receivers.__name__


def trace_of(program: Program) -> Trace:
    """All that was asked so far. What else was asked of units that were read is left out: they must not change."""
    words = program.words
    read = noted(program.read)
    told: dict[str, list[Told]] = defaultdict(list)
    for (path, number), question, name, answer in program.told():
        if not read.get(path, 0) >> number & 1:
            told[path].append(Told(number, question, name, answer))
    return Trace(
        read=_numbers(read),
        seen=_numbers(_without(words.seen, read)),
        names=sorted(words.sought["names"]),
        calls=sorted(words.sought["calls"]),
        stores=sorted(words.sought["stores"]),
        bound=sorted(words.bound),
        asked=[
            Asked(kind, sorted(names), _numbers(others))
            for (kind, names), units in words.asked.items()
            if (others := _without(units, read))
        ],
        told=dict(told),
        sought=[
            Sought(list(texts), _numbers(noted(found)))
            for (texts, _), found in program.sought.items()
        ],
    )


def _without(units: Bits, others: Bits) -> Bits:
    """The units that are not among the others."""
    left = {path: bits & ~others.get(path, 0) for path, bits in units.items()}
    return {path: bits for path, bits in left.items() if bits}


def _numbers(units: Bits) -> Numbers:
    return {
        path: [number for number in range(bits.bit_length()) if bits >> number & 1]
        for path, bits in sorted(units.items())
    }


class Unchanged:
    """Whether files as they are now would have been the same to the run that left the trace."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._names = {
            "names": frozenset(trace.names),
            "calls": frozenset(trace.calls),
            "stores": frozenset(trace.stores),
        }
        self._bound = frozenset(trace.bound)

    def is_same(
        self, path: str, before: Skeleton, after: Skeleton, text: Callable[[int], str]
    ) -> bool:
        """The file has changed in nothing that was asked for; `text` gives its units as they are written now."""
        if not _is_built_alike(before, after):
            return False
        if not self._bound.isdisjoint({*before.bound} ^ {*after.bound}):
            return False
        return all(
            was == now or self._is_same(path, number, was, now, text)
            for number, (was, now) in enumerate(zip(before.units, after.units, strict=True))
        )

    def _is_same(
        self, path: str, number: int, was: Unit, now: Unit, text: Callable[[int], str]
    ) -> bool:
        if was.digest != now.digest:
            if number in self._trace.read.get(path, ()):
                return False
            if not self._tells_the_same(path, number, text(number)):
                return False
        changed = {kind: _changed(was, now, kind) for kind in self._names}
        if any(changed.values()) and number in self._trace.seen.get(path, ()):
            return False
        if any(not changed[kind].isdisjoint(names) for kind, names in self._names.items()):
            return False
        return all(
            changed[asked.kind].isdisjoint(asked.names)
            or number not in asked.units.get(path, ())
            or _has(was, asked) == _has(now, asked)
            for asked in self._trace.asked
        )

    def _tells_the_same(self, path: str, number: int, text: str) -> bool:
        """What was asked of the unit's text is answered in the same way, and nothing sought is or was in it."""
        for sought in self._trace.sought:
            if number in sought.units.get(path, ()) or any(one in text for one in sought.texts):
                return False
        return all(
            told.answer == answer(told.question, text, told.name)
            for told in self._trace.told.get(path, ())
            if told.unit == number
        )


def answer(question: str, text: str, name: str) -> bool | list[str]:
    """What a text answers to a question of `syntax.spelled`, as it is kept."""
    if question == _RECEIVERS:
        return sorted(receivers(text, name))
    return QUESTIONS[question](text, name)


def _changed(was: Unit, now: Unit, kind: str) -> set[str]:
    return {*getattr(was, kind)} ^ {*getattr(now, kind)}


def _has(unit: Unit, asked: Asked) -> bool:
    return not set(asked.names).isdisjoint(getattr(unit, asked.kind))


def _is_built_alike(before: Skeleton, after: Skeleton) -> bool:
    """The same definitions and imports in the same order, whatever lines they are in."""
    return (
        before.error is None
        and after.error is None
        and list(map(_placeless, before.heads)) == list(map(_placeless, after.heads))
        and list(map(_lineless, before.imports)) == list(map(_lineless, after.imports))
        and _order(before) == _order(after)
    )


def _placeless(head: Head) -> Head:
    return msgspec.structs.replace(head, line=0, def_line=0, end_line=0, colon=(0, 0))


def _lineless(item: Import) -> Import:
    return msgspec.structs.replace(item, line=0)


def _order(skeleton: Skeleton) -> Sequence[int]:
    """Which of the definitions' and imports' lines come first, and which are the same."""
    lines = [line for h in skeleton.heads for line in (h.line, h.def_line, h.end_line)]
    lines += [item.line for item in skeleton.imports]
    known = sorted(set(lines))
    return [bisect_left(known, line) for line in lines]
