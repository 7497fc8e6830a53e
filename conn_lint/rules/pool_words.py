"""Words that the messages on pools' settings share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

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
    if setting.variable and setting.source != "document":
        return f" (unless {setting.variable} is set)"
    location = setting.location
    if location is None:
        return ""
    return f" ({place(location, here)})"


def place(location: Location, here: str) -> str:
    """`config.py:12`, or `:12` in the file that is spoken of."""
    return f"{'' if location.path == here else location.path}:{location.span.line}"


def changes(pool: PoolSettings, values: Mapping[Role, int]) -> list[str]:
    """The keywords that give the pool these values, as far as the call has a place for them: `keyword=value`, with dots
    into dicts of options.
    """
    named = [setting for setting in _of(pool, values) if "*" not in setting.inside]
    return [f"{_path(setting)}={values[setting.role]}" for setting in named if setting.parameter]


def advice(pool: PoolSettings, values: Mapping[Role, int]) -> str:
    """The same in words, wherever they are to be given: in the call, a dict of options or the server's URL."""
    found = _of(pool, values)
    named = [setting for setting in found if setting.parameter]
    if not named:
        given = [f"{s.in_url[0]}={values[s.role]}" for s in found if s.in_url]
        return f"{', '.join(given)} in the server's URL"
    written = ", ".join(f"{setting.parameter}={values[setting.role]}" for setting in named)
    inside = named[0].inside.rpartition(".")[2]
    return f"{written} in its {inside}" if inside else written


def _of(pool: PoolSettings, roles: Iterable[Role]) -> list[Setting]:
    return [setting for role in roles if (setting := pool.get(role)) is not None]


def _path(setting: Setting) -> str:
    return f"{setting.inside}.{setting.parameter}" if setting.inside else setting.parameter


def is_elsewhere(pool: PoolSettings, roles: Collection[Role]) -> bool:
    """One of the settings may be given by its position, or in a dict of options that does not stand in the call: a
    keyword would say it twice.
    """
    return any(
        setting.is_given and (setting.inside and setting.source != "argument")
        for setting in _of(pool, roles)
    ) or any(
        option.position is not None and (setting := pool.get(option.role)) and setting.is_given
        for option in pool.creation.resource.options
        if option.role in roles and not option.inside
    )


def keywords(option: Option) -> str:
    """The keywords that set an option right, as they are written."""
    lines = option.limit.replace("{}", option.limit_name).split("\n")
    return ", ".join(map(keyword, lines))


def keyword(line: str) -> str:
    """`name={"key": value}` for `name.key=value`."""
    path, _, value = line.partition("=")
    name, *keys = path.split(".")
    return f"{name}={nested(keys, value)}"


def nested(keys: Sequence[str], value: str) -> str:
    """`{"key": {"key": value}}`."""
    for key in reversed(keys):
        value = f'{{"{key}": {value}}}'
    return value
