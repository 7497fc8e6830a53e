"""What the images of a project run, as their Dockerfiles say."""

from __future__ import annotations

from conn_lint.deploy.compose import Image
from conn_lint.deploy.tree import Tree


def image_of(dockerfile: Tree) -> Image:
    """Of the last stage, and what that stage is built upon."""
    stages = {number: stage for number, stage in dockerfile.items() if isinstance(number, int)}
    names = {stage.text("as"): number for number, stage in stages.items() if stage.text("as")}
    number: int | None = max(stages, default=None)
    entrypoint = command = ""
    environment: dict[str, str] = {}
    while number is not None:
        stage = stages[number]
        entrypoint = entrypoint or stage.text("entrypoint")
        command = command or stage.text("cmd")
        for name, value in stage.at("env").items():
            environment.setdefault(str(name), value.text())
        before = names.get(stage.text("from"))
        number = before if before is not None and before < number else None
    return Image(entrypoint, command, environment, dockerfile.path, _line_of(dockerfile))


def _line_of(dockerfile: Tree) -> int:
    """Where the command stands."""
    lines = [stage.line(key) for stage in dockerfile.values() for key in ("entrypoint", "cmd")]
    return max(lines, default=1)
