"""The page of all errors that `conn-lint explain` knows, from the data that it reads."""

from __future__ import annotations

from collections.abc import Iterator

from conn_lint.knowledge.errors import load_errors
from conn_lint.model.known_error import KnownError
from conn_lint.rules import ALL_RULES

_INTRODUCTION = """\
`conn-lint explain` takes any of these, a line of a log or a whole traceback, and ranks what in a project leads to it:

```bash
conn-lint explain 'FATAL: sorry, too many clients already'
conn-lint explain - < traceback.txt
```
"""


def errors_page(generated: str) -> str:
    """Each error with its meaning, the rules whose findings lead to it, the cure and the source."""
    parts = ["# Errors and what leads to them\n", generated, _INTRODUCTION]
    for error in load_errors().error:
        parts.append("\n".join(_section(error)) + "\n")
    return "\n".join(parts)


def _section(error: KnownError) -> Iterator[str]:
    codes = {rule.name: rule.code for rule in ALL_RULES}
    yield f"## {error.id}"
    yield ""
    yield "```text"
    yield error.message
    yield "```"
    yield ""
    yield f"From {error.by}. {error.means}"
    yield ""
    rules = [f"[{codes[name]} {name}](rules/{codes[name]}.md)" for name in error.rules]
    if rules:
        yield f"* Likely causes: {', '.join(rules)}."
    yield f"* Cure: {error.cure}"
    if error.besides:
        yield f"* What no code shows: {error.besides}"
    yield f"* Source: {error.evidence.source} ({error.evidence.version}); [documentation]({error.docs})."
