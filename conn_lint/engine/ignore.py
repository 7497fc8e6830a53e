"""Which paths are left out: the exclude patterns of the settings and the .gitignore files around
them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pathspec import GitIgnoreSpec

from conn_lint.engine.markers import REPOSITORY, repository_top


def compile_patterns(patterns: Iterable[str]) -> GitIgnoreSpec:
    r"""Patterns in the language of .gitignore; `\` separates folders too, as users on Windows
    write them.
    """
    return GitIgnoreSpec.from_lines(pattern.replace("\\", "/") for pattern in patterns)


class GitIgnores:
    """The .gitignore files from the repository's top down to a folder; the nearest that speaks
    decides.
    """

    def __init__(self, root: Path) -> None:
        self._specs: dict[Path, GitIgnoreSpec | None] = {}
        self._top = repository_top(root) or root  # above it no .gitignore counts

    def ignores(self, path: Path, *, is_dir: bool) -> bool:
        """Whether git would ignore this path, given that it ignores none of the folders above
        it.
        """
        for folder in path.parents:
            spec = self._spec(folder)
            if spec is not None:
                name = path.relative_to(folder).as_posix() + ("/" if is_dir else "")
                include = spec.check_file(name).include
                if include is not None:
                    return include
            if folder == self._top:
                break
        return False

    def _spec(self, folder: Path) -> GitIgnoreSpec | None:
        if folder not in self._specs:
            lines = _lines(folder / ".gitignore")
            if folder == self._top:
                lines = _lines(folder / REPOSITORY / "info" / "exclude") + lines
            self._specs[folder] = GitIgnoreSpec.from_lines(lines) if lines else None
        return self._specs[folder]


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
