"""What becomes of one resource in a function: its fate, and its situations at both ways out.

A row is: fate; situations where the function ends normally; where it ends by an exception; the body. The letters are
A(bsent), I(dle), B(usy), R(eleased), E(scaped), T(aken by the caller).
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import pytest
from programs import Followed, analysed, follow, place, skip_of

HEAD = """\
import contextlib
import acme
import acme.aio
from acme import connect, open_tx, Session, Pool, quiet
from elsewhere import work, flag, stranger, registry, is_bad
"""
HEAD_LINES = HEAD.count("\n") + 1  # the body begins on the next line


def solve_body(body: str, head: str = "def f(a=None, b=None):") -> tuple[Followed, ...]:
    made = analysed({"m.py": f"{HEAD}{head}\n{textwrap.indent(textwrap.dedent(body), '    ')}"})
    return tuple(follow(made, place(made, "m.py", head.split("def ")[1].partition("(")[0])))


def only(body: str, head: str = "def f(a=None, b=None):") -> tuple[str, str, str]:
    (found,) = solve_body(body, head)
    return found.solved.fate.value, found.exit, found.raised


def rows(text: str) -> Iterator[object]:
    """`== fate exit raised` above each body; - stands for no situation at all, `# why` for a known fault."""
    for part in textwrap.dedent(text).split("\n== ")[1:]:
        first, _, body = part.partition("\n")
        wanted, _, why = first.partition(" # ")
        fate, *ways = wanted.split()
        normal, raised = (way.replace("-", "") for way in ways)
        marks = [known(why)] if why else []
        name = body.strip().replace("\n", "; ")[:70]
        yield pytest.param(fate, normal, raised, body, marks=marks, id=name)


def known(why: str) -> pytest.MarkDecorator:
    """It comes out wrong today; the test fails as soon as it does not."""
    return pytest.mark.xfail(raises=AssertionError, strict=True, reason=why)


def table(text: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("fate", "normal", "raised", "body"), list(rows(text)))


@table("""
== never B A
conn = connect()
== never B AB
conn = connect()
conn.execute()
== never B A
connect()
== always R A
connect().close()
== always R A
conn = connect()
conn.close()
== not-on-error R AB
conn = connect()
conn.execute()
conn.close()
== not-on-error R AB
conn = connect()
work()
conn.close()
== always R A
conn = connect()
quiet()
conn.close()
== always R AR
conn = connect()
conn.close()
work()
== not-on-error BR A
conn = connect()
if flag:
    conn.close()
== not-on-error BR AB
conn = connect()
if is_bad():
    return None
conn.close()
== always AR AR
conn = None
if flag:
    conn = connect()
try:
    work()
finally:
    if conn is not None:
        conn.close()
== unknown - AB
conn = connect()
while True:
    conn.execute()
== unknown - AB
conn = connect()
raise ValueError
""")
def test_straight(fate: str, normal: str, raised: str, body: str) -> None:
    assert only(body) == (fate, normal, raised)


@table("""
== always R AR
conn = connect()
try:
    conn.execute()
finally:
    conn.close()
== always R AR
conn = connect()
try:
    return conn.execute()
finally:
    conn.close()
== not-on-error R AB
conn = connect()
try:
    conn.execute()
except Exception:
    raise
else:
    conn.close()
== not-on-error BR A
conn = connect()
try:
    conn.execute()
    conn.close()
except Exception:
    pass
== always R A
conn = connect()
try:
    conn.execute()
except Exception:
    pass
conn.close()
== not-on-error R AB
conn = connect()
try:
    conn.execute()
except ValueError:
    pass
conn.close()
== always R A
conn = connect()
try:
    conn.execute()
except:
    pass
conn.close()
== always R AR
conn = connect()
try:
    conn.execute()
except BaseException:
    conn.close()
    raise
conn.close()
== not-on-error R ABR
conn = connect()
try:
    conn.execute()
finally:
    work()
    conn.close()
== always R AR
conn = None
try:
    conn = connect()
    conn.execute()
finally:
    if conn:
        conn.close()
== always AR -
try:
    conn = connect()
    conn.execute()
except Exception:
    pass
finally:
    if "conn" in locals():
        conn.close()
== always R AR
conn = connect()
try:
    for row in conn.execute():
        if row:
            break
        if is_bad():
            continue
        return row
finally:
    conn.close()
== not-on-error R AB
with contextlib.suppress(ValueError):
    work()
conn = connect()
conn.execute()
conn.close()
== not-on-error BR A
conn = connect()
with contextlib.suppress(Exception):
    conn.execute()
    conn.close()
== always R A
conn = connect()
with contextlib.suppress(Exception):
    conn.execute()
conn.close()
== not-on-error BR A
conn = connect()
try:
    conn.execute()
    conn.close()
except* Exception:
    pass
""")
def test_exceptions(fate: str, normal: str, raised: str, body: str) -> None:
    assert only(body) == (fate, normal, raised)


@table("""
== always AR AR
for item in a:
    conn = connect()
    conn.close()
    work()
== never AB AB
for item in a:
    conn = connect()
    conn.execute()
== not-on-error AR AB
conn = None
for item in a:
    conn = connect()
if conn:
    conn.close()
== always AR AR
for item in a:
    conn = connect()
    try:
        work()
    finally:
        conn.close()
== not-on-error ABR ABR
while flag:
    conn = connect()
    if is_bad():
        break
    conn.close()
== always R -
while True:
    try:
        conn = connect()
        break
    except Exception:
        pass
conn.close()
== never B A
conn = connect()
conn = None
== handed-over AE AB
rows = [connect() for item in a]
""")
def test_loops(fate: str, normal: str, raised: str, body: str) -> None:
    assert only(body) == (fate, normal, raised)


def test_an_acquisition_that_runs_again_loses_the_first() -> None:
    (found,) = solve_body("for item in a:\n    conn = connect()\nconn.close()\n")
    assert found.domain.lost_at == set(found.solved.nodes)
    (found,) = solve_body("for item in a:\n    conn = connect()\n    conn.close()\n")
    assert found.domain.lost_at == set()


@table("""
== always R A
conn = connect()
other = conn
other.close()
== always R A
conn = other = connect()
other.close()
== always R A
conn, number = connect(), 1
conn.close()
== always R A
pair = (1, connect())
pair[1].close()
== always R A
(conn := connect()).close()
== always R A
if conn := connect():
    conn.close()
== always R AR
with connect() as conn:
    conn.execute()
== always R AR
with contextlib.closing(connect()) as conn:
    conn.execute()
== always R AR
conn = connect()
with conn:
    conn.execute()
== not-on-error R AB
conn = connect().configured()
conn.close()
== always R AR
conn = connect()
conn, other = None, conn
other.close()
== always R A
conn = connect() or None
conn.close()
== always AR A
conn = connect() if flag else None
if conn:
    conn.close()
== never B A
conn = connect()
del conn
== never B A
conn = connect()
cursor = conn.cursor()
cursor.close()
== always R A
conn = connect()
first, *rest = conn, 2, 3
first.close()
== always R A
conn = connect()
match conn:
    case other:
        other.close()
""")
def test_aliases(fate: str, normal: str, raised: str, body: str) -> None:
    assert only(body) == (fate, normal, raised)


GUARD = "conn = None\nif {when}:\n    conn = connect()\ntry:\n    work()\nfinally:\n    {end}\n"


@pytest.mark.parametrize(
    "end",
    [
        "if conn: conn.close()",
        "if conn is not None: conn.close()",
        "if not conn: pass\n    else: conn.close()",
        "if conn is None: pass\n    else: conn.close()",
        "if conn != None: conn.close()",
        "if None is not conn: conn.close()",
        "conn and conn.close()",
        "conn.close() if conn else None",
        "if bool(conn): conn.close()",
        "if conn and not conn.closed: conn.close()",
        "if conn is not None and conn.is_open(): conn.close()",
        "if conn and conn.closed == 0: conn.close()",
        "if conn and conn.closed is False: conn.close()",
        "if hasattr(conn, 'close'): conn.close()",
        "if 'conn' in locals() and conn: conn.close()",
        "if flag: conn.close()",
    ],
)
def test_guards(end: str) -> None:
    assert only(GUARD.format(when="flag", end=end)) == ("always", "AR", "AR")


@pytest.mark.parametrize(
    "end",
    [
        "if not conn: conn.close()",
        "if conn is None: conn.close()",
        "if conn and conn.closed: conn.close()",
        "if a: conn.close()",
        "if conn and a: conn.close()",
    ],
)
def test_wrong_guards(end: str) -> None:
    fate, normal, _ = only(GUARD.format(when="flag", end=end))
    assert fate in ("never", "not-on-error")
    assert "B" in normal


@table("""
== always AR AR
opened = False
if a:
    conn = connect()
    opened = True
try:
    work()
finally:
    if opened:
        conn.close()
== always AR AR
own = a is None
if own:
    a = connect()
try:
    work()
finally:
    if own:
        a.close()
== always AR AR
if a == 1:
    conn = connect()
try:
    work()
finally:
    if a == 1:
        conn.close()
== not-on-error ABR AR
if a:
    conn = connect()
try:
    a = work()
finally:
    if a:
        conn.close()
== not-on-error BR A
conn = connect()
if conn.closed:
    return
if a:
    conn.close()
""")
def test_correlated_conditions(fate: str, normal: str, raised: str, body: str) -> None:
    assert only(body) == (fate, normal, raised)


@pytest.mark.parametrize(
    ("fate", "use"),
    [
        ("handed-over", "return conn"),
        ("handed-over", "return conn, 1"),
        ("handed-over", "return [conn]"),
        ("handed-over", "return {'conn': conn}"),
        ("handed-over", "yield_to(conn)"),
        ("handed-over", "stranger(conn)"),
        ("handed-over", "stranger(key=conn)"),
        ("handed-over", "a.conn = conn"),
        ("handed-over", "a['conn'] = conn"),
        ("handed-over", "a.append(conn)"),
        ("handed-over", "a.setdefault('conn', conn)"),
        ("handed-over", "global kept\nkept = conn"),
        ("handed-over", "def inner():\n    return conn.execute()\nreturn inner"),
        ("handed-over", "return lambda: conn.execute()"),
        ("handed-over", "import atexit\natexit.register(conn.close)"),
        ("handed-over", "import weakref\nweakref.finalize(a, conn.close)"),
        ("handed-over", "a.addCleanup(conn.close)"),
        ("handed-over", "a.addfinalizer(conn.close)"),
        ("handed-over", "rows = {1: conn}"),
        ("never", "print(conn)"),
        ("never", "return conn.execute()"),
        ("never", "return conn.cursor()"),
        ("never", "return conn is None"),
        ("never", "return bool(conn)"),
        ("never", "id(conn)"),
        ("never", "rows = conn.execute(key=1)"),
    ],
)
def test_handing_over(fate: str, use: str) -> None:
    assert only(f"conn = connect()\n{use}\n")[0] == fate


@table("""
== always I A
session = Session()
== always I AI
session = Session()
session.add(1)
work()
== never B AB
session = Session()
session.query()
== always I AI
session = Session()
try:
    session.query()
finally:
    session.commit()
== always R AR
session = Session()
try:
    session.query()
finally:
    session.close()
== always R AR
with Session() as session:
    session.query()
== never I AIB
session = Session()
session.query()
session.commit()
== not-on-error R AIB
session = Session()
session.query()
session.commit()
session.query()
session.close()
""")
def test_lazy(fate: str, normal: str, raised: str, body: str) -> None:
    assert only(body) == (fate, normal, raised)


@table("""
== never B AB
with open_tx() as conn:
    conn.execute()
== always R ABR
conn = open_tx()
try:
    with conn:
        conn.execute()
finally:
    conn.close()
== always R AR
with contextlib.closing(open_tx()) as conn, conn:
    conn.execute()
== not-on-error R AB
conn = open_tx()
with conn:
    conn.execute()
conn.close()
""")
def test_with_that_ends_a_transaction(fate: str, normal: str, raised: str, body: str) -> None:
    found = only(body)
    assert (found[0], found[1]) == (fate, normal)


def test_where_a_with_ended_the_transaction_is_known() -> None:
    (found,) = solve_body("with open_tx() as conn:\n    conn.execute()\n")
    assert found.solved.ended_by_with
    (found,) = solve_body("with connect() as conn:\n    conn.execute()\n")
    assert not found.solved.ended_by_with


@table("""
== handed-over E AE
stack = contextlib.ExitStack()
conn = stack.enter_context(connect())
conn.execute()
== handed-over E AE
with contextlib.ExitStack() as stack:
    conn = connect()
    stack.callback(conn.close)
    conn.execute()
== handed-over E AE
with contextlib.ExitStack() as stack:
    conn = stack.enter_context(contextlib.closing(connect()))
    conn.execute()
== handed-over E AE
with contextlib.ExitStack() as stack:
    conn = connect()
    stack.push(conn)
    conn.execute()
""")
def test_exit_stack(fate: str, normal: str, raised: str, body: str) -> None:
    assert only(body) == (fate, normal, raised)


@table("""
== never B A
conn = await acme.aio.connect()
== always R AR
async with acme.aio.connect() as conn:
    await conn.execute()
== always R AR
conn = await acme.aio.connect()
async with conn:
    await conn.execute()
== always R AR
conn = await acme.aio.connect()
try:
    await conn.execute()
finally:
    await conn.close()
== always R AR
pending = acme.aio.connect()
conn = await pending
try:
    await conn.execute()
finally:
    await conn.close()
== always R AR
import asyncio
conn = await asyncio.wait_for(acme.aio.connect(), 5)
try:
    await conn.execute()
finally:
    await conn.close()
== always I A
manager = acme.aio.client()
== always R AR
async with acme.aio.client() as client:
    await client.get()
== never B AB
manager = acme.aio.client()
client = await manager.__aenter__()
await client.get()
""")
def test_async(fate: str, normal: str, raised: str, body: str) -> None:
    found = only(body, "async def f(a=None):")
    assert (found[0], found[1]) == (fate, normal)


@pytest.mark.parametrize(
    ("fate", "decorator", "body"),
    [
        (
            "always",
            "@contextlib.contextmanager\n",
            "try:\n    yield conn\nfinally:\n    conn.close()",
        ),
        ("not-on-error", "@contextlib.contextmanager\n", "yield conn\nconn.close()"),
        (
            "not-on-error",
            "@contextlib.contextmanager\n",
            "try:\n    yield conn\nexcept Exception:\n    conn.close()\n    raise\nconn.close()",
        ),
        (
            "always",
            "@contextlib.contextmanager\n",
            "try:\n    yield conn\nexcept BaseException:\n    conn.close()\n    raise\nconn.close()",
        ),
        ("never", "@contextlib.contextmanager\n", "yield conn"),
        ("handed-over", "", "for row in a:\n    yield conn"),
        ("always", "", "try:\n    yield conn.execute()\nfinally:\n    conn.close()"),
    ],
)
def test_yields(fate: str, decorator: str, body: str) -> None:
    made = analysed(
        {
            "m.py": f"{HEAD}{decorator}def f(a):\n    conn = connect()\n"
            + textwrap.indent(body, "    ")
            + "\n"
        }
    )
    (found,) = follow(made, place(made, "m.py", "f"))
    assert found.solved.fate.value == fate


def test_pooled_and_closed() -> None:
    source = "pool = Pool()\ndef f():\n    conn = pool.borrow()\n    try:\n        work()\n    finally:\n        {}\n"
    for end, lost in (("pool.give_back(conn)", False), ("conn.close()", True)):
        made = analysed({"m.py": HEAD + source.format(end)})
        (found,) = follow(made, place(made, "m.py", "f"))
        assert found.solved.fate.value == "always"
        assert bool(found.solved.closed_not_returned) is lost


@pytest.mark.parametrize(
    ("how", "line", "body"),
    [
        ("raise", 2, "conn = connect()\nconn.execute()\nwork()\nconn.close()\n"),
        ("raise", 3, "conn = connect()\nquiet()\nwork()\nconn.close()\n"),
        pytest.param(
            *("return", 3, "conn = connect()\nif a:\n    return 1\nconn.close()\n"),
        ),
        pytest.param(
            *("return", 3, "conn = connect()\nif quiet():\n    return 1\nconn.close()\n"),
        ),
        ("raise", 3, "conn = connect()\nif a:\n    raise ValueError\nconn.close()\n"),
        ("raise", 2, "conn = connect()\nassert a\nconn.close()\n"),
        ("raise", 2, "conn = connect()\na[0]\nconn.close()\n"),
        (
            "raise",
            3,
            "conn = connect()\ntry:\n    work()\nexcept ValueError:\n    pass\nconn.close()\n",
        ),
        pytest.param(
            *("raise", 5),
            "conn = connect()\ntry:\n    work()\nexcept Exception:\n    work()\nconn.close()\n",
        ),
        pytest.param(
            *("rebind", 0, "for item in [1, 2]:\n    conn = connect()\nconn.close()\n"),
        ),
    ],
)
def test_the_first_way_past_the_release(how: str, line: int, body: str) -> None:
    made = analysed({"m.py": f"{HEAD}def f(a=None):\n{textwrap.indent(body, '    ')}"})
    (found,) = follow(made, place(made, "m.py", "f"))
    assert found.solved.fate.value == "not-on-error"
    assert skip_of(made, found.solved) == (how, line + HEAD_LINES if line else 0)


def test_the_way_past_the_release_at_a_yield() -> None:
    body = "@contextlib.contextmanager\ndef f():\n    conn = connect()\n    yield conn\n    conn.close()\n"
    made = analysed({"m.py": HEAD + body})
    (found,) = follow(made, place(made, "m.py", "f"))
    assert skip_of(made, found.solved) == ("yield", 9)


def test_two_acquisitions_are_followed_each() -> None:
    found = solve_body("one = connect()\ntwo = connect()\none.close()\ntwo.close()\n")
    assert [f.solved.fate.value for f in found] == ["not-on-error", "always"]


def test_a_process_that_ends_releases_everything() -> None:
    assert only("import sys\nconn = connect()\nif a:\n    sys.exit(1)\nconn.close()\n") == (
        "always",
        "R",
        "A",
    )
