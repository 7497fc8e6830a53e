"""A budget as one page that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from conn_lint.model.budget import Budget, Row, ServerBudget
from conn_lint.model.deployment import Pooler
from conn_lint.report import budget_words as words
from conn_lint.report.escape import one_line

_STYLE = """\
:root { color-scheme: light dark; --ok: #2e7d32; --warn: #b26a00; --bad: #c62828; --line: #8884; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; white-space: nowrap; }
code { font-size: .9em; overflow-wrap: anywhere; }
.bar { position: relative; height: 1.2rem; background: var(--line); border-radius: .2rem; }
.bar span { position: absolute; inset: 0 auto 0 0; border-radius: .2rem; }
.bar i { position: absolute; top: -.2rem; bottom: -.2rem; border-left: 2px solid currentColor; }
.ok { background: var(--ok); } .warn { background: var(--warn); } .bad { background: var(--bad); }
b.ok, b.warn, b.bad { color: #fff; padding: .05rem .4rem; border-radius: .2rem; font-weight: 600; white-space: nowrap; }
p, li { overflow-wrap: anywhere; }
@media (max-width: 44rem) { /* a row is a block of lines */
  tr:first-child, td:empty { display: none; }
  tr, td, td.n { display: block; text-align: left; border: 0; padding: 0; white-space: normal; }
  tr { border-bottom: 1px solid var(--line); padding: .4rem 0; }
  td[title]::before { content: attr(title) ": "; opacity: .7; }
}
"""


def render_html(named: Sequence[tuple[str, Budget]]) -> str:
    """The whole page; names and messages in it may contain anything."""
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<title>Connection budget</title>",
        f"<style>\n{_STYLE}</style>",
        "</head>",
        "<body>",
        "<h1>Connection budget</h1>",
    ]
    for name, budget in named:
        parts.extend(_project(name, budget, alone=len(named) == 1))
    return "\n".join((*parts, "</body>", "</html>"))


def _text(text: str) -> str:
    return escape(one_line(text))


def _project(name: str, budget: Budget, *, alone: bool) -> Iterator[str]:
    if not alone:
        yield f"<h2>{_text(name)}</h2>"
    if not budget.servers:
        yield "<p>No pool, client or connection to a server was found.</p>"
    for server in budget.servers:
        yield from _server(server)
    for pooler in budget.poolers:
        yield from _pooler(pooler)
    yield from _listed("Processes", (words.process(kind) for kind in budget.processes))
    yield from _listed("Assumed", budget.assumed)
    skipped = (f"{place.path}:{place.span.line} {call}()" for call, place in budget.skipped)
    yield from _listed("Not counted, since no process runs it", skipped)


def _server(server: ServerBudget) -> Iterator[str]:
    kind = "bad" if server.is_over else "warn" if server.unknown else "ok"
    yield f'<h3>{_text(words.headline(server))} <b class="{kind}">{_text(words.verdict(server))}</b></h3>'
    whole = max(server.limit.value, server.total, 1)
    filled, mark = server.total * 100 / whole, server.available * 100 / whole
    yield (
        f'<div class="bar"><span class="{kind}" style="width:{filled:.1f}%"></span>'
        f'<i style="left:{mark:.1f}%"></i></div>'
    )
    yield "<table>"
    yield (
        '<tr><th>process</th><th>what</th><th>each</th><th class="n">copies</th>'
        '<th class="n">at most</th><th class="n">fits</th></tr>'
    )
    for process, row in words.shown(server):
        yield _row(process, row)
    yield "</table>"
    proposal = words.proposal(server)
    for line in (*server.remarks, *((proposal,) if proposal else ())):
        yield f"<p>{_text(line)}</p>"


def _row(process: str, row: Row) -> str:
    cells = (
        f"<td>{_text(process)}</td>",
        f"<td><code>{_text(row.call)}</code> {_text(words.place(row))}</td>",
        f"<td>{_text(words.each(row))}</td>",
        f'<td class="n" title="copies">{words.copies(row)}</td>',
        f'<td class="n" title="at most">{_text(words.total(row))}</td>',
        f'<td class="n" title="fits">{"" if row.fits is None else row.fits}</td>',
    )
    return f"<tr>{''.join(cells)}</tr>"


def _pooler(pooler: Pooler) -> Iterator[str]:
    clients = (
        f"takes {pooler.clients.value} clients" if pooler.clients.value else "takes all clients"
    )
    yield (
        f"<h3>{_text(pooler.product)} ({_text(pooler.path)}), pool_mode {_text(pooler.mode)}: {clients}, "
        f"opens {pooler.opens} connections at most</h3>"
    )
    yield from _listed("", (f"{pooler.path}:{line} {text}" for line, text in pooler.problems))


def _listed(heading: str, lines: Iterable[str]) -> Iterator[str]:
    listed = [f"<li>{_text(line)}</li>" for line in lines]
    if listed:
        if heading:
            yield f"<h3>{heading}</h3>"
        yield f"<ul>{''.join(listed)}</ul>"
