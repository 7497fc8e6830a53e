"""Reads compose files: the programs among their services, and the servers."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from conn_lint.deploy.described import Described
from conn_lint.deploy.tree import Tree
from conn_lint.model.deployment import Figure


class Image(NamedTuple):
    """What an image runs by itself, and its variables: the command alone gives way to another."""

    entrypoint: str
    command: str
    environment: Mapping[str, str]
    path: str
    line: int

    @property
    def whole(self) -> str:
        """What it runs if nothing else is said."""
        return f"{self.entrypoint} {self.command}".strip()


class Service(NamedTuple):
    """One service; a server's too."""

    path: str
    name: str
    image: str
    command: str
    described: Described
    built_in: str | None = None  # the folder of its image's Dockerfile, if the project builds it


def services(
    document: Tree, images: Mapping[str, Image], env: Mapping[str, Mapping[str, str]]
) -> Iterator[Service]:
    """All services of a file. `images` are what its Dockerfiles run, `env` the variables of files, by path."""
    folder = posixpath.dirname(document.path)
    outer = {**env.get(posixpath.join(folder, ".env"), {})}
    for name, service in document.at("services").items():
        if not isinstance(name, str):
            continue
        dockerfile = _dockerfile(service, folder)
        image = images.get(dockerfile) if dockerfile else None
        inner = {**outer, **(image.environment if image is not None else {})}
        for file in _env_files(service):
            inner.update(env.get(posixpath.normpath(posixpath.join(folder, file)), {}))
        inner.update(environment(service.at("environment")))
        command = _command(service, image)
        place = (document.path, service.line("command") or service.line())
        if image is not None and not (service.at("command") or service.at("entrypoint")):
            place = image.path, image.line
        yield Service(
            path=document.path,
            name=name,
            image=service.text("image"),
            command=command,
            described=Described(
                name=name,
                command=command,
                path=place[0],
                line=place[1],
                instances=_instances(service),
                environment=inner,
                folder=posixpath.dirname(dockerfile) if dockerfile else folder,
            ),
            built_in=_context(service, folder, dockerfile),
        )


def environment(tree: Tree) -> dict[str, str]:
    """Variables as a table or as a list of NAME=VALUE; those without a value come from elsewhere."""
    found: dict[str, str] = {}
    for key, value in tree.items():
        text = value.text()
        if isinstance(key, int):
            name, sign, text = text.partition("=")
            if sign:
                found[name] = text
        elif text:
            found[key] = text
    return found


def joined(tree: Tree) -> str:
    """A command that is a text, or a list of words."""
    words = tree.words()
    return words[0] if tree.entry is not None and words else shlex.join(words)


def _command(service: Tree, image: Image | None) -> str:
    entrypoint, command = joined(service.at("entrypoint")), joined(service.at("command"))
    if not entrypoint and image is not None:
        entrypoint = image.entrypoint
        command = command or image.command
    return f"{entrypoint} {command}".strip()


def _dockerfile(service: Tree, folder: str) -> str:
    build = service.at("build")
    if not build:
        return ""
    context = build.text() or build.text("context") or "."
    file = build.text("dockerfile") or "Dockerfile"
    return posixpath.normpath(posixpath.join(folder, context, file))


def _context(service: Tree, folder: str, dockerfile: str) -> str | None:
    """The folder that an image is made of: where its Dockerfile lies, or the context if that is deeper."""
    if not dockerfile:
        return None
    build = service.at("build")
    context = posixpath.normpath(
        posixpath.join(folder, build.text() or build.text("context") or ".")
    )
    around = posixpath.dirname(dockerfile)
    deeper = max(context.removeprefix("."), around, key=len)
    return deeper if not deeper.startswith("..") else None


def _env_files(service: Tree) -> list[str]:
    files = service.words("env_file")
    return files or [
        text for file in service.at("env_file").values() if (text := file.text("path"))
    ]


def _instances(service: Tree) -> Figure | None:
    for keys in (("deploy", "replicas"), ("scale",)):
        count = service.number(*keys)
        if count is not None:
            return Figure(count, "read", service.path, service.line(*keys))
    return None
