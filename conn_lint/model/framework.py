"""What the knowledge base says of a framework: where requests and jobs enter, what is made once, and where."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Match: TypeAlias = Literal[
    "decorator",  # the function or class is decorated with one of `names`, or `receivers` x `attrs`
    "base-class",  # a method in `methods` of a class that derives from one of `bases`
    "call",  # the callable is given to one of `names`, or `receivers` x `attrs`, as `handler`
    "name",  # a function or method of this name, under the conditions below
    "function",  # a function of the project, by its dotted name
    "script",  # the whole module body
    "setting",  # named as text in one of `variables` of a Python file
    "class-attribute",  # listed in one of `variables` of a class whose name is in `names`
    "document",  # named at one of `keys` in a settings file
    "iteration",  # the body of a loop over, or around a `methods` call on, one of `receivers`
]
Evidence: TypeAlias = Literal["source", "measured", "docs", "unverified", "own"]
Per: TypeAlias = Literal[
    "request", "connection", "message", "job", "tick", "rerun", "parse", "invocation", "run",
    "update", "session", "call", "process",
]  # fmt: skip
InstanceOf: TypeAlias = Literal["", "per-request", "per-connection", "once", "none"]
Phase: TypeAlias = Literal["startup", "shutdown", "both"]
HookScope: TypeAlias = Literal[
    "process", "worker-process", "parent-process", "loop", "app", "session", "invocation"
]
MemoScope: TypeAlias = Literal[
    "process", "thread", "task", "instance", "container", "session", "loop", "none"
]


class Fallback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a decorator or call is recognised whose receiver cannot be resolved (an app imported from elsewhere).

    Its file imports one of the record's modules, or the project does and the receiver bears one of these names.
    """

    receivers: tuple[str, ...] = ()  # names, with `*` as in file names
    path: bool = False  # its first argument must be a text that is empty or begins with "/"


class Recognition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How code that a framework calls is recognised.

    Methods, names and files may hold `*` as in file names; methods of receivers may be chains ("tree.command").
    All conditions given must hold.
    """

    framework: str
    match: Match
    evidence: tuple[Evidence, ...]
    names: tuple[str, ...] = ()
    receivers: tuple[str, ...] = ()
    attrs: tuple[str, ...] = ()
    # positions from 0 (without self) and keywords of the callable; a decorator's: its form as a call
    handler: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()  # "*decorated*": any that has a decorator
    functions: tuple[str, ...] = ()  # a decorator counts on those of these names alone
    variables: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()  # paths into a document, `*` for any step: "functions.*.handler"
    beside: tuple[str, ...] = ()  # keys beside that one which name the folder it starts from
    files: tuple[str, ...] = ()  # the code (or document) lies in a file so called
    imports: tuple[str, ...] = ()  # its file imports one of these
    project_imports: tuple[str, ...] = ()  # some file of the project does
    # the names of the first parameters, "a|b" for either, `*` for any; "..." at the end: more may follow
    parameters: tuple[str, ...] = ()
    by_text: bool = False  # a call may name the callable in a text: "package.module.function"
    unmentioned: bool = False  # no other function names it
    fallback: Fallback | None = None
    # methods of what the decorated function has become that register more: `@group.command()`
    groups: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse what could never match."""
        if self.match in ("decorator", "call") and not (
            self.names or (self.receivers and self.attrs)
        ):
            raise ValueError(f"a {self.match} needs names, or receivers and attrs")
        if self.match == "call" and not self.handler:
            raise ValueError("a call needs handler: the position or keyword of the callable")
        needed = {
            "base-class": ("bases", "methods"),
            "function": ("names",),
            "setting": ("files", "variables"),
            "class-attribute": ("names", "variables"),
            "document": ("files", "keys"),
            "iteration": ("receivers",),
        }
        for key in needed.get(self.match, ()):
            if not getattr(self, key):
                raise ValueError(f"match {self.match} needs {key}")


class EntryPoint(Recognition, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Code that runs once per unit of work: a request, a job, a message.

    `label` is what a message shows of it, with {verb} and {path} of a route, {name} and {class} of the code.
    """

    id: str
    per: Per
    version: str = ""
    dist: str = ""
    instance: InstanceOf = ""  # of the class that handles: made per request, or once
    threads: str = ""  # how units of work run at the same time
    label: str = ""
    example: str = ""  # code whose entry is marked `# entry`; dotted names are imported by the test
    lookalike: str = ""  # code that is none, where the example of another library would be one


class Hook(Recognition, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Start-up and shutdown code: the place to create and to dispose of what lives long ("both": with a yield)."""

    id: str
    phase: Phase
    scope: HookScope
    example: str = ""


class NotEntry(Recognition, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Code that looks like an entry and is none: it runs once per process, or in tests."""

    id: str
    example: str = ""


class Injection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A point of dependency injection, and how long it keeps what it makes."""

    framework: str
    names: tuple[str, ...]
    caches: Literal["per-request", "forever", "per-call", "per-container", "per-scope"]
    evidence: tuple[Evidence, ...]
    keep: str = ""  # in words: what counts as made once
    once: tuple[str, ...] = ()  # those of names whose product is made once per container
    once_if: tuple[str, ...] = ()  # "use_cache=True", "scope=singleton": arguments that make it so
    note: str = ""


class Home(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An application that runs a context manager for as long as it lives, and keeps what that has opened.

    `apps` are its classes (dotted), `starts` the keyword by which they are given the context manager, `holder` their
    attribute for what is kept. A project that has one of the words `unless` may run the application without it.
    `request` is the type (dotted) of the object from which a handler gets the application: a parameter of this type,
    which those that decorators of the names `asked` make handlers may ask for, or else the first.
    """

    apps: tuple[str, ...]
    starts: str
    holder: str
    unless: tuple[str, ...] = ()
    request: str = ""
    asked: tuple[str, ...] = ()


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a client that lives as long as the process belongs, in words and for fixes."""

    framework: str
    sync_text: str
    async_text: str
    evidence: tuple[Evidence, ...]
    dispose: str = ""
    avoid: str = ""
    keeper: str = ""  # the decorator (dotted) that keeps what a function gives; "" for Python's own, "none": none does
    home: Home | None = None
    # What a file makes when it is imported belongs to the process that serves; "fork-safe": unless it was made in front
    # of a fork, which this may be.
    at_import: Literal["", "any", "fork-safe"] = ""
    one_loop: bool = False  # all that is entered runs on the one event loop of its process


class Memo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way to make something once. `idiom` tells in words one that is recognised by its shape.

    `words` are last names of decorators that count even where it cannot be told whose they are.
    """

    id: str
    match: Literal["decorator", "call", "function", "idiom"]
    scope: MemoScope
    once: Literal["yes", "no", "import lock"]  # whether two first calls at a time make one only
    verdict: Literal["singleton", "weak", "not-singleton"]
    evidence: tuple[Evidence, ...]
    names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    idiom: str = ""
    note: str = ""


class Process(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In words, what "once per process" means under a server or worker."""

    id: str
    model: str
    evidence: tuple[Evidence, ...]
    dist: str = ""
    version: str = ""
    hooks: tuple[str, ...] = ()
    note: str = ""
