"""What is wrong with a table is said in one line: file, record, key, nearest allowed word."""

from __future__ import annotations

from typing import Any

import pytest

from conn_lint.knowledge.load import load_builtin, parse_family, parse_user
from conn_lint.knowledge.schema import KnowledgeError, decode_family
from conn_lint.model.resource import Family

GOOD: dict[str, Any] = {
    "name": "acme.db.connect",
    "kind": "connection",
    "acquire": ["acme.db.connect"],
    "with": "closes",
    "evidence": {"source": "acme/db.py", "version": "1"},
}


def message(table: dict[str, Any]) -> str:
    with pytest.raises(KnowledgeError) as caught:
        decode_family(table, "acme.toml")
    return str(caught.value)


def test_a_good_table_is_read() -> None:
    (resource,) = decode_family({"resource": [GOOD]}, "acme.toml").resource
    assert resource.with_ == "closes"
    assert resource.acquire == ("acme.db.connect",)


def test_an_unknown_key_names_the_nearest() -> None:
    assert message({"resource": [GOOD, {**GOOD, "aquire": []}]}) == (
        "acme.toml: [[resource]] 2 (acme.db.connect): unknown key 'aquire', did you mean 'acquire'?"
    )


def test_an_unknown_value_names_the_nearest() -> None:
    assert message({"resource": [{**GOOD, "kind": "conection"}]}) == (
        "acme.toml: [[resource]] 1 (acme.db.connect): "
        "kind cannot be 'conection', did you mean 'connection'?"
    )


def test_a_far_off_value_lists_what_is_allowed() -> None:
    text = message({"resource": [{**GOOD, "must_release": "perhaps"}]})
    assert text.endswith("must_release cannot be 'perhaps', allowed are 'yes', 'advised', 'no'")


def test_an_optional_value_lists_its_words_too() -> None:
    text = message({"resource": [{**GOOD, "async_with_awaited": "raise"}]})
    assert text.endswith("async_with_awaited cannot be 'raise', did you mean 'raises'?")


def test_an_unknown_table_names_the_nearest() -> None:
    assert (
        message({"resources": [GOOD]})
        == "acme.toml: unknown key 'resources', did you mean 'resource'?"
    )


def test_an_inner_record_is_named() -> None:
    table = {"resource": [{**GOOD, "options": [{"role": "wait", "paramter": "timeout"}]}]}
    assert message(table) == (
        "acme.toml: [[resource]] 1 (acme.db.connect): options 1 (wait): "
        "unknown key 'paramter', did you mean 'parameter'?"
    )


def test_a_missing_key_is_named() -> None:
    table = {key: value for key, value in GOOD.items() if key != "evidence"}
    assert message({"resource": [table]}) == (
        "acme.toml: [[resource]] 1 (acme.db.connect): missing key 'evidence'"
    )


def test_a_wrong_type_is_said() -> None:
    assert message({"resource": [{**GOOD, "acquire": "acme.db.connect"}]}) == (
        "acme.toml: [[resource]] 1 (acme.db.connect): acquire: expected 'array', got 'str'"
    )


def test_broken_toml_names_the_file() -> None:
    with pytest.raises(KnowledgeError, match=r"^acme\.toml: "):
        parse_family("[[resource", "acme.toml")


def test_the_users_table_may_hold_settings_too() -> None:
    table = {"select": ["CNX1"], "resource": [GOOD], "harmless": [{"names": ["acme.log"]}]}
    family = parse_user(table, "pyproject.toml")
    assert [resource.name for resource in family.resource] == ["acme.db.connect"]
    assert family.harmless[0].names == ("acme.log",)
    assert parse_user({"select": ["CNX1"]}, "pyproject.toml") == Family()


def test_an_error_in_the_users_table_names_its_file() -> None:
    with pytest.raises(
        KnowledgeError, match=r"^pyproject\.toml: \[\[wrap\]\] 1 \(acme\.keep\): effect "
    ):
        parse_user({"wrap": [{"name": "acme.keep", "effect": "keeps"}]}, "pyproject.toml")


def test_the_builtin_data_is_read_once() -> None:
    assert load_builtin() is load_builtin()
