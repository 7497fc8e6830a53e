"""Findings are known again after code has moved, and told apart where they are not the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from projects import LEAK, SECRET, run_check, write

from conn_lint.model.fingerprint import Key, key_of

OTHER = LEAK.replace("load", "store")
LINE = "    conn = psycopg2.connect(dsn)"
RULES = Path(__file__).parent.parent / "fixtures" / "rules"


def found(root: Path, source: str, name: str = "a.py") -> list[Key]:
    write(root, {"pyproject.toml": "[tool.conn-lint]\n", name: source})
    run = run_check(root / name)
    return [key_of(finding) for _, outcome in run.checked for finding in outcome.findings]


def test_a_key_says_what_and_where(tmp_path: Path) -> None:
    assert found(tmp_path, LEAK) == [
        Key("CNX201", "psycopg2.connect", "load", "conn = psycopg2.connect(dsn)", 1)
    ]


def test_moves_change_no_key(tmp_path: Path) -> None:
    before = found(tmp_path, LEAK)
    assert len(before) == 1
    assert found(tmp_path, "# more\n\n\n" + LEAK) == before
    assert found(tmp_path, LEAK.replace("\n", "\r\n")) == before
    assert found(tmp_path, LEAK.replace("\n    ", "\n        ")) == before
    assert found(tmp_path, LEAK.replace("(dsn)\n", "(dsn)  # type: ignore\n", 1)) == before
    assert found(tmp_path, LEAK, "moved/b.py") == before
    assert [key.digest() for key in before] == [key.digest() for key in found(tmp_path, LEAK)]


def test_others_have_other_keys(tmp_path: Path) -> None:
    several = {
        found(tmp_path, source)[0].digest()
        for source in (LEAK, OTHER, LEAK.replace("(dsn)\n", "(other)\n", 1))
    }
    assert len(several) == 3
    twice = LEAK + "    conn = psycopg2.connect(dsn)\n    conn.cursor()\n"
    one, two = found(tmp_path, twice)
    assert (one.number, two.number) == (1, 2)
    assert one.digest() != two.digest()
    assert one.digest("a.py") != one.digest("b.py")


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (LEAK.replace(LINE, f"{LINE}  # noqa: CNX201"), ""),
        (LEAK, "# noqa"),
        (LEAK.replace(LINE, f"    # conn-lint: off\n{LINE}\n    # conn-lint: on"), ""),
    ],
)
def test_who_hides_one_changes_no_other(first: str, later: str, tmp_path: Path) -> None:
    more = "    conn = psycopg2.connect(dsn)  {}\n    conn.cursor()\n"
    both = found(tmp_path, LEAK + more.format(""))
    left = found(tmp_path, first + more.format(later))
    assert left == (both[:1] if later else both[1:])


def test_a_baseline_changes_no_number(tmp_path: Path) -> None:
    both = found(tmp_path, LEAK + "    conn = psycopg2.connect(dsn)\n    conn.cursor()\n")
    row = ["a.py", *both[0][:1], "load", "psycopg2.connect", both[0].content]
    write(tmp_path, {"known.txt": f"{json.dumps(row)}\n"})
    run = run_check(tmp_path / "a.py", baseline=str(tmp_path / "known.txt"))
    assert [key_of(f) for _, outcome in run.checked for f in outcome.findings] == both[1:]


def test_comments_that_silence_nothing_have_numbers(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "one = 1  # noqa: CNX201\ntwo = 2  # noqa: CNX201\n"})
    run = run_check(tmp_path, extend_select=["CNX901"])
    assert [f.number for _, outcome in run.checked for f in outcome.findings] == [1, 2]


@pytest.mark.parametrize(
    "rule",
    [
        "pool_waits_forever", "oversized_pool", "serverless_pool", "prepared_statements_behind_pooler",
        "django_connection_settings", "session_state_behind_pooler", "direct_url_in_serverless", "stale_connections",
        "connection_budget",
    ],
)  # fmt: skip
def test_rules_on_pools_name_what_they_are_about(rule: str) -> None:
    run = run_check(RULES / rule, extend_select=["CNX408"])
    name = rule.replace("_", "-")
    found = [f for _, outcome in run.checked for f in outcome.findings if f.rule == name]
    assert found
    assert all(key_of(finding).resource for finding in found)


SETTINGS = """INSTALLED_APPS = ["shop"]
DATABASES = {
    "default": {"ENGINE": "django.db.backends.postgresql", "HOST": "db", "MAX_CONNS": 9, "POOL_SIZE": 5},
}
"""


def test_several_settings_of_one_line_have_keys_of_their_own(tmp_path: Path) -> None:
    before = found(tmp_path, SETTINGS, "settings.py")
    assert [(key.resource, key.number) for key in before] == [
        ("default: CONN_MAX_AGE", 1),
        ("default: MAX_CONNS", 1),
        ("default: POOL_SIZE", 1),
    ]
    cured = found(
        tmp_path,
        SETTINGS.replace(
            '"default": {', '"default": {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True,'
        ),
        "settings.py",
    )
    assert [key._replace(content="") for key in cured] == [
        key._replace(content="") for key in before[1:]
    ]


def test_servers_of_one_pool_have_keys_of_their_own() -> None:
    run = run_check(RULES / "connection_budget")
    found = [f for _, outcome in run.checked for f in outcome.findings if f.code == "CNX409"]
    assert len({key_of(finding).resource for finding in found}) == len(found) == 2
    assert all("sqlalchemy" in finding.resource for finding in found)


def test_parts_of_a_key_do_not_run_together() -> None:
    assert Key("a", "b", "", "", 1).digest() != Key("a", "", "b", "", 1).digest()
    assert Key("a", "b\0", "", "", 1).digest() != Key("a", "b", "\0", "", 1).digest()
    assert Key("a", "", "", "\udce9", 1).digest().isalnum()


def test_a_method_and_a_class_are_named_with_what_is_around_them(tmp_path: Path) -> None:
    method = "class Store:\n" + "".join(
        f"    {line}\n" for line in LEAK.partition("\n\n\n")[2].splitlines()
    )
    (key,) = found(tmp_path, "import psycopg2\n\n\n" + method)
    assert key.function == "Store.load"


def test_a_key_holds_no_secret(tmp_path: Path) -> None:
    (key,) = found(tmp_path, LEAK.replace("(dsn)\n", f"(dsn, password='{SECRET}')\n", 1))
    assert SECRET not in key.content
    assert "password=" in key.content


def test_a_file_that_cannot_be_read_has_a_key(tmp_path: Path) -> None:
    (key,) = found(tmp_path, "def f(:\n")
    assert (key.code, key.resource) == ("CNX900", "")


def test_what_stands_in_a_string_is_no_comment(tmp_path: Path) -> None:
    (key,) = found(tmp_path, LEAK.replace("(dsn)\n", "(dsn, '#\\'#')\n", 1))
    assert key.content == "conn = psycopg2.connect(dsn, '#\\'#')"
