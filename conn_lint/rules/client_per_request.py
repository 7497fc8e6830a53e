"""CNX101."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.model.creation import Creation, EntryWay
from conn_lint.model.finding import Finding, Severity
from conn_lint.rules import wording
from conn_lint.rules.base import Rule
from conn_lint.rules.borrowing_plan import borrowing_plan
from conn_lint.rules.sharing_plan import sharing_plan

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project

_KINDS = ("connection", "client", "pool")
_ONCE = ("run", "parse", "process")  # a run of its own, in which once is right


class ClientPerRequest(Rule):
    """A connection, client or pool is created anew for each request, event, job or message.

    ## Why it matters
    Opening a connection costs 5 to 300 ms and 5 to 10 MB of the server; a client brings a pool, threads and TLS
    sessions of its own. One user does not notice. A hundred at a time open a hundred connections, and a server takes
    about as many: `FATAL: sorry, too many clients already`.

    What counts is reached from a request handler, a dependency, middleware, a task of a queue, a serverless handler,
    a bot's handler, a tool or the rerun of a page, through any number of calls in the project. What is memoised, made
    at import or in a start-up hook, borrowed from a pool, or decided by the request (the tenant's own database) does
    not. The message shows the chain of calls.

    ## Example
    ```python
    import psycopg2
    from flask import Flask

    app = Flask(__name__)

    def load(order_id):
        conn = psycopg2.connect("dbname=shop")
        try:
            with conn.cursor() as cursor:
                cursor.execute("SELECT * FROM orders WHERE id = %s", [order_id])
                return cursor.fetchone()
        finally:
            conn.close()

    @app.get("/orders/<int:order_id>")
    def get_order(order_id):
        return {"order": load(order_id)}
    ```

    ## Use instead
    ```python
    from threading import BoundedSemaphore

    from flask import Flask
    from psycopg2.pool import ThreadedConnectionPool

    app = Flask(__name__)
    pool = ThreadedConnectionPool(5, 5, "dbname=shop")  # it keeps the first number, and closes the rest
    slots = BoundedSemaphore(5)  # and it raises if all are lent: who comes sixth has to wait

    def load(order_id):
        with slots:
            conn = pool.getconn()
            try:
                with conn.cursor() as cursor:
                    cursor.execute("SELECT * FROM orders WHERE id = %s", [order_id])
                    return cursor.fetchone()
            finally:
                pool.putconn(conn)

    @app.get("/orders/<int:order_id>")
    def get_order(order_id):
        return {"order": load(order_id)}
    ```

    ## Fix safety
    Unsafe, or only shown. A function with `functools.cache` (with the framework's own decorator, where it has one)
    makes the client, and the places that made one ask it; the `with` or the release around it goes, since it would
    close what others use. A function that does nothing but make and return the client gets the decorator itself.
    Statements that only give the call its arguments, or set up what it gives, move along.

    Where the process that serves imports a function's file by itself (AWS Lambda, Azure Functions, Gradio, jobs of
    schedule; APScheduler and Dash, which may fork behind it, for clients that a fork does not harm), a variable of
    the module takes the place of the cached function. The client is no pool and no single connection, is
    not async, and opens nothing before it is used; all that is entered and leads to it stands in its own file. Its
    call is given literals, constants of the module, and `os.getenv` or `os.environ.get`: with `os.environ["X"]` the
    import could fail. It stands in no branch, loop or `try`, behind no `return`, `raise` or `assert`, needs no other
    line of its function, and no function of the file sets variables of the environment or something of the library
    (`boto3.setup_default_session()`). No test imports the file, directly or through others: it could not put a mock
    in the client's place in time. A client that raises when it is made (without a key, or a region) does so at the
    import from then on, and not in the one function that needs it: therefore unsafe. The variable stands behind the
    imports and constants that the file begins with, or in front of the first function that uses it if it reads what
    comes later; it has the local variable's name where nothing else has that, in capitals where the file writes
    its own that way. A function that makes and returns the client gets the decorator here too.

    Where nothing uses an engine but the one call that makes a factory of sessions of it (`sessionmaker`), and that call
    is given nothing of the request, one function makes both, and gives the factory. A function that gives a session
    (or a tuple, or an object with the client inside) gets no decorator: it gives a new one each time, as before.

    What the project has already comes first, in this file or another one: a variable that one plain statement of a
    module binds, or a function without parameters that keeps what it made, if it is made by the same call with the same
    arguments (the same constants, settings and variables), and nothing sets it up further. It is imported as the file
    imports its neighbours. Not from a module that imports this file, directly or through others, from one that no file
    but tests imports, and not by a name with an underscore in front; from a file with handlers in it the import is only
    shown. Where the project has one for the same server that is made with other arguments, there is no edit.

    An async client that an `async with` closes is opened in the application's lifespan, kept on `app.state` and closed
    when the application ends, under the conditions that stand below for an async pool: if it stands in the file of the
    project's only FastAPI or Starlette application, and that alone leads to it. In another file it must stand in a
    handler that no code of the project calls and no test names, and be given nothing but literals; the handler gets
    to it by its request (`request.app.state.client`), which becomes its first parameter where it has none, if one
    decorator for a route is all that it has. Else nothing closes it.

    It is applied if the facts say that the client may be shared (by threads, or by tasks on the one event loop that the
    framework runs; by anybody where a process handles one event at a time), if what it is given are constants,
    names of the module or settings, and if it is not kept on an object, handed to unknown code or changed. A client
    that keeps cookies is shared only where it is made with no login or cookies, is passed to no function, asks hosts
    that the code names, and asks in no caller's name. The first use decides what it is made with, tests that replace
    the library's class must clear the cache, and mostly nothing closes it but the end of the process: therefore unsafe.

    The other cases are shown: what the object or the caller gives becomes a parameter of the function, by which it is
    cached. No edit is there for an async client where each call has an event loop of its own, for what must not be
    shared by threads, for jobs that run in a process of their own, and for a client that somebody else closes, or that
    is started by a call of its own (`await producer.start()`).

    A connection serves one at a time; it is never shared. Where there is a pool for its library (the library's own,
    `psycopg_pool`, DBUtils for those that have none), the fix opens that pool at first use and writes a context
    manager that lends from it, with a semaphore around it where the pool does not wait but raises when all is lent.
    Who opened and closed a connection borrows one; a function that only opens a connection and returns it becomes that
    context manager itself. A block that committed at its end does so still; who closed without a commit has it rolled
    back, as before; where both get the connection from one function, there is no edit. An async pool is kept on
    `app.state` and opened in the application's lifespan, if the file makes the project's only FastAPI or Starlette
    application, if its handlers alone lead to the connection, and if the project has no start-up hooks of the old
    kind, no Mangum and no test client, which may run it without its lifespan; then it does not start without its
    database. It is applied if all who get the connection are known, release it on every way out (which the fixes of
    CNX202 see to first), hand it to nobody unknown, change no settings of it, and cannot come to each other while they
    have one; if they are plain functions, or for an async library coroutines on the one loop that the framework runs,
    and no generators: one who waits there could stop those who are to give theirs back; if tests do not call the
    function; if no other file needs such a pool; if the project imports the package of the pool, or asks for it in a
    settings file; and if what decides the connection are constants, names of the module or settings. How many
    connections the pool has is yours to set. Whatever else lasts with a connection (`SET`, temporary tables, advisory
    locks) may last for the next borrower, and one that the server has ended fails its first user: therefore unsafe.
    Where who borrows cannot be told, a pool whose connections go back when they are closed, and which raises when all
    are lent, is only shown.

    Where the project has such a pool, in this file or another one, it lends the connection, under the same conditions:
    a variable that one plain statement of a module binds, or (of another file) a function without parameters that
    keeps what it made. Its connections must be opened with the very arguments that this one is opened with, no more
    and no fewer, and nobody who has one of them may come to a function that borrows, nor the other way round. It is
    imported like a client. The edit is only shown where the pool raises when all are lent (psycopg2's,
    mysql.connector's, `PooledDB` without `blocking=True`), where somebody else must open it first, where handlers
    stand in its file, where a test that runs this file does without the pool's file so far, and in jobs for a pool
    that another file makes when it is imported: their workers may fork behind that. A pool for the same
    library that is made with other arguments is named, without an edit.

    ## When to silence it
    Where a new connection each time is what you want: a health check that is to prove that connecting works, a
    function that is called once in a while and whose server would end an idle connection, a client whose credentials
    are those of the caller.
    """

    __slots__ = ()

    code = "CNX101"
    name = "client-per-request"
    severity = Severity.ERROR

    def check(self, project: Project) -> Iterator[Finding]:
        """One finding for each creation that entry points lead to."""
        for creation in project.creations():
            entry = creation.entry
            if entry is None or entry.per in _ONCE or not _counts(creation):
                continue
            what = wording.noun(creation.resource)
            advice = f"{project.home(creation, entry.framework)}."
            yield Finding(
                code=self.code,
                rule=self.name,
                message=(
                    f"{creation.call}() opens {what} {wording.each(entry.per)}: "
                    f"{wording.way(entry, creation)}{_guard(creation)}; in the end "
                    f"{wording.crowd(creation.resource)}. {advice}"
                ),
                location=creation.location,
                severity=_severity(creation, entry, self.severity),
                chain=entry.steps,
                direction="here",
                statement=creation.statement,
                resource=creation.resource.name,
                reach=creation.reach,
                ways=creation.ways,
                advice=advice,
                plan=borrowing_plan(creation, project) or sharing_plan(creation, project),
            )


def _counts(creation: Creation) -> bool:
    """It is worth sharing, and no loop is the nearer defect."""
    resource = creation.resource
    if resource.kind not in _KINDS or resource.per_request == "skip":
        return False
    return wording.loop_at_creation(creation) is None


def _guard(creation: Creation) -> str:
    """Why the guard that is there does not help."""
    if creation.lifetime != "object":
        return ""
    if creation.only_result:
        return "; what comes of it is kept on an object that is made anew each time"
    return "; it is kept on an object that is made anew each time"


def _severity(creation: Creation, entry: EntryWay, default: Severity) -> Severity:
    return Severity.NOTE if entry.per == "tick" else wording.made_anew(creation.resource, default)
