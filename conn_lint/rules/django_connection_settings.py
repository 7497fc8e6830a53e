"""CNX405: databases in Django's settings that connect for each request, or that contradict themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.model.database import Database
from conn_lint.model.finding import Finding, Severity
from conn_lint.model.fix import Applicability, FixPlan
from conn_lint.rules import pooler_words
from conn_lint.rules.base import Rule
from conn_lint.rules.entry_plan import address_plan

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project

_POOLS = ("MAX_CONNS", "MIN_CONNS", "MAX_OVERFLOW", "POOL_SIZE", "POOL_OPTIONS", "REUSE_CONNS")
"""Keys of packages that pool for Django, and of none of its own engines."""


_AGE = "CONN_MAX_AGE"
_NO_CURSORS = "DISABLE_SERVER_SIDE_CURSORS"


class _Defect(NamedTuple):
    """What is wrong with which setting, and the keys and values that would be right (`key=value` on each line)."""

    setting: str
    message: str
    right: str = ""
    applicability: Applicability = Applicability.DISPLAY_ONLY


class DjangoConnectionSettings(Rule):
    """Django's settings make it connect for each request, or are at odds with each other.

    ## Why it matters
    Without `CONN_MAX_AGE` Django opens a connection for each request and closes it at the end: 10 to 50 ms near the
    database, 100 to 300 ms far from it, and as many connections at a time as requests. What is looked at:

    - `CONN_MAX_AGE` is 0 or not there, with no pool. `CONN_MAX_AGE = 600` keeps a connection for each thread. Under
      ASGI persistent connections are not for use (Django says so itself): there `OPTIONS = {"pool": True}` (Django 5.1
      and psycopg 3) is the cure.
    - Connections are kept, without `CONN_HEALTH_CHECKS`: after the server was started anew the next requests fail, one
      for each connection.
    - `OPTIONS["pool"]` with a `CONN_MAX_AGE` other than 0: Django refuses to connect (ImproperlyConfigured).
    - `MAX_CONNS` and other settings of pools that belong to other packages: Django's own engines do not read them.
    - Server-side cursors left on behind a pooler in transaction mode: `iterator()` fails with `cursor does not exist`.

    SQLite is left alone, and so are settings for tests and development (by their names), entries whose engine or
    values are the environment's to say, and for the first two points databases behind a pooler. Settings that are
    split over modules are read as the last one leaves them; where one branch of a module keeps connections, the other
    is taken for development's. An example of settings is a note.

    ## Example
    ```python
    INSTALLED_APPS = ["shop"]
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "shop",
            "HOST": "db",
        }
    }
    ```

    ## Use instead
    ```python
    INSTALLED_APPS = ["shop"]
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "shop",
            "HOST": "db",
            "CONN_MAX_AGE": 600,
            "CONN_HEALTH_CHECKS": True,
        }
    }
    ```

    ## Fix safety
    `CONN_HEALTH_CHECKS` and `DISABLE_SERVER_SIDE_CURSORS` are set, in the dict of the entry or at the call that makes
    it, if that has a keyword for it (`dj_database_url.config(...)`). `env.db(...)` of django-environ takes them from
    the URL alone: there they are set in the settings files that say it (`?disable_server_side_cursors=True`). The first
    costs a short query for each request, the second memory where large results are read: therefore unsafe.
    `CONN_MAX_AGE` and pools are only shown: they are the author's, for they decide how many connections stay open.
    """

    __slots__ = ()

    code = "CNX405"
    name = "django-connection-settings"
    severity = Severity.WARNING

    def check(self, project: Project) -> Iterator[Finding]:
        """One finding for each defect; databases of one statement that share it are named together, unless a fix
        can cure each.
        """
        found: dict[tuple[object, ...], list[tuple[Database, _Defect]]] = {}
        databases = project.databases()
        kept = {
            (d.module, d.alias) for d in databases if d.pool or (d.age.given and d.age.value != 0)
        }
        for database in databases:
            for defect in _defects(database):
                if defect.setting == _AGE and (database.module, database.alias) in kept:
                    continue  # the branch for development of settings that keep connections elsewhere
                own = database.alias if defect.applicability > Applicability.DISPLAY_ONLY else ""
                key = (database.call or database.location, own, defect.message)
                found.setdefault(key, []).append((database, defect))
        for pairs in found.values():
            aliases = list(dict.fromkeys(d.alias for d, _ in pairs))
            names = " and ".join(map(repr, aliases))
            database, defect = pairs[0]
            yield Finding(
                code=self.code,
                rule=self.name,
                message=f"DATABASES {names}: {defect.message}",
                location=database.call or database.location,
                severity=Severity.NOTE if database.is_example else self.severity,
                chain=tuple(
                    step for server, _ in database.servers for step in pooler_words.written(server)
                ),
                direction="beside",
                statement=database.statement,
                about=f"{', '.join(sorted(aliases))}: {defect.setting}",
                plan=_plan(database, defect, aliases) or _plan_in_url(project, database, defect),
            )


def _defects(database: Database) -> Iterator[_Defect]:
    engine = database.engine
    if engine is None or engine.product == "embedded":
        return
    age = database.age
    if database.pool and age.given and age.known and not age.decided and age.value != 0:
        yield _Defect(
            "pool",
            "the pool option and a CONN_MAX_AGE other than 0 exclude each other: Django raises ImproperlyConfigured "
            "when it connects. Leave CONN_MAX_AGE out",
            "CONN_MAX_AGE=0",
        )
        return
    if not engine.pools:
        yield from _of_time(database)
        for key in _POOLS:
            if key in database.keys or key in database.options:
                where = "OPTIONS" if key in database.options else "the entry"
                yield _Defect(
                    key,
                    f"{key} in {where} is a setting of another package's pool, and this engine does not read it. "
                    f"{_proposal(database)}",
                )
    if engine.product == "postgresql":
        for server, pooler in database.cursors_on:
            if pooler is not None and pooler.mode == "transaction":
                place = pooler_words.place(server)
                yield _Defect(
                    _NO_CURSORS,
                    f"server-side cursors are on behind {pooler.name} ({place}), which gives each transaction another "
                    "session: iterator() ends in 'cursor does not exist'. Set DISABLE_SERVER_SIDE_CURSORS",
                    "DISABLE_SERVER_SIDE_CURSORS=True",
                    Applicability.UNSAFE,
                )
                break


def _of_time(database: Database) -> Iterator[_Defect]:
    """How long connections are kept; of no matter behind a pooler."""
    age = database.age
    if any(pooler is not None for _, pooler in database.servers) or database.pool is not False:
        return
    if not age.known:
        return
    if age.value == 0:
        if not age.decided and (age.given or database.whole):
            said = "is 0" if age.given else "is not set, so it is 0"
            yield _Defect(
                _AGE,
                f"CONN_MAX_AGE {said}: each request opens a connection and closes it. {_proposal(database)}",
                _proposed(database),
            )
    elif database.health_checks is False:
        kept = "for ever" if age.value is None else f"for {age.value} seconds"
        yield _Defect(
            "CONN_HEALTH_CHECKS",
            f"connections are kept {kept} (CONN_MAX_AGE) and not checked: after the server or a firewall has closed "
            "them, the next request on each fails. Set CONN_HEALTH_CHECKS",
            "CONN_HEALTH_CHECKS=True",
            Applicability.UNSAFE,
        )


def _proposal(database: Database) -> str:
    option = database.engine is not None and database.engine.option_pool
    if database.is_async:
        return (
            'Under ASGI use OPTIONS = {"pool": True} (Django 5.1, psycopg 3)'
            if option
            else "Under ASGI put a pooler in front of the server"
        )
    also = ', or OPTIONS = {"pool": True} (Django 5.1, psycopg 3)' if option else ""
    return f"Set CONN_MAX_AGE = 600 with CONN_HEALTH_CHECKS{also}"


def _proposed(database: Database) -> str:
    """The same as keys with values; none where the server or another package has to give it."""
    if not database.is_async:
        return "CONN_MAX_AGE=600\nCONN_HEALTH_CHECKS=True"
    return (
        "OPTIONS.pool=True" if database.engine is not None and database.engine.option_pool else ""
    )


def _plan_in_url(project: Project, database: Database, defect: _Defect) -> FixPlan | None:
    """Parameters of the URL in settings files, where the call that makes the entry takes the keys from there alone."""
    pairs = [line.partition("=") for line in defect.right.splitlines()]
    if database.call is None or not pairs or not all(k in database.in_url for k, _, _ in pairs):
        return None
    terms = [f"?{key.lower()}={value}" for key, _, value in pairs]
    concerned = database.cursors_on if defect.setting == _NO_CURSORS else database.servers
    changes = [
        (server, terms)
        for server, pooler in concerned
        if defect.setting != _NO_CURSORS or (pooler is not None and pooler.mode == "transaction")
    ]
    return address_plan(project, database.call, "", changes, defect.applicability)


def _plan(database: Database, defect: _Defect, aliases: Sequence[str]) -> FixPlan | None:
    """Keys of the dicts that the entries are, or a keyword of the call that makes one, which not all calls have."""
    names = " and ".join(line.partition("=")[0] for line in defect.right.splitlines())
    if not names:
        return None
    if database.call is None:
        return FixPlan(
            kind="set-key",
            title=f"Set {names}",
            applicability=defect.applicability,
            spans=(database.location,),
            details=(("entry", "\n".join(aliases)), ("set", defect.right)),
        )
    keywords = {key: keyword for keyword, _, key in (k.partition("=") for k in database.keywords)}
    pairs = [line.partition("=") for line in defect.right.splitlines()]
    if not all(key in keywords for key, _, _ in pairs):
        return None
    return FixPlan(
        kind="set-keyword",
        title=f"Set {names}",
        applicability=defect.applicability,
        spans=(database.call,),
        details=(("set", "\n".join(f"{keywords[key]}={value}" for key, _, value in pairs)),),
    )
