from __future__ import annotations

from pathlib import Path

import pytest
from projects import LEAK, places, run_check, write

from conn_lint.config.files import read_layer
from conn_lint.config.options import ConfigError, Options, parse_options
from conn_lint.config.projects import Projects
from conn_lint.config.resolve import Flags, resolve
from conn_lint.engine.markers import DEFAULT_EXCLUDE
from conn_lint.model.finding import Severity
from conn_lint.model.settings import Settings


def settings(root: Path, **options: object) -> Settings:
    table = {name.replace("_", "-"): value for name, value in options.items()}
    return Projects(Flags(options=parse_options(table, "flags"))).settings(root)


def test_defaults(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert found.select == ("CNX",)
    assert found.exclude == DEFAULT_EXCLUDE
    assert found.fail_on is Severity.WARNING
    assert found.jobs == 0


@pytest.mark.parametrize("name", ["pyproject.toml", "conn-lint.toml"])
def test_both_files_are_read(tmp_path: Path, name: str) -> None:
    header = "[tool.conn-lint]\n" if name == "pyproject.toml" else ""
    write(tmp_path, {name: header + 'max-pool-size = 7\nsrc = ["lib"]\nfail-on = "error"\n'})
    found = settings(tmp_path)
    assert found.max_pool_size == 7
    assert found.source_roots == (tmp_path / "lib",)
    assert found.fail_on is Severity.ERROR


def test_own_file_wins_over_pyproject(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pyproject.toml": "[tool.conn-lint]\nmax-pool-size = 1\n",
            "conn-lint.toml": "max-pool-size = 2\n",
        },
    )
    assert settings(tmp_path).max_pool_size == 2


def test_flags_win_over_the_file(tmp_path: Path) -> None:
    write(tmp_path, {"conn-lint.toml": 'select = ["CNX201"]\nextend-exclude = ["a"]\njobs = 3\n'})
    found = settings(tmp_path, select=["CNX202"], extend_exclude=["b"])
    assert found.select == ("CNX202",)
    assert found.exclude[-2:] == ("a", "b")
    assert found.jobs == 3


def test_extend_merges_and_paths_count_from_their_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "base/shared.toml": 'cache-dir = "cache"\nmax-pool-size = 5\n'
            'extend-exclude = ["x"]\nversions = { a = "1", b = "1" }\n',
            "app/conn-lint.toml": 'extend = "../base/shared.toml"\nmax-pool-size = 6\n'
            'extend-exclude = ["y"]\nversions = { b = "2" }\n',
        },
    )
    found = settings(tmp_path / "app")
    assert found.cache_dir == tmp_path / "base" / "cache"
    assert found.max_pool_size == 6
    assert found.exclude[-2:] == ("x", "y")
    assert found.versions == (("a", "1"), ("b", "2"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extend = 'conn-lint.toml'", "extends itself"),
        ("extend = 'other.toml'", "there is no file"),
        ("selct = []", "unknown key 'selct', did you mean 'select'?"),
        ("qqqqqqqq = 1", "unknown key 'qqqqqqqq'; allowed: "),
        ("fail-on = 'eror'", "fail-on: 'eror' is not allowed, did you mean 'error'?"),
        ("kind = 'servce'", "did you mean 'service'?"),
        ("kind = { 'a/*' = 'scrip' }", "kind.a/*: 'scrip' is not allowed, did you mean 'script'?"),
        ("severity = { CNX201 = 'fatal' }", "severity.CNX201: 'fatal' is not allowed"),
        ("select = ['CNX9999']", "'CNX9999' is no rule"),
        ("ignore = ['never-relased']", "did you mean 'never-released'?"),
        ("per-file-ignores = { 'a' = ['E501'] }", "'E501' is no rule"),
        ("max-pool-size = 0", "max-pool-size: must be at least 1"),
        ("jobs = -1", "jobs: must be at least 0"),
        ("include-tests = 'yes'", "include-tests: expected 'bool', got 'str'"),
        ("select = 'CNX'", "select: expected 'array', got 'str'"),
        ("required-version = '>=99'", "this project needs conn-lint >=99"),
        ("required-version = 'new'", "'new' is no version"),
        ("src = ['../other']", "lies outside the project"),
        ("select = [", "not valid TOML"),
        ("[[resource]]\nnam = 'x'", "did you mean 'name'?"),
        ("entry-points = ['main']", "entry-points: 'main' is no dotted name"),
        ("singletons = ['a/b.py']", "singletons: 'a/b.py' is no dotted name"),
        ("[[entry]]\nid = 'x'\nmatch = 'decoratr'", "did you mean 'decorator'?"),
        (
            "[[entry]]\nid = 'x'\nframework = 'x'\nper = 'job'\nmatch = 'decorator'\nevidence = ['own']",
            "a decorator needs names, or receivers and attrs",
        ),
    ],
)
def test_errors_name_file_key_and_nearest_word(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, {"conn-lint.toml": text + "\n"})
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path)
    assert "conn-lint.toml" in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("required", "fits"),
    [
        ("0.1.0", True),
        (">=0.1, <1", True),
        ("~=0.1.0", True),
        ("==0.1", True),
        ("~=0.0.9", False),
        ("!=0.1.0", False),
        (">0.1", False),
        ("<=0.0.9", False),
    ],
)
def test_required_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, required: str, fits: bool
) -> None:
    monkeypatch.setattr("conn_lint.config.resolve.__version__", "0.1.0")
    write(tmp_path, {"conn-lint.toml": f"required-version = '{required}'\n"})
    if fits:
        settings(tmp_path)
    else:
        with pytest.raises(ConfigError, match="this project needs"):
            settings(tmp_path)


def test_every_path_belongs_to_its_nearest_configuration(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pyproject.toml": "[tool.conn-lint]\n",
            "a.py": LEAK,
            "sub/conn-lint.toml": "ignore = ['CNX201']\n",
            "sub/b.py": LEAK,
            "sub/deep/pyproject.toml": "[project]\nname = 'x'\n",
            "sub/deep/c.py": LEAK,
            "other/pyproject.toml": "[project]\nname = 'y'\n",
            "other/d.py": LEAK,
        },
    )
    run = run_check(tmp_path)
    assert [outcome.root for _, outcome in run.checked] == [tmp_path, tmp_path / "sub"]
    assert places(run) == [("a.py", 5, "CNX201"), ("other/d.py", 5, "CNX201")]
    assert places(run_check(tmp_path / "sub" / "deep" / "c.py")) == []
    assert places(run_check(tmp_path / "other" / "d.py")) == [("other/d.py", 5, "CNX201")]


def test_without_a_configuration_packaging_files_divide(tmp_path: Path) -> None:
    write(
        tmp_path,
        {".git/HEAD": "", "a.py": LEAK, "one/setup.cfg": "", "one/b.py": LEAK, "two/c.py": LEAK},
    )
    run = run_check(tmp_path)
    assert [outcome.root for _, outcome in run.checked] == [tmp_path, tmp_path / "one"]
    assert Projects(Flags()).root(tmp_path / "two" / "c.py") == tmp_path
    assert Projects(Flags()).root(tmp_path / "one" / "b.py") == tmp_path / "one"


def test_a_packaging_file_above_the_repository_does_not_count(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "", "repo/.git/HEAD": "", "repo/a.py": ""})
    assert Projects(Flags()).root(tmp_path / "repo" / "a.py") == tmp_path / "repo"


def test_a_lone_file_belongs_to_its_top_package(tmp_path: Path) -> None:
    write(tmp_path, {"p/__init__.py": "", "p/q/__init__.py": "", "p/q/a.py": ""})
    if Projects(Flags()).root(tmp_path) == tmp_path:  # else something above marks a project
        # Not to the folder around it: that may be anything, a home folder too.
        assert Projects(Flags()).root(tmp_path / "p" / "q" / "a.py") == tmp_path / "p"


def test_isolated_and_config_flags(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "conn-lint.toml": "max-pool-size = 3\n",
            "other.toml": "[tool.conn-lint]\nmax-pool-size = 4\n",
        },
    )
    assert Projects(Flags(isolated=True)).settings(tmp_path).max_pool_size == 20
    projects = Projects(Flags(config=tmp_path / "other.toml"))
    assert projects.root(tmp_path / "a" / "b.py") == tmp_path
    assert projects.settings(tmp_path).max_pool_size == 4


def test_severity_by_prefix_and_name(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"conn-lint.toml": "[severity]\nCNX2 = 'note'\nnever-released = 'warning'\n"},
    )
    found = dict(settings(tmp_path).severity)
    assert found["CNX201"] is Severity.WARNING
    assert found["CNX202"] is Severity.NOTE


def test_users_own_resources(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "conn-lint.toml": '[[resource]]\nname = "ourlib.link"\nkind = "connection"\n'
            'acquire = ["ourlib.open_link"]\nrelease = ["hang_up"]\n'
            'evidence = { source = "our code", version = "1" }\n',
            "a.py": "import ourlib\n\n\ndef f():\n    link = ourlib.open_link()\n    link.ping()\n",
        },
    )
    assert places(run_check(tmp_path)) == [("a.py", 5, "CNX201")]


def test_functions_and_classes_that_the_user_names(tmp_path: Path) -> None:
    text = "entry-points = ['shop.jobs.*']\nsingletons = ['shop.db.connect']\n"
    write(tmp_path, {"conn-lint.toml": text})
    knowledge = settings(tmp_path).knowledge
    (entry,), (memo,) = knowledge.entry, knowledge.memo
    assert (entry.match, entry.names) == ("function", ("shop.jobs.*",))
    assert (memo.verdict, memo.names) == ("singleton", ("shop.db.connect",))


def test_what_a_singleton_gives_is_nobodys_duty(tmp_path: Path) -> None:
    files = {
        "db.py": "import psycopg2\n\n\ndef make():\n    return psycopg2.connect('')\n",
        "a.py": "import shop.db\n\n\ndef f():\n    shop.db.make().cursor()\n",
    }
    write(tmp_path, {f"shop/{name}": text for name, text in {**files, "__init__.py": ""}.items()})
    write(tmp_path, {"conn-lint.toml": ""})
    assert places(run_check(tmp_path)) == [("shop/a.py", 5, "CNX201")]
    write(tmp_path, {"conn-lint.toml": "singletons = ['shop.db.make']\n"})
    assert places(run_check(tmp_path)) == []


def test_options_say_nothing_by_default() -> None:
    assert Options().over(Options(jobs=2)) == Options(jobs=2)


def test_extended_resources_add_up(tmp_path: Path) -> None:
    record = (
        '[[resource]]\nname = "{0}.link"\nkind = "connection"\nacquire = ["{0}.open"]\n'
        'evidence = {{ source = "x", version = "1" }}\n'
    )
    write(
        tmp_path,
        {
            "base.toml": record.format("one"),
            "conn-lint.toml": 'extend = "base.toml"\n' + record.format("two"),
        },
    )
    layer = read_layer(tmp_path / "conn-lint.toml", "conn-lint.toml")
    found = resolve(tmp_path, layer, Flags(), "x")
    assert [r.name for r in found.knowledge.resource] == ["one.link", "two.link"]
