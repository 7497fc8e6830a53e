"""Reads Dockerfiles: what each stage starts from, its variables, and the command that it runs."""

from __future__ import annotations

import json
import re
import shlex

from conn_lint.model.location import Span
from conn_lint.syntax.entries import Found, Keys

_INSTRUCTION = re.compile(r"\s*(?P<word>[A-Za-z]+)\s+(?P<rest>.*)", re.DOTALL)
_CONTINUES = re.compile(r"\\\s*$")
_HEREDOC = re.compile(r"<<-?\s*[\"']?(?P<end>\w+)[\"']?")
_PAIR = re.compile(
    r"(?<!\w)(?P<name>[A-Za-z_]\w*)=(?P<value>\"(?:\\.|[^\"\\])*\"|'[^']*'|[^\s\"']*)"
)


def read(text: str, found: Found) -> None:
    """Add under each stage's number: `from`, `as`, `entrypoint`, `cmd`, and its variables under `env`."""
    stage = -1
    for number, line in _logical_lines(text):
        match = _INSTRUCTION.match(line)
        if match is None:
            continue
        word, rest = match["word"].lower(), match["rest"].strip()
        span = Span(number, 0, number, len(line))
        if word == "from":
            stage += 1
            _add_from(stage, rest, span, found)
        elif word in ("cmd", "entrypoint"):
            found.add((max(stage, 0), word), _command(rest), span)
        elif word in ("env", "arg"):
            _add_variables((max(stage, 0), "env"), rest, span, found)


def _add_from(stage: int, rest: str, span: Span, found: Found) -> None:
    words = [word for word in rest.split() if not word.startswith("--")]
    if words:
        found.add((stage, "from"), words[0], span)
    if len(words) == 3 and words[1].lower() == "as":
        found.add((stage, "as"), words[2], span)


def _add_variables(keys: Keys, rest: str, span: Span, found: Found) -> None:
    pairs = [(pair["name"], pair["value"].strip("\"'")) for pair in _PAIR.finditer(rest)]
    if not pairs and " " in rest:  # the old form: ENV NAME value
        name, _, value = rest.partition(" ")
        pairs = [(name, value.strip())]
    for name, value in pairs:
        found.add((*keys, name), value, span)


def _command(rest: str) -> str:
    """As a shell would be given it: the form of a JSON list is quoted."""
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except (ValueError, RecursionError):
            return rest
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return shlex.join(words)
    return rest


def _logical_lines(text: str) -> list[tuple[int, str]]:
    """Instructions in one line each, with the number of their first; what stands in here-documents is left out."""
    lines: list[tuple[int, str]] = []
    parts: list[str] = []
    start, heredoc = 1, ""
    for number, line in enumerate(text.split("\n"), 1):
        if heredoc:
            heredoc = "" if line.strip() == heredoc else heredoc
            continue
        if line.lstrip().startswith("#") or (not parts and not line.strip()):
            continue
        if not parts:
            start = number
        if _CONTINUES.search(line):
            parts.append(_CONTINUES.sub(" ", line))
            continue
        parts.append(line)
        whole = "".join(parts)
        parts = []
        lines.append((start, whole))
        opened = _HEREDOC.search(whole)
        heredoc = opened["end"] if opened is not None else ""
    if parts:
        lines.append((start, "".join(parts)))
    return lines
