"""Random settings files of each format: one value changes, as readers of others see it too, and every comment stays."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from projects import SECRET

from conn_lint.fixes.apply import apply_edits
from conn_lint.fixes.entries import KIND, problem_in, set_entry
from conn_lint.fixes.parsed import Files, RenderError
from conn_lint.model.fix import Applicability, FixPlan
from conn_lint.model.location import NOWHERE, Location
from conn_lint.syntax.documents import read_document
from conn_lint.syntax.yaml_document import is_read_by_all

try:
    import tomllib
except ImportError:  # before Python 3.11
    import tomli as tomllib  # type: ignore[import-not-found, no-redef, unused-ignore]

PATH = "settings"
COMMENTS = st.sampled_from(("", "  # pooled?a=b&c", " # 'quoted\"", " # é"))
USERS = st.sampled_from(
    ("", f"shop:{SECRET}@", f"shop:${{PW:-{SECRET}}}@", f"sh%40op:%2F{SECRET}@")
)
HOSTS = st.sampled_from(("db", "db:6543", "${HOST}", "[::1]:5432", "a,b:1", ""))
TAILS = st.sampled_from(
    ("", "/", "/shop", "/${NAME}", "/shop?", "/shop?a=1", "/shop?x=1&A=2&y=%3D", "/s?a=1&a=2", "/s?${M}", "/s#x")
)  # fmt: skip
URLS = st.tuples(USERS, HOSTS, TAILS).map(lambda parts: f"postgresql://{''.join(parts)}")
VALUES = st.one_of(
    URLS, st.sampled_from(("50", "0", "true", "words of text", "a: b", "", "10s", "-1"))
)
QUOTES = st.sampled_from(('"', "'", ""))
TERMS = st.sampled_from(("?a=7", "?new=7", "port=6543", "host=other.db", "value=7", "?a=7 ?new=8"))


def _lines(form: str, items: list[tuple[str, str, str]]) -> str:
    """A document with the items (value, quote, comment), and much around them."""
    lines = []
    for number, (value, quote, comment) in enumerate(items):
        text = f"{quote}{value}{quote}"
        if form == "env":
            lines.append(f"{'export ' if number % 3 == 2 else ''}NAME{number}={text}{comment}")
        elif form == "ini":
            lines.append(f"name{number} = {value}")
        elif form == "toml":
            lines.append(f"name{number} = {text or 0}{comment}")
        elif form == "prisma":
            lines.append(f'  name{number} = "{value}" // {comment}')
        else:
            anchor = f"&a{number} " if number % 5 == 4 else ""
            lines.append(f"  name{number}: {anchor}{text}{comment}")
            lines.append(f"  list{number}: [{quote}NAME={value}{quote}, {{deep: {text}}}]{comment}")
            if anchor:
                lines.append(f"  alias{number}: *a{number}")
    head = {"ini": "; ours\n[shop]\n", "toml": "# ours\n[shop]\n", "yaml": "# ours\nshop:\n"}
    if form == "prisma":
        return "datasource db {\n" + "\n".join(lines) + "\n}\n"
    return head.get(form, "") + "\n".join(lines) + "\n"


def _others(form: str, data: bytes) -> Any:
    """What another reader of the format sees."""
    text = data.decode()
    if form == "toml":
        return tomllib.loads(text)
    return yaml.safe_load(text) if form == "yaml" else None


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for key in value for leaf in _leaves(value[key])]
    return (
        [leaf for item in value for leaf in _leaves(item)] if isinstance(value, list) else [value]
    )


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(("env", "ini", "prisma", "toml", "yaml")),
    st.lists(st.tuples(VALUES, QUOTES, COMMENTS), min_size=1, max_size=4),
    TERMS,
    st.sampled_from(("\n", "\r\n")),
)
def test_one_value_changes_and_all_else_stays(
    form: str, items: list[tuple[str, str, str]], terms: str, ending: str
) -> None:
    before = _lines(form, items).replace("\n", ending).encode()
    for entry in read_document(before, form).entries:
        plan = FixPlan(
            kind=KIND,
            title="",
            applicability=Applicability.UNSAFE,
            spans=(Location("code.py", NOWHERE), Location(PATH, entry.span)),
            details=(("set", terms), ("formats", form)),
        )
        try:
            [edit] = set_entry(plan, Files(lambda _: before))
        except RenderError:
            continue
        after = apply_edits(before, [edit])
        assert SECRET not in edit.text
        assert problem_in(before, after, form, 1) == ""
        old, new = (read_document(data, form).entries for data in (before, after))
        assert sum(a.value != b.value for a, b in zip(old, new, strict=True)) <= 1
        was, now = (data.decode().split(ending) for data in (before, after))
        changed = [pair for pair in zip(was, now, strict=True) if pair[0] != pair[1]]
        assert len(changed) <= 1
        for one, other in changed:
            assert other.partition("#")[2] == one.partition("#")[2]
        if form == "yaml" and not is_read_by_all(before.decode()):
            continue
        seen = [_leaves(_others(form, data)) for data in (before, after)]
        assert sum(a != b for a, b in zip(*seen, strict=True)) <= 1
