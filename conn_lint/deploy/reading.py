"""Puts together what a project's files say of its deployment. Of files that describe the same, one is chosen."""

from __future__ import annotations

import enum
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from conn_lint.deploy.compose import Image, Service, environment, services
from conn_lint.deploy.described import (
    Described,
    SettingOf,
    Stated,
    Surroundings,
    processes_of,
)
from conn_lint.deploy.ecs import tasks
from conn_lint.deploy.images import image_of
from conn_lint.deploy.kubernetes import autoscaled, workloads
from conn_lint.deploy.limits import limits_of_files, limits_of_services, product_of_image
from conn_lint.deploy.poolers import is_pgbouncer, is_pgcat, pgbouncer, pgcat
from conn_lint.deploy.purposes import effort
from conn_lint.deploy.serverless import functions
from conn_lint.deploy.shell import commands_of
from conn_lint.deploy.supervised import Supervisors
from conn_lint.deploy.tree import Tree, parts_of, tree_of
from conn_lint.model.deployment import Deployment, Figure, Pooler, Process
from conn_lint.model.launcher import Launcher, Product
from conn_lint.model.summary import DocumentSummary

_COMPOSE = re.compile(r"(docker-)?compose([.-].+)?\.ya?ml")


class Rank(enum.IntEnum):
    """How near to the real thing a description is."""

    WORK = 1
    DOCKERFILE = 2
    COMPOSE = 3
    PROCFILE = 4
    PLATFORM = 5
    LIVE_COMPOSE = 6
    KUBERNETES = 7


class Candidate(NamedTuple):
    """What one file (or the manifests of one cluster) describes: the higher its rank, the nearer to the real thing."""

    rank: Rank
    path: str
    processes: tuple[Process, ...]


def read_deployment(
    documents: Sequence[DocumentSummary],
    launchers: Sequence[Launcher],
    products: Sequence[Product],
    setting: SettingOf,
    below: str = "",
    stated: Stated = lambda _: None,
) -> Deployment:
    """All that the documents say. `setting` reads settings files of launchers that are Python, `stated` the program's
    own settings.

    `below` is the folder of the project: what is built from other folders is another's.
    """
    reader = _Reader(documents, launchers, setting, below, stated)
    candidates = sorted(reader.candidates(), key=_nearness)
    chosen = candidates[0] if candidates else Candidate(Rank.WORK, "", ())
    processes = [*chosen.processes, *reader.functions()]
    ordered = sorted(reader.services(), key=lambda s: (s.path != chosen.path, effort(s.path)))
    read = {chosen.path, *(process.path for process in processes)}
    return Deployment(
        processes=_named_once(processes),
        limits=(*limits_of_services(ordered, products), *limits_of_files(reader.trees, products)),
        poolers=tuple(reader.poolers()),
        serves=tuple(
            product.name
            for service in ordered
            if (product := product_of_image(service.image, products)) is not None
        ),
        others=tuple(sorted({c.path for c in candidates[1:]} - read)),
    )


class _Reader:
    def __init__(
        self,
        documents: Sequence[DocumentSummary],
        launchers: Sequence[Launcher],
        setting: SettingOf,
        below: str,
        stated: Stated,
    ) -> None:
        self._documents = documents
        self._below = below
        self.trees = [(document, tree_of(document)) for document in documents]
        self._env = {
            document.path: {str(e.keys[0]): str(e.value or "") for e in document.entries}
            for document in documents
            if document.format == "env"
        }
        self._images = {
            tree.path: image_of(tree) for d, tree in self.trees if d.format == "dockerfile"
        }
        self._scripts = {d.path: commands_of(d) for d in documents if d.format == "shell"}
        self._outer_setting = setting
        self._supervisors = Supervisors(tree for d, tree in self.trees if d.format == "ini")
        self._around = Surroundings(
            launchers, self._script, self._setting, stated, self._supervisors.started_by
        )

    def _script(self, name: str) -> Sequence[str]:
        """The script of the project that a command means: that with most of its path, else the only one of its name."""
        last = posixpath.basename(name)
        found = [path for path in self._scripts if posixpath.basename(path) == last]
        exact = [path for path in found if f"/{name}".endswith(f"/{path}")]
        if exact:
            return self._scripts[max(exact, key=len)]
        return self._scripts[found[0]] if len(found) == 1 else ()

    def _setting(self, folder: str, config: str, name: str) -> Figure | str | None:
        """A number (or text) in a launcher's settings file, be it a document or a module."""
        last = posixpath.basename(config)
        for document, _ in self.trees:
            if document.format != "ini" or posixpath.basename(document.path) != last:
                continue
            for entry in reversed(document.entries):
                if entry.keys and entry.keys[-1] == name and isinstance(entry.value, str):
                    if entry.value.isdecimal() and len(entry.value) < 6:
                        return Figure(int(entry.value), "read", document.path, entry.span.line)
                    return entry.value
        return self._outer_setting(folder, config, name)

    def services(self) -> list[Service]:
        """The services of all compose files."""
        return [
            service
            for document, tree in self.trees
            if _COMPOSE.fullmatch(posixpath.basename(document.path))
            for service in services(tree, self._images, self._env)
        ]

    def functions(self) -> Iterator[Process]:
        """Serverless functions run beside whatever else there is."""
        for document, tree in self.trees:
            if document.format == "yaml" and effort(document.path) < 2:
                yield from functions(tree)

    def poolers(self) -> Iterator[Pooler]:
        """The poolers that the project sets up."""
        for document, tree in self.trees:
            if is_pgbouncer(document):
                yield pgbouncer(tree)
            elif is_pgcat(document):
                yield pgcat(tree)

    def candidates(self) -> Iterator[Candidate]:
        """Everything that describes processes; what supervisors run counts with what starts them, if anything does."""
        found = list(self._candidates())
        yield from found
        started = {process.path for candidate in found for process in candidate.processes}
        left = [(path, run) for path, run in self._supervisors.programs() if path not in started]
        for rank, wanted in ((Rank.PROCFILE, (0, 1)), (Rank.WORK, (2,))):
            own = [(path, run) for path, run in left if effort(path) in wanted]
            if own:  # one supervisor runs what all of them say
                yield from self._candidate(rank, own[0][0], [one for _, run in own for one in run])

    def _candidates(self) -> Iterator[Candidate]:
        by_file: dict[str, list[Service]] = defaultdict(list)
        for service in self.services():
            by_file[service.path].append(service)
        for path, found in by_file.items():
            purpose = effort(path)
            rank = (Rank.LIVE_COMPOSE, Rank.COMPOSE, Rank.WORK)[purpose]
            own = [service for service in found if self._is_ours(service.built_in)]
            yield from self._candidate(rank, path, self._with_own_image(own))
        yield from self._cluster()
        for document, tree in self.trees:
            name = posixpath.basename(document.path)
            if document.format == "procfile":
                purpose = effort(document.path)
                rank = Rank.WORK if purpose == 2 else Rank.PROCFILE
                yield from self._candidate(rank, document.path, self._lines(tree))
            elif name == "fly.toml":
                yield from self._candidate(Rank.PLATFORM, document.path, self._fly(tree))
            elif name in ("render.yaml", "render.yml"):
                yield from self._candidate(Rank.PLATFORM, document.path, self._render(tree))
            elif document.format == "yaml":
                default = next(iter(self._own_image()), "")
                yield from self._candidate(Rank.PLATFORM, document.path, tasks(tree, default))
        yield from self._dockerfiles()

    def _with_own_image(self, found: Sequence[Service]) -> Iterator[Described]:
        """What services run; the project's image is known by other services that run programs in it."""
        images = {service.image for service in found if service.command and service.image}
        default = next(iter(self._own_image()), "")
        for service in found:
            command = service.command
            if not command and service.image in images:
                command = default
            yield service.described._replace(command=command)

    def _is_ours(self, built_in: str | None) -> bool:
        """It may hold the project: it is built above or below its folder, or nobody says where."""
        if built_in is None or not self._below:
            return True
        inner, outer = f"{built_in}/".lstrip("/"), f"{self._below}/"
        return outer.startswith(inner) or inner.startswith(outer)

    def _candidate(
        self, rank: Rank, path: str, described: Iterable[Described]
    ) -> Iterator[Candidate]:
        processes = tuple(p for one in described for p in processes_of(one, self._around))
        if processes:
            yield Candidate(rank, path, processes)

    def _lines(self, tree: Tree) -> Iterator[Described]:
        folder = posixpath.dirname(tree.path)
        for name, command in tree.items():
            if name != "release" and effort(str(name)) < 2:
                env = self._env.get(posixpath.join(folder, ".env"), {})
                yield Described(
                    str(name), command.text(), tree.path, command.line(), None, env, folder
                )

    def _fly(self, tree: Tree) -> Iterator[Described]:
        folder = posixpath.dirname(tree.path)
        env = environment(tree.at("env"))
        named = list(tree.at("processes").items())
        for name, command in named:
            yield Described(str(name), command.text(), tree.path, command.line(), None, env, folder)
        image = self._images.get(posixpath.join(folder, "Dockerfile"))
        if not named and image is not None:
            yield Described(
                tree.text("app") or "app", image.whole, tree.path, tree.line("app") or 1,
                None, {**image.environment, **env}, folder,
            )  # fmt: skip

    def _render(self, tree: Tree) -> Iterator[Described]:
        for service in tree.at("services").values():
            count = service.number("numInstances") or service.number("scaling", "maxInstances")
            line = service.line("startCommand") or service.line()
            instances = None if count is None else Figure(count, "read", tree.path, line)
            command = service.text("startCommand") or service.text("dockerCommand")
            env = {
                v.text("key"): v.text("value")
                for v in service.at("envVars").values()
                if v.text("value")
            }
            yield Described(service.text("name"), command, tree.path, line, instances, env)

    def _cluster(self) -> Iterator[Candidate]:
        """The workloads of all manifests; of those that share a name, the one that is nearest to real use."""
        parts = [
            part
            for document in self._documents
            if document.format == "yaml"
            for part in parts_of(document)
        ]
        default = next(iter(self._own_image()), "")
        found: dict[str, Described] = {}
        ordered = sorted(parts, key=lambda part: (effort(part.path), part.path))
        for described in workloads(ordered, autoscaled(ordered), default):
            found.setdefault(described.name, described)
        for candidate in self._candidate(Rank.KUBERNETES, "", found.values()):
            path = min(process.path for process in candidate.processes)
            yield candidate._replace(path=path)

    def _own_image(self) -> list[str]:
        """What the project's one image runs, or the one at its root."""
        root = self._images.get(posixpath.join(self._below, "Dockerfile"))
        if root is not None and root.whole:
            return [root.whole]
        commands = [image.whole for image in self._images.values() if image.whole]
        return commands if len(commands) == 1 else []

    def _dockerfiles(self) -> Iterator[Candidate]:
        """Each folder's image that is nearest to real use."""
        best: dict[str, tuple[int, str, Tree, Image]] = {}
        for document, tree in self.trees:
            if document.format != "dockerfile" or not self._images[tree.path].whole:
                continue
            folder = posixpath.dirname(tree.path)
            entry = (effort(tree.path), tree.path, tree, self._images[tree.path])
            if folder not in best or entry[:2] < best[folder][:2]:
                best[folder] = entry
        described = [
            Described(
                posixpath.basename(folder) or "app", image.whole, path, image.line, None,
                image.environment, folder,
            )
            for folder, (_, path, tree, image) in best.items()
        ]  # fmt: skip
        for candidate in self._candidate(Rank.DOCKERFILE, "", described):
            path = min(process.path for process in candidate.processes)
            yield candidate._replace(path=path)


def _nearness(candidate: Candidate) -> tuple[int, int, int, str]:
    """The plain name of a kind of file comes before its variants."""
    path = candidate.path
    return -candidate.rank, path.count("/"), len(posixpath.basename(path)), path


def _named_once(processes: Iterable[Process]) -> tuple[Process, ...]:
    """Each with a name of its own."""
    found: dict[str, Process] = {}
    for process in processes:
        name, number = process.name, 2
        while name in found:
            name, number = f"{process.name} {number}", number + 1
        found[name] = msgspec.structs.replace(process, name=name)
    return tuple(found.values())
