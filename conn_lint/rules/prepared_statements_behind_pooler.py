"""CNX404: a client that prepares statements, connected through a pooler that gives each transaction another session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.model.finding import Finding, Severity
from conn_lint.model.fix import Applicability, FixPlan
from conn_lint.model.route import Route, Routed, Statements
from conn_lint.rules import pool_words, pooler_words
from conn_lint.rules.base import Rule
from conn_lint.rules.entry_plan import address_plan

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project


class PreparedStatementsBehindPooler(Rule):
    """A client prepares statements on the server, but comes to it through a pooler in transaction mode.

    ## Why it matters
    A prepared statement lives in one session of the server. A pooler in transaction mode gives the next transaction
    another session, where that statement is unknown, or where another client has one of the same name. It works in a
    test with one client, and fails under load: `prepared statement "__asyncpg_stmt_1__" does not exist`, `prepared
    statement "_pg3_0" already exists`.

    What keeps a client from it differs, and was measured (8 clients, 480 statements, 3 connections of PgBouncer 1.18):

    | Client | Given | Errors |
    | --- | --- | --- |
    | asyncpg | nothing | 232 |
    | | `statement_cache_size=0` | none |
    | SQLAlchemy on asyncpg | nothing | 298 |
    | | `prepared_statement_cache_size=0` alone | 46 |
    | | NullPool alone | 109 |
    | | `connect_args={"statement_cache_size": 0}` | none |
    | psycopg 3 | nothing | 121 |
    | | `prepare_threshold=0`, which prepares at once | 133 |
    | | `prepare_threshold=None` | none |
    | SQLAlchemy on psycopg 3 | nothing | 24 |
    | | `connect_args={"prepare_threshold": None}` | none |
    | databases on asyncpg (of 960, two processes) | nothing | 457 |
    | | `?statement_cache_size=0` in the URL, which it does not hand on | 349 |
    | | `statement_cache_size=0` | none |
    | Tortoise on asyncpg (of 960, two processes) | nothing | 414 |
    | | `statement_cache_size=0` in the URL or the credentials | none |
    | psycopg2 | nothing | none |

    NullPool with a `prepared_statement_name_func` that gives a new name each time cures SQLAlchemy on asyncpg too.
    Flask-SQLAlchemy's engines are SQLAlchemy's: it takes the same `connect_args` in `SQLALCHEMY_ENGINE_OPTIONS` or
    `engine_options`; and `postgresql://` means psycopg 3 from SQLAlchemy 2.1 on. Prisma's client is told by
    `pgbouncer=true` in the URL.

    The address is followed to where it is written: a literal, a constant, a field of a class of settings, a variable
    of the environment in `.env`, in compose files and templates of functions; for Prisma to the `url` of
    `schema.prisma`. Ports 6543 and 6432, hosts with
    `-pooler.`, Supabase's pooler (whose port 5432 is session mode: nothing is reported), `pgbouncer=true`. If the
    project has the pooler's own settings, these decide: `pool_mode = session`, or `max_prepared_statements` (PgBouncer
    1.21 and later keep track of prepared statements then), silence the rule. So do Neon's pooler, RDS Proxy and Prisma
    Accelerate, which allow them: Neon's is such a PgBouncer, and behind one (1.25.2) all clients above had no errors as
    they are. What only an example of settings shows (`.env.example`) is a note.

    ## Example
    ```python
    import asyncpg


    async def connect():
        return await asyncpg.connect("postgresql://shop@aws-0-eu-west-1.pooler.supabase.com:6543/postgres")
    ```

    ## Use instead
    ```python
    import asyncpg


    async def connect():
        return await asyncpg.connect(
            "postgresql://shop@aws-0-eu-west-1.pooler.supabase.com:6543/postgres",
            statement_cache_size=0,
        )
    ```

    ## Fix safety
    The keyword is set at the call. Statements are then planned each time, which a client that also connects without
    the pooler pays for as well: therefore unsafe. No edit is there where the arguments are unpacked, where
    `connect_args` is a name, or where the cure belongs into a dict of settings. Where it belongs into the URL (Prisma,
    Tortoise), the parameter is set in the settings files that say the address, in all of them or in none; only shown
    where several files read it, and not at all where another client connects by it, which may not know the
    parameter.
    """

    __slots__ = ()

    code = "CNX404"
    name = "prepared-statements-behind-pooler"
    severity = Severity.WARNING

    def check(self, project: Project) -> Iterator[Finding]:
        """One finding for each creation; what the code or a settings file says counts before an example."""
        for routed in project.routes():
            found = [r for r in routed.routes if _fails(r)]
            route = next((r for r in found if not r.is_example), found[0] if found else None)
            if route is not None and route.statements is not None:
                plan = _plan(project, routed, route, route.statements)
                yield self._finding(routed, route, route.statements, plan)

    def _finding(
        self, routed: Routed, route: Route, statements: Statements, plan: FixPlan | None
    ) -> Finding:
        creation = routed.creation
        return Finding(
            code=self.code,
            rule=self.name,
            message=(
                f"{creation.call}() connects through {pooler_words.pooler(route)}, which gives each transaction "
                f"another session, and {statements.client} prepares statements in one: in the end "
                f"'{statements.error}'. {_cure(statements)}{_unless(route)}."
            ),
            location=creation.location,
            severity=Severity.NOTE if route.is_example else self.severity,
            chain=pooler_words.steps(route),
            direction="beside",
            statement=creation.statement,
            resource=creation.resource.name,
            plan=plan,
        )


def _fails(route: Route) -> bool:
    if route.pooler is None or route.statements is None or route.statements.cured is not False:
        return False
    return route.pooler.mode == "transaction" and route.pooler.prepared != "tracked"


def _cure(statements: Statements) -> str:
    tried = " and ".join(map(_written, statements.tried))
    verb = "are" if len(statements.tried) > 1 else "is"
    begin = f"{tried} {verb} not enough: " if tried else ""
    parameters = [term[1:] for term in statements.cure if term.startswith("?")]
    if parameters:
        return f"{begin}{'add' if begin else 'Add'} {' and '.join(parameters)} to the URL"
    if statements.setting:
        terms = " and ".join(_in_settings(term, statements.setting) for term in statements.cure)
        return f"{begin}{'set' if begin else 'Set'} {terms}"
    return f"{begin}{'pass' if begin else 'Pass'} {' and '.join(map(_written, statements.cure))}"


def _written(term: str) -> str:
    """As it stands in a call."""
    path, _, value = term.partition("=")
    if path.startswith("?"):
        return f"{term[1:]} in the URL"
    keys = path.split(".")
    if "*" in keys:
        return f'"{keys[-1]}": {value} in the {keys[-2]}'
    return pool_words.keyword(f"{path}={'...' if value == '*' else value}")


def _in_settings(term: str, name: str) -> str:
    path, _, value = term.partition("=")
    _, key, *keys = path.split(".")
    return f'"{key}": {pool_words.nested(keys, value)} in {name}'


def _unless(route: Route) -> str:
    if route.pooler is not None and route.pooler.prepared == "depends":
        return (
            ", unless the pooler keeps track of them (PgBouncer 1.21 with max_prepared_statements)"
        )
    return ""


def _plan(project: Project, routed: Routed, route: Route, statements: Statements) -> FixPlan | None:
    if all(term.startswith("?") for term in statements.cure):
        changes = [
            (r.server, statements.cure)
            for r in routed.routes
            if _fails(r) and r.is_example == route.is_example
        ]
        made = routed.creation
        return address_plan(
            project, made.location, made.resource.name, changes, Applicability.UNSAFE
        )
    if statements.setting or any(t.startswith("?") or ".*" in t for t in statements.cure):
        return None
    return FixPlan(
        kind="set-keyword",
        title=f"Pass {' and '.join(map(_written, statements.cure))}",
        applicability=Applicability.DISPLAY_ONLY if route.is_example else Applicability.UNSAFE,
        spans=(routed.creation.location,),
        details=(("set", "\n".join(statements.cure)),),
    )
