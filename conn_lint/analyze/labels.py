"""What a message calls an entry point: "GET /orders/{id}", "Celery task send_mail"."""

from __future__ import annotations

import re
from typing import NamedTuple

from conn_lint.model.framework import EntryPoint

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "trace"})
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Entered(NamedTuple):
    """An entry point, and what a message calls it."""

    entry: EntryPoint
    label: str


class Registration(NamedTuple):
    """How the code was registered: the last name of the decorator or call, the route, its verbs."""

    attr: str = ""
    path: str | None = None
    methods: tuple[str, ...] = ()


def entry_label(entry: EntryPoint, name: str, class_name: str, how: Registration) -> str:
    """The first alternative of the record's template (they are parted by `|`) that can be filled in."""
    values = {"verb": _verb(how), "name": name, "attr": how.attr}
    if class_name:
        values["class"] = class_name
    if how.path is not None:
        values["path"] = how.path or "/"
    for template in entry.label.split("|"):
        wanted = set(_PLACEHOLDER.findall(template))
        if template and wanted <= values.keys():
            text = _PLACEHOLDER.sub(lambda found: values[found[1]], template)
            return " ".join(text.split()).strip(".")
    return " ".join(f"{entry.framework} {entry.per} {name}".split())


def _verb(how: Registration) -> str:
    word = how.attr.rpartition(".")[2].removeprefix("add_").lower()
    if word in _VERBS:
        return word.upper()
    if "websocket" in word or word == "ws":
        return "WS"
    return "/".join(method.upper() for method in how.methods)
