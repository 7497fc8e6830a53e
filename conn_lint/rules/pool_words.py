"""Words that the messages on pools' settings share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from conn_lint.model.location import Location
from conn_lint.model.option import Option, Role
from conn_lint.model.pool import PoolSettings, Setting

_SIZES: tuple[Role, ...] = ("max-size", "size", "overflow")


def sizes(pool: PoolSettings) -> list[Setting]:
    """The settings that say how many connections it opens at most."""
    found = [setting for role in _SIZES if (setting := pool.get(role)) is not None]
    return [setting for setting in found if setting.is_known]


def stated(settings: Iterable[Setting], here: str) -> str:
    """`pool_size=20 (config.py:12) + max_overflow=10 by default`: values, and where they are written.

    `here` is the file of the call, which is not named again.
    """
    return " + ".join(
        f"{name(setting)}={value_of(setting)}{_place(setting, here)}" for setting in settings
    )


def name(setting: Setting) -> str:
    """Its keyword, else the parameter of the URL, else what it is."""
    return setting.parameter or next(iter(setting.in_url), setting.role)


def value_of(setting: Setting) -> str:
    """A value as people write it."""
    value = setting.value
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _place(setting: Setting, here: str) -> str:
    """Where a value is written, if that is not the call itself, or what may say otherwise."""
    if setting.source == "default":
        return " by default"
    if setting.variable:
        return f" (unless {setting.variable} is set)"
    location = setting.location
    if location is None:
        return ""
    return f" ({place(location, here)})"


def place(location: Location, here: str) -> str:
    """`config.py:12`, or `:12` in the file that is spoken of."""
    return f"{'' if location.path == here else location.path}:{location.span.line}"


def changes(pool: PoolSettings, values: Mapping[Role, int]) -> list[str]:
    """The keywords that give the pool these values, as far as its library has them."""
    found = (pool.get(role) for role in values)
    named = [setting for setting in found if setting is not None and setting.parameter]
    return [f"{setting.parameter}={values[setting.role]}" for setting in named]


def in_url(pool: PoolSettings, values: Mapping[Role, int]) -> list[str]:
    """The same for those that only the server's URL gives."""
    found = (pool.get(role) for role in values)
    named = [s for s in found if s is not None and s.in_url and not s.parameter]
    return [f"{setting.in_url[0]}={values[setting.role]}" for setting in named]


def is_positional(pool: PoolSettings, roles: Collection[Role]) -> bool:
    """One of the settings may be given by its position, so that a keyword would say it twice."""
    return any(
        option.position is not None and (setting := pool.get(option.role)) and setting.is_given
        for option in pool.creation.resource.options
        if option.role in roles
    )


def keywords(option: Option) -> str:
    """The keywords that set an option right, as they are written."""
    name = option.limit_name
    return ", ".join(option.limit.replace("{}", name).split("\n"))
