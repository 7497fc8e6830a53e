"""How the pools, clients and connections of a program are set: values, where they come from, and to which server."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from conn_lint.model.creation import Creation
from conn_lint.model.location import Location
from conn_lint.model.option import Keeps, Role, Scalar

Source: TypeAlias = Literal[
    "argument",  # written at the creation
    "constant",  # a name or attribute with one value, defined at `location`
    "environment",  # the default of a variable of the environment, which may say otherwise
    "document",  # a settings file of the project, read for a variable of the environment
    "example",  # the same, but a file that only shows how settings may look
    "url",  # a parameter of the server's URL
    "default",  # the library's own
    "unknown",
]


class Setting(msgspec.Struct, frozen=True):
    """One setting of a pool: its value in the role's unit, or one of the role's words; None is a value too.

    `parameter` is the keyword that gives it (or could), in the dict that the keyword `inside` has if there is one (with
    dots into dicts in it), `variable` that of the environment which decides it,
    `location` where the value is written if not in the call, `version` the library's version that the default was
    read in, `in_url` the parameter of the server's URL that gives it too. Without a `source` that is known,
    the value says nothing.
    """

    role: Role
    value: Scalar
    source: Source
    parameter: str = ""
    variable: str = ""
    location: Location | None = None
    library: str = ""
    version: str = ""
    in_url: tuple[str, ...] = ()
    inside: str = ""

    @property
    def is_known(self) -> bool:
        """The value can be told."""
        return self.source != "unknown"

    @property
    def is_given(self) -> bool:
        """The program says it, not the library."""
        return self.source not in ("unknown", "default")

    @property
    def number(self) -> float | None:
        """The value, if it is a number."""
        value = self.value
        if not self.is_known or isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return value


class Server(msgspec.Struct, frozen=True):
    """The address of a server as far as it is known: a part is None where it cannot be told, "" where it is not given
    (a port: 0).

    `scheme` is that of the URL ("postgresql+asyncpg"), `written` the host with `...` for parts that cannot be told.
    `parameters` are those of its query, or of a DSN. `variable` is
    the one of the environment that has all of it.
    """

    scheme: str | None = ""
    host: str | None = ""
    port: int | None = 0
    database: str | None = ""
    parameters: tuple[tuple[str, str], ...] = ()
    source: Source = "unknown"
    variable: str = ""
    location: Location | None = None
    written: str = ""

    def parameter(self, name: str) -> str | None:
        """A parameter of the query, whatever the case of its letters; None without it."""
        wanted = name.lower()
        return next((value for key, value in self.parameters if key.lower() == wanted), None)


class PoolSettings(msgspec.Struct, frozen=True):
    """One creation with all that is known of its settings.

    `open`: something unknown may say more (`**options`). `keeps` is what its class leaves open between two uses.
    `others` are engines that the same call makes beside it, by their names.
    """

    creation: Creation
    settings: tuple[Setting, ...]
    server: Server
    open: bool = False
    keeps: Keeps | None = "pool"
    embedded: bool = False  # a file or memory, no server
    for_script: bool = False  # made only if its file is run as a script
    others: tuple[tuple[str, PoolSettings], ...] = ()
    within: bool = False  # a pool makes it, and counts it

    def get(self, role: Role) -> Setting | None:
        """The setting of a role; None where the library has none, or nobody has looked."""
        return next((setting for setting in self.settings if setting.role == role), None)

    @property
    def largest(self) -> int | None:
        """How many connections it opens at most; None: not known, or without a bound."""
        whole = self.get("max-size")
        if whole is None or not whole.is_given:
            size, overflow = self.get("size"), self.get("overflow")
            if size is not None:
                more = overflow.number if overflow is not None else 0
                if size.number is None or more is None or size.number < 1 or more < 0:
                    return None
                return int(size.number + more)
        if whole is not None and whole.value == "min-size":
            whole = self.get("min-size")
        if whole is None or whole.number is None or whole.number < 1:
            return None
        return int(whole.number)

    @property
    def unbounded(self) -> bool:
        """It opens as many connections as are asked for at a time."""
        return self.keeps == "none" or any(
            setting.value == "unlimited"
            for role in ("max-size", "size", "overflow")
            if (setting := self.get(role)) is not None and setting.is_known
        )


class Taking(msgspec.Struct, frozen=True):
    """A call that takes a connection out of a pool; `limit` are the keywords that would end its wait in time. `tested`:
    its function hands the connection on, and tests it before.
    """

    location: Location
    call: str
    limited: bool
    limit: str = ""
    tested: bool = False
