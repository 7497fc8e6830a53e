"""Which file an import means."""

from __future__ import annotations

import pytest
from programs import analysis

from conn_lint.link.modules import Modules
from conn_lint.link.values import External, ModuleRef

TREE = (
    "top.py",
    "pkg/__init__.py",
    "pkg/a.py",
    "pkg/sub/__init__.py",
    "pkg/sub/b.py",
    "pkg/sub/deep/__init__.py",
    "pkg/sub/deep/c.py",
    "space/part/d.py",
    "scripts/run.py",
    "scripts/shared.py",
    "stubs.pyi",
)
MODULES = Modules(TREE, [""])


def path(found: ModuleRef | None) -> str | None:
    """The file, or the folder of a namespace package with a slash."""
    if found is None:
        return None
    return found.path if found.path is not None else f"{found.folder}/"


@pytest.mark.parametrize(
    ("dotted", "importer", "expected"),
    [
        ("top", "pkg/a.py", "top.py"),
        ("pkg", "top.py", "pkg/__init__.py"),
        ("pkg.a", "top.py", "pkg/a.py"),
        ("pkg.sub", "pkg/a.py", "pkg/sub/__init__.py"),
        ("pkg.sub.b", "pkg/sub/deep/c.py", "pkg/sub/b.py"),
        ("pkg.none", "top.py", None),
        ("a", "pkg/sub/b.py", "pkg/a.py"),  # a package's folder is no place where imports start
        ("a", "pkg/a.py", "pkg/a.py"),
        ("space", "top.py", "space/"),
        ("space.part", "top.py", "space/part/"),
        ("space.part.d", "top.py", "space/part/d.py"),
        ("shared", "scripts/run.py", "scripts/shared.py"),
        ("shared", "top.py", None),
        ("run", "scripts/shared.py", "scripts/run.py"),
        ("stubs", "top.py", "stubs.pyi"),
        ("json", "top.py", None),
        ("sub.b", "top.py", "pkg/sub/b.py"),  # the only file whose path ends so
    ],
)
def test_absolute(dotted: str, importer: str, expected: str | None) -> None:
    assert path(MODULES.absolute(dotted, importer)) == expected


@pytest.mark.parametrize(
    ("dotted", "level", "importer", "expected"),
    [
        ("", 1, "pkg/a.py", "pkg/__init__.py"),
        ("a", 1, "pkg/__init__.py", "pkg/a.py"),
        ("sub", 1, "pkg/a.py", "pkg/sub/__init__.py"),
        ("sub.b", 1, "pkg/a.py", "pkg/sub/b.py"),
        ("", 2, "pkg/sub/b.py", "pkg/__init__.py"),
        ("a", 2, "pkg/sub/b.py", "pkg/a.py"),
        ("a", 2, "pkg/sub/__init__.py", "pkg/a.py"),
        ("a", 3, "pkg/sub/deep/c.py", "pkg/a.py"),
        ("top", 4, "pkg/sub/deep/c.py", "top.py"),
        ("top", 5, "pkg/sub/deep/c.py", None),
        ("none", 1, "pkg/a.py", None),
        ("d", 1, "space/part/e.py", "space/part/d.py"),
        ("part", 1, "space/x.py", "space/part/"),
        ("top", 2, "top.py", None),
    ],
)
def test_relative(dotted: str, level: int, importer: str, expected: str | None) -> None:
    assert path(MODULES.relative(dotted, level, importer)) == expected


def test_members_of_packages() -> None:
    package = ModuleRef("pkg/__init__.py", "pkg")
    assert path(MODULES.member(package, "a")) == "pkg/a.py"
    assert path(MODULES.member(package, "sub")) == "pkg/sub/__init__.py"
    assert MODULES.member(package, "b") is None
    assert MODULES.member(ModuleRef("top.py", ""), "pkg") is None
    assert path(MODULES.member(ModuleRef(None, "space"), "part")) == "space/part/"


def test_a_package_wins_over_nothing_and_a_module_over_a_namespace() -> None:
    modules = Modules(["x.py", "x/y.py", "src/x.py"], ["", "src"])
    assert path(modules.absolute("x", "main.py")) == "x.py"
    assert path(modules.absolute("x.y", "main.py")) == "x/y.py"


def test_a_regular_package_elsewhere_wins_over_a_folder_beside() -> None:
    modules = Modules(["tools/db/notes.py", "tools/run.py", "db/__init__.py"], [""])
    assert path(modules.absolute("db", "tools/run.py")) == "db/__init__.py"


@pytest.mark.parametrize(
    ("importer", "expected"),
    [("one/app/main.py", "one/db.py"), ("two/app/main.py", "two/db.py")],
)
def test_the_own_root_comes_first(importer: str, expected: str) -> None:
    files = ["one/db.py", "one/app/__init__.py", "one/app/main.py"]
    files += [name.replace("one/", "two/") for name in files]
    assert path(Modules(files, ["one", "two"]).absolute("db", importer)) == expected


def test_two_files_that_end_alike_are_none() -> None:
    modules = Modules(["one/pkg/db.py", "two/pkg/db.py", "main.py"], [""])
    assert modules.absolute("pkg.db", "main.py") is None
    assert path(modules.absolute("pkg.db", "one/main.py")) == "one/pkg/db.py"


def test_a_root_below_another_is_nearer() -> None:
    modules = Modules(["db.py", "service/db.py", "service/app/main.py"], ["", "service"])
    assert path(modules.absolute("db", "service/app/main.py")) == "service/db.py"
    assert path(modules.absolute("db", "main.py")) == "db.py"


IMPORTED = {
    "src layout": (
        {"src/shop/__init__.py": "", "src/shop/db.py": "x = 1\n"},
        "src/shop/main.py",
        "shop.db",
    ),
    "namespace": ({"acme_ns/one/db.py": "x = 1\n"}, "acme_ns/two/main.py", "acme_ns.one.db"),
    "script folder": ({"bin/db.py": "x = 1\n"}, "bin/main.py", "db"),
    "flat": ({"db.py": "x = 1\n"}, "main.py", "db"),
}


@pytest.mark.parametrize("layout", IMPORTED)
def test_layouts(layout: str) -> None:
    files, main, module = IMPORTED[layout]
    made = analysis({**files, main: f"import {module} as it\n"})
    found = made.types.module_name(main, "it")
    (wanted,) = [name for name in files if name.endswith("db.py")]
    assert isinstance(found, ModuleRef)
    assert found.path == wanted


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"app/redis.py": "", "app/main.py": "import redis\n"}, External("redis")),
        ({"tools/psycopg2.py": "", "app/main.py": "import psycopg2\n"}, External("psycopg2")),
        ({"redis.py": "", "app/main.py": "import redis\n"}, ModuleRef("redis.py", "")),
        (
            {"redis/__init__.py": "", "app/main.py": "import redis\n"},
            ModuleRef("redis/__init__.py", "redis"),
        ),
    ],
)
def test_a_file_named_like_a_library(files: dict[str, str], expected: object) -> None:
    made = analysis(files)
    name = files["app/main.py"].split()[1]
    assert made.types.module_name("app/main.py", name) == expected


def test_a_file_named_like_the_library_it_imports() -> None:
    made = analysis({"redis.py": "import redis\nfrom redis import Redis\n"})
    assert made.types.module_name("redis.py", "redis") == External("redis")
    assert made.types.module_name("redis.py", "Redis") == External("redis.Redis")
