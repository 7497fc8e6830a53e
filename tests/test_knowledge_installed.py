"""The names and methods of the data exist in those libraries that are installed here."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import warnings
from typing import Any

import pytest

from conn_lint.knowledge.load import load_builtin
from conn_lint.knowledge.lookup import Knowledge
from conn_lint.model.resource import Resource

KNOWLEDGE = Knowledge(load_builtin())
MODULES = {module for library in KNOWLEDGE.libraries for module in library.imports}


def is_installed(dotted: str) -> bool:
    """Whether the module can be imported that a name, or the longest known start of it, lies in."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        module = ".".join(parts[:length])
        if module in MODULES:
            return is_importable(module)
    return is_importable(parts[0])


def is_importable(module: str) -> bool:
    try:
        if importlib.util.find_spec(module.partition(".")[0]) is None:
            return False
        load(module)
    except Exception:  # noqa: BLE001 - a library that cannot be loaded here is not installed
        return False
    return True


def load(module: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(module)


def resolve(dotted: str) -> Any:
    """The object of that name; raises AttributeError if its module has it not, skips what needs another library."""
    parts = dotted.removesuffix(".__call__").split(".")
    for length in range(len(parts), 0, -1):
        module = ".".join(parts[:length])
        try:
            found = load(module)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module}.".startswith(f"{error.name}."):
                pytest.skip(f"{module} needs {error.name}")
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for part in parts[length:]:
                found = getattr(found, part)
        return found
    raise AttributeError(dotted)


CALLS = [
    (name, resource)
    for resource in KNOWLEDGE.resources
    for name in resource.acquire
    if name not in resource.elsewhere and is_installed(name)
]


@pytest.mark.parametrize(("name", "resource"), CALLS, ids=[name for name, _ in CALLS])
def test_the_call_exists(name: str, resource: Resource) -> None:
    assert callable(resolve(name)), f"{name} of {resource.name}"


VALUES = [
    resource
    for resource in KNOWLEDGE.resources
    if resource.value and is_installed(resource.value) and resource.release
]


@pytest.mark.parametrize("resource", VALUES, ids=[resource.name for resource in VALUES])
def test_the_releases_exist(resource: Resource) -> None:
    value = resolve(resource.value)
    if not inspect.isclass(value):
        pytest.skip("the value has a type that is not public")
    for method in resource.release:
        if "." not in method:  # a chain begins at an attribute of the instance
            assert hasattr(value, method), f"{resource.value}.{method}"


OWNED = [(name, resource) for name, resource in CALLS if resource.release_on_owner]


@pytest.mark.parametrize(("name", "resource"), OWNED, ids=[name for name, _ in OWNED])
def test_the_owner_takes_it_back(name: str, resource: Resource) -> None:
    owner = resolve(name.rpartition(".")[0])
    for method in resource.release_on_owner:
        assert hasattr(owner, method), f"{owner}.{method}"


ALIASES = [
    (also, alias.type)
    for family in load_builtin()
    for alias in family.alias
    for also in alias.also
    if is_installed(also)
]


@pytest.mark.parametrize(("also", "type_name"), ALIASES, ids=[also for also, _ in ALIASES])
def test_an_alias_exists_unless_said_to_be_elsewhere(also: str, type_name: str) -> None:
    elsewhere = {name for resource in KNOWLEDGE.resources for name in resource.elsewhere}
    if also not in elsewhere:
        assert resolve(also) is not None, f"{also}, another name of {type_name}"
