"""Which findings the user asked for: flake8's way of deciding, with rules' names accepted beside
their codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from conn_lint.engine.ignore import compile_patterns
from conn_lint.model.finding import Finding
from conn_lint.model.settings import Settings
from conn_lint.rules import ALL_RULES

FAMILY = "CNX"
EVERYTHING = "ALL"


def rule_codes() -> dict[str, str]:
    """The code of every rule by its name."""
    return {rule.name: rule.code for rule in ALL_RULES}


def off_by_default() -> tuple[str, ...]:
    """The codes that are reported only where they are asked for."""
    return tuple(sorted(rule.code for rule in ALL_RULES if not rule.default))


class Selection:
    """Decides on findings: the longest prefix wins, and what was asked for beats what is so by
    default.
    """

    def __init__(self, settings: Settings) -> None:
        codes = rule_codes()
        self._explicit = _canonical((*settings.select, *settings.extend_select), codes)
        self._ignored = _canonical(settings.ignore, codes)
        self._off = off_by_default()
        self._per_file = tuple(
            (compile_patterns([pattern]), _canonical(ignored, codes))
            for pattern, ignored in settings.per_file_ignores
        )
        self._decided: dict[str, bool] = {}

    def keeps(self, finding: Finding) -> bool:
        """Whether the finding is wanted."""
        return self.wants(finding.location.path, finding.code)

    def wants(self, path: str, code: str) -> bool:
        """Whether findings of a code are wanted in a file."""
        if code not in self._decided:
            self._decided[code] = self._decide(code)
        return self._decided[code] and not self._ignored_in(path, code)

    def _decide(self, code: str) -> bool:
        selected = _longest(code, self._explicit)
        if selected < 0:
            return False
        if code in self._off and not self._is_asked_for(code):
            return False
        return selected > _longest(code, self._ignored)

    def _is_asked_for(self, code: str) -> bool:
        """More than the bare family, which is what everybody selects."""
        return any(code.startswith(prefix) for prefix in self._explicit if prefix != FAMILY)

    def _ignored_in(self, path: str, code: str) -> bool:
        return any(
            code.startswith(prefixes) and spec.match_file(path) for spec, prefixes in self._per_file
        )


def _canonical(selectors: Iterable[str], codes: Mapping[str, str]) -> tuple[str, ...]:
    """Names become codes, ALL the empty prefix."""
    return tuple("" if s == EVERYTHING else codes.get(s, s.upper()) for s in selectors)


def _longest(code: str, prefixes: Iterable[str]) -> int:
    """The length of the longest prefix that fits, -1 where none does."""
    return max((len(prefix) for prefix in prefixes if code.startswith(prefix)), default=-1)
