"""What the knowledge base says of programs that start others, and of servers that take connections."""

from __future__ import annotations

import msgspec


class Launcher(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command that runs a program in processes and threads.

    `subcommand` must follow for it to count ("worker"). `workers` and `threads` are the flags that say how many;
    0 as a default: as many as the machine has processors. `workers_env` and `threads_env` are variables that say it
    too. `target` are the flags before what is run; none: the first argument that is no flag. `config` are flags before
    a file of settings (`config_file` where none is given), in which `workers` and `threads` have the names
    `config_workers` and `config_threads`, and what is run that of `config_target`.
    `pool` is a flag (`config_pool` in the file) whose values `pool_threads` make threads of workers, and those with a
    word of `pool_loops` in them one thread that serves many requests. `settings_workers` are names by which the
    program's own settings say how many workers. `supervises`: its file lists the programs that it runs.
    `unless` are first arguments with which it does not count; `argument`: the first one names what is run.
    `skips` are flags without a value: all others are taken to have one.
    """

    name: str
    commands: tuple[str, ...]
    subcommand: str = ""
    workers: tuple[str, ...] = ()
    workers_default: int = 1
    workers_env: str = ""
    threads: tuple[str, ...] = ()
    threads_default: int = 1
    threads_env: str = ""
    target: tuple[str, ...] = ()
    config: tuple[str, ...] = ()
    config_file: str = ""
    config_workers: str = ""
    config_threads: str = ""
    config_target: str = ""
    pool: tuple[str, ...] = ()
    pool_threads: tuple[str, ...] = ()
    pool_loops: tuple[str, ...] = ()
    config_pool: str = ""
    settings_workers: tuple[str, ...] = ()
    supervises: bool = False
    unless: tuple[str, ...] = ()
    argument: bool = True
    skips: tuple[str, ...] = ()
    is_async: bool = False  # one thread, many requests
    first: bool = False  # it counts only where it begins the command
    once: bool = False  # it ends by itself: a command of administration
    source: str = ""


class Product(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of server.

    `schemes` begin its URLs (what stands before a `+driver`), `resources` the names of resources that connect to it,
    `calls` are parts of the names of classes that do, where their library serves several. `images` are of containers.
    `limit` is the setting that says how many connections it takes, `default` its value as it comes (0: not known);
    `files` are its own settings files, `engines` what settings of frameworks call it.
    `any_of`: what resources connect to that serve several products, where nothing tells which.
    """

    name: str
    title: str
    schemes: tuple[str, ...]
    resources: tuple[str, ...]
    limit: str
    default: int
    source: str
    calls: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    any_of: bool = False
    sized: bool = True  # more connections than the processors can serve make it slower
