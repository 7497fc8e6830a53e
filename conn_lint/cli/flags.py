"""Adds flags to commands."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

Command = TypeVar("Command", bound=Callable[..., Any])


def with_options(options: Sequence[Callable[[Any], Any]], command: Command) -> Command:
    """The command with these flags, shown in this order."""
    return functools.reduce(lambda made, option: option(made), reversed(options), command)
