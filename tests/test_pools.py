"""How pools are set: where a value is written, what the library does without it, and which server it is for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import analysis

from conn_lint.analyze.addresses import server_of
from conn_lint.analyze.found import Found
from conn_lint.analyze.project import Project
from conn_lint.model.option import Role, Scalar
from conn_lint.model.pool import PoolSettings
from conn_lint.model.summary import DocumentSummary
from conn_lint.syntax.documents import read_document


def pools(files: dict[str, str]) -> tuple[PoolSettings, ...]:
    made = analysis(files)
    return Project(made, made.run()).pools()


def only(text: str, **others: str) -> PoolSettings:
    """The one creation of a program; `others` are modules beside it."""
    (found,) = pools({"m.py": text, **{f"{name}.py": other for name, other in others.items()}})
    return found


ENGINE = "import os\nfrom sqlalchemy import create_engine\n"
SIZE = "e = create_engine('postgresql://db/shop', pool_size=SIZE)\n"


@pytest.mark.parametrize(
    ("text", "value", "source"),
    [
        (f"{ENGINE}e = create_engine('postgresql://db/shop', pool_size=7)", 7, "argument"),
        (f"{ENGINE}e = create_engine('postgresql://db/shop')", 5, "default"),
        (f"{ENGINE}SIZE = 8\n{SIZE}", 8, "constant"),
        (f"{ENGINE}SIZE = int(os.environ.get('POOL', '9'))\n{SIZE}", 9, "environment"),
        (f"{ENGINE}SIZE = int(os.getenv('POOL') or 9)\n{SIZE}", 9, "environment"),
        (f"{ENGINE}SIZE = int(os.environ['POOL'])\n{SIZE}", None, "unknown"),
        (f"{ENGINE}SIZE = 4 * 2 + 1\n{SIZE}", 9, "constant"),
        (f"{ENGINE}SIZE = min(30, 4 * 5)\n{SIZE}", 20, "constant"),
        (f"{ENGINE}SIZE = -1 if os.name else 2\n{SIZE}", None, "unknown"),
        (f"{ENGINE}SIZE = 3 if os.name else 3\n{SIZE}", 3, "constant"),
        (f"{ENGINE}SIZE = 3\nSIZE = 4\n{SIZE}", None, "unknown"),
        (f"{ENGINE}SIZE = 3\ndef f():\n    global SIZE\n    SIZE = 40\n{SIZE}", None, "unknown"),
        (f"{ENGINE}A = {{'pool_size': 6}}\ne = create_engine('sqlite://', **A)", 6, "constant"),
        (f"{ENGINE}A = dict(pool_size=6)\ne = create_engine('sqlite://', **A)", 6, "constant"),
        (
            f"{ENGINE}A = {{'pool_size': 6}}\ne = create_engine('sqlite://', **A.copy())",
            6,
            "constant",
        ),
        (
            f"{ENGINE}A = {{'pool_size': 6}}\nB = {{**A, 'echo': 1}}\ne = create_engine('x://', **B)",
            6,
            "constant",
        ),
        (
            f"{ENGINE}A = {{'pool_size': 6}}\nA['pool_size'] = 7\ne = create_engine('x://', **A)",
            None,
            "unknown",
        ),
        (
            f"{ENGINE}A = {{'pool_size': 6}}\nA.update(more())\ne = create_engine('x://', **A)",
            None,
            "unknown",
        ),
        (f"{ENGINE}A = {{'n': {{'s': 6}}}}\nSIZE = A['n']['s']\n{SIZE}", 6, "constant"),
        (f"{ENGINE}import m2\ne = create_engine('x://', **m2.A)", None, "unknown"),
        (f"{ENGINE}def f(n):\n    return create_engine('x://', pool_size=n)", None, "unknown"),
        (f"{ENGINE}def n():\n    return 6\nSIZE = n()\n{SIZE}", 6, "constant"),
        (f"{ENGINE}A = B = C = 1\nA = A + A\n{SIZE}", None, "unknown"),
    ],
)
def test_where_a_value_comes_from(text: str, value: Scalar, source: str) -> None:
    setting = only(text).get("size")
    assert setting is not None
    assert (setting.value, setting.source) == (value, source)


def test_a_constant_is_followed_to_its_module() -> None:
    text = f"{ENGINE}from conf import Config, POOL\ne = create_engine('x://', pool_size=Config.SIZE, max_overflow=POOL)"
    found = only(text, conf="POOL = 3\n\n\nclass Config:\n    SIZE = 30\n")
    size, overflow = found.get("size"), found.get("overflow")
    assert size is not None
    assert overflow is not None
    assert size.location is not None
    assert (size.location.path, size.location.span.line) == ("conf.py", 5)
    assert (overflow.value, found.largest) == (3, 33)


def test_settings_classes_are_read_from_the_environment() -> None:
    conf = """
        from pydantic import Field
        from pydantic_settings import BaseSettings, SettingsConfigDict

        class Settings(BaseSettings):
            model_config = SettingsConfigDict(env_prefix="SHOP_")
            pool: int = 12
            extra: int = Field(default=4, validation_alias="MORE")
            url: str

        settings = Settings()
        """
    given = "settings.url, pool_size=settings.pool, max_overflow=settings.extra"
    text = f"{ENGINE}from conf import settings\ne = create_engine({given})"
    found = only(text, conf=conf)
    size, overflow = found.get("size"), found.get("overflow")
    assert size is not None
    assert overflow is not None
    assert (size.value, size.source, size.variable) == (12, "environment", "SHOP_POOL")
    assert (overflow.value, overflow.variable) == (4, "MORE")
    assert (found.server.source, found.server.variable) == ("unknown", "SHOP_URL")


def test_fields_that_a_constructor_fills_are_unknown() -> None:
    conf = "import dataclasses\n\n@dataclasses.dataclass\nclass C:\n    size: int = 5\n\nc = C(size=50)\n"
    found = only(f"{ENGINE}from conf import c\ne = create_engine('x://', pool_size=c.size)", conf=conf)  # fmt: skip
    size = found.get("size")
    assert size is not None
    assert not size.is_known


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("'postgresql+asyncpg://u:p@db.host:6543/shop?a=1&B=2'", ("postgresql+asyncpg", "db.host", 6543, "shop")),
        ("f'postgresql://{u}:{p}@db:6543/{n}'", ("postgresql", "db", 6543, None)),
        ("f'postgresql://{u}@{h}:6543/shop'", ("postgresql", None, 6543, "shop")),
        ("'postgresql://%s:%s@db:6543/shop' % (u, p)", ("postgresql", "db", 6543, "shop")),
        ("'postgresql://{}:{}@db:6543/shop'.format(u, p)", ("postgresql", "db", 6543, "shop")),
        ("'postgresql://' + u + '@db:6543/shop'", ("postgresql", "db", 6543, "shop")),
        ("os.environ.get('URL', 'postgresql://db/shop')", ("postgresql", "db", 0, "shop")),
        ("URL.create('postgresql', u, p, 'db', 6543, 'shop')", ("postgresql", "db", 6543, "shop")),
        ("URL.create('postgresql', host='db', port=int(u))", ("postgresql", "db", None, "")),
        ("make_url('postgresql://[::1]:5/x')", ("postgresql", "::1", 5, "x")),
        ("'postgresql://a,b:3/x'", ("postgresql", None, 0, "x")),
        ("u", (None, None, None, None)),
        ("'sqlite:///x.db'", ("sqlite", "", 0, "x.db")),
        ("'postgresql://db:99999999/x'", ("postgresql", "db", None, "x")),
    ],
)  # fmt: skip
def test_addresses(address: str, expected: tuple[object, ...]) -> None:
    head = "import os\nfrom sqlalchemy import URL, create_engine, make_url\n"
    text = f"{head}def f(u, p, h, n):\n    return create_engine({address})"
    server = only(text).server
    assert (server.scheme, server.host, server.port, server.database) == expected


def test_parameters_of_a_url_are_settings() -> None:
    text = "import redis\nr = redis.Redis.from_url('redis://cache:6379/0?max_connections=30&socket_timeout=2.5')"
    found = only(text)
    most, limit = found.get("max-size"), found.get("connect-timeout")
    assert most is not None
    assert limit is not None
    assert (most.value, limit.value, found.largest) == (30, 2.5, 30)
    assert found.server.parameter("MAX_CONNECTIONS") == "30"


def test_a_dsn_of_pairs() -> None:
    found = only("import psycopg2\nc = psycopg2.connect(\"host=db port=6543 dbname='my shop'\")")
    server = found.server
    assert (server.host, server.port, server.database) == ("db", 6543, "my shop")


@pytest.mark.parametrize(
    ("text", "role", "value"),
    [
        ("import asyncpg\np = asyncpg.create_pool('x')", "wait", "forever"),
        ("import redis\np = redis.BlockingConnectionPool(timeout=None)", "wait", "forever"),
        ("import redis\np = redis.ConnectionPool()", "max-size", None),
        (f"{ENGINE}e = create_engine('x://', pool_timeout=None)", "wait", "forever"),
        (f"{ENGINE}e = create_engine('x://', pool_pre_ping=True)", "stale-check", "on"),
        ("import oracledb\np = oracledb.create_pool(getmode=oracledb.POOL_GETMODE_NOWAIT)", "wait", "raises-at-once"),
        ("import psycopg_pool as p\nq = p.ConnectionPool('x', kwargs={'connect_timeout': 3})", "connect-timeout", 3),
        ("import pymongo\nc = pymongo.MongoClient('mongodb://h', waitQueueTimeoutMS=1500)", "wait", 1.5),
    ],
)  # fmt: skip
def test_values_in_the_roles_words(text: str, role: Role, value: Scalar) -> None:
    setting = only(text).get(role)
    assert setting is not None
    assert setting.value == value


def test_a_version_decides_a_default() -> None:
    for version, most in (("7.1", "unlimited"), ("8.0.1", 100)):
        made = analysis({"m.py": "import redis\nr = redis.Redis()"}, versions=(("redis", version),))
        (found,) = Project(made, made.run()).pools()
        setting = found.get("max-size")
        assert setting is not None
        assert setting.value == most


@pytest.mark.parametrize(
    ("given", "keeps"),
    [
        ("", "pool"),
        (", poolclass=NullPool", "none"),
        (", poolclass=pool.StaticPool", "one"),
        (", poolclass=None", "pool"),
        (", poolclass=pick()", None),
        (", **more()", "pool"),
    ],
)
def test_what_a_pool_class_keeps(given: str, keeps: str | None) -> None:
    head = "from sqlalchemy import create_engine, pool\nfrom sqlalchemy.pool import NullPool\n"
    found = only(f"{head}from x import pick, more\ne = create_engine('x://'{given})")
    assert (found.keeps if not found.open else "pool") == keeps


def test_what_grows_without_end_is_unknown() -> None:
    lines = "\n".join(f"A{n} = A{n - 1} * A{n - 1}" for n in range(1, 40))
    texts = "\n".join(f"T{n} = T{n - 1} + T{n - 1}" for n in range(1, 40))
    found = only(
        f"{ENGINE}A0 = 10\n{lines}\nT0 = 'x' * 9 + 'yy'\n{texts}\ne = create_engine(T39, pool_size=A39)"
    )
    size = found.get("size")
    assert size is not None
    assert not size.is_known
    assert found.server.host is None


@pytest.mark.parametrize(
    ("conf", "size", "source"),
    [
        ("class C:\n    SQLALCHEMY_ENGINE_OPTIONS = {'pool_size': 7}", 7, "constant"),
        ("SQLALCHEMY_ENGINE_OPTIONS = {'pool_size': 7}", 7, "constant"),
        ("SQLALCHEMY_ENGINE_OPTIONS = {'pool_recycle': 7}", 5, "default"),
        ("SQLALCHEMY_ENGINE_OPTIONS = more()", None, "unknown"),
        ("app.config['SQLALCHEMY_ENGINE_OPTIONS'] = {'pool_size': 7}", 7, "constant"),
        ("def make(app):\n    app.config[\n        'SQLALCHEMY_ENGINE_OPTIONS'\n    ] = {'pool_size': 7}",
         7, "constant"),
        ("app.config['SQLALCHEMY_ENGINE_OPTIONS'] = {'pool_size': 7}\n"
         "print(app.config.get('SQLALCHEMY_ENGINE_OPTIONS'), app.config['SQLALCHEMY_ENGINE_OPTIONS'])", 7, "constant"),
        ("app.config['SQLALCHEMY_ENGINE_OPTIONS'] = {}\n"
         "app.config['SQLALCHEMY_ENGINE_OPTIONS']['pool_size'] = 7", None, "unknown"),
        ("app.config['SQLALCHEMY_ENGINE_OPTIONS'] = {'pool_size': 7}\n"
         "app.config['SQLALCHEMY_ENGINE_OPTIONS'].update(pool_size=8)", None, "unknown"),
        ("app.config['SQLALCHEMY_ENGINE_OPTIONS'] = {'pool_size': 7}\n\n\n"
         "class B:\n    SQLALCHEMY_ENGINE_OPTIONS = {'pool_size': 8}", None, "unknown"),
        ("others['SQLALCHEMY_ENGINE_OPTIONS'] = {'pool_size': 7}", None, "unknown"),
        ("import os\nos.environ['SQLALCHEMY_ENGINE_OPTIONS'] = '{}'", None, "unknown"),
        ("app.config['SQLALCHEMY_ENGINE_OPTIONS'] |= {'pool_size': 7}", None, "unknown"),
        ("app.config.from_mapping({'SQLALCHEMY_ENGINE_OPTIONS': {'pool_size': 7}})", None, "unknown"),
        ("app.config.update(SQLALCHEMY_ENGINE_OPTIONS={'pool_size': 7})", None, "unknown"),
        ("class A:\n    SQLALCHEMY_ENGINE_OPTIONS = {'pool_size': 7}\n\n\n"
         "class B:\n    SQLALCHEMY_ENGINE_OPTIONS = {'pool_size': 8}", None, "unknown"),
        ("DEBUG = True", 5, "default"),
    ],
)  # fmt: skip
def test_settings_of_a_framework(conf: str, size: Scalar, source: str) -> None:
    text = "from flask_sqlalchemy import SQLAlchemy\n\ndb = SQLAlchemy()\n"
    setting = only(text, conf=f"{conf}\n").get("size")
    assert setting is not None
    assert (setting.value, setting.source) == (size, source)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("float('inf')", "unlimited"),
        ("float('nan')", None),
        ("-float('inf')", None),
        ("10 ** 400", None),
        ("'9' * 5000", None),
        (f"int('{'9' * 5000}')", None),
        ("{'a': 1}", None),
        ("lambda: 5", None),
        ("True", True),
        ("5 // 0", None),
    ],
)
def test_odd_values_break_nothing(written: str, value: Scalar) -> None:
    found = only(f"{ENGINE}e = create_engine('x://', pool_size={written})")
    setting = found.get("size")
    assert setting is not None
    assert setting.value == value
    assert found.largest is None


def test_what_refers_to_itself_in_many_ways_comes_to_an_end() -> None:
    functions = "".join(
        f"def f{n}():\n    return {' + '.join([f'f{n + 1}()'] * 8)}\n\n\n" for n in range(30)
    )
    classes = "".join(
        f"class C{n}:\n    A = {' + '.join([f'C{n + 1}.A'] * 8)}\n\n\n" for n in range(30)
    )
    tables = "".join(f"T{n} = {{'a': T{n + 1}, 'b': T{n + 1}}}\n" for n in reversed(range(30)))
    text = f"{ENGINE}{functions}{classes}T30 = 1\n{tables}"
    for written in ("f0()", "C0.A", "T0"):
        size = only(f"{text}e = create_engine('x://', pool_size={written})").get("size")
        assert size is not None
        assert not size.is_known


@given(st.text(alphabet="\0 abz:/@?&=#%[],.0915'\\\\-+\n", max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_text_is_some_address(text: str) -> None:
    for address in (text, f"postgresql://{text}", f"host={text}"):
        server = server_of(Found(address, "argument"))
        assert server.port is None or 0 <= server.port <= 65535
        assert server.host is None or "\0" not in server.host


REDIS = "import os\nimport redis\nr = redis.from_url(os.environ['URL'])\n"
PRISMA = "from prisma import Prisma\ndb = Prisma()\n"


def document(path: str, text: str) -> DocumentSummary:
    form = "prisma" if path.endswith(".prisma") else "env"
    return read_document(text.encode(), form, path)


def set_up(text: str, **files: str) -> PoolSettings:
    """The one creation of a program beside settings files; `DOT` and `__` stand for "." and "/"."""
    paths = {name.replace("DOT", ".").replace("__", "/"): said for name, said in files.items()}
    made = analysis({"m.py": text}, documents=tuple(document(*item) for item in paths.items()))
    (found,) = Project(made, made.run()).pools()
    return found


@pytest.mark.parametrize(
    ("files", "size"),
    [
        ({"DOTenv": "URL=redis://h/0?max_connections=7"}, 7),
        ({"DOTenv": "URL=redis://h?max_connections=7", "DOTenvDOTprod": "URL=redis://h"}, 100),
        ({"DOTenvDOTexample": "URL=redis://h?max_connections=7"}, 100),
        ({"DOTenv": "OTHER=redis://h?max_connections=7"}, 100),
    ],
)
def test_a_url_in_a_settings_file_sets_a_pool(files: dict[str, str], size: int) -> None:
    found = set_up(REDIS, **files).get("max-size")
    assert found is not None
    assert (found.value if size == 7 else None, found.source == "document") == (
        (7, True) if size == 7 else (None, False)
    )
    assert (found.location is not None) == (size == 7)


SOURCE = 'datasource db {\n  url = "postgresql://db/shop?connection_limit=7&pool_timeout=0"\n}\n'
GENERATOR = 'generator client {\n  provider = "prisma-client-PY"\n}\n'


@pytest.mark.parametrize(
    ("files", "size"),
    [
        ({"schemaDOTprisma": SOURCE}, 7),
        ({"prisma__schemaDOTprisma": GENERATOR.replace("PY", "py") + SOURCE}, 7),
        ({"schemaDOTprisma": GENERATOR.replace("PY", "js") + SOURCE}, None),
        ({"aDOTprisma": GENERATOR.replace("PY", "js"), "bDOTprisma": SOURCE}, None),
        ({"a__schemaDOTprisma": SOURCE, "b__schemaDOTprisma": SOURCE.replace("7", "8")}, None),
        ({"schemaDOTprisma": SOURCE.replace("url", "directUrl")}, None),
        ({}, None),
    ],
)
def test_a_schema_says_what_its_client_connects_to(files: dict[str, str], size: int | None) -> None:
    found = set_up(PRISMA, **files)
    assert found.largest == size
    wait = found.get("wait")
    assert wait is not None
    assert wait.value == ("forever" if size else 10)


def test_the_call_says_it_before_the_schema() -> None:
    text = "from prisma import Prisma\ndb = Prisma(datasource={'url': 'postgresql://other/x'})\n"
    found = set_up(text, schemaDOTprisma=SOURCE)
    assert (found.server.host, found.largest) == ("other", None)


@pytest.mark.parametrize(
    "conf",
    [
        "app.config['SQLALCHEMY_DATABASE_URI'] = os.environ['SHOP_URL']",
        "SQLALCHEMY_DATABASE_URI = os.environ.get('SHOP_URL')",
        "class C:\n    SQLALCHEMY_DATABASE_URI = os.getenv('SHOP_URL')",
    ],
)
def test_a_setting_of_a_framework_is_followed_into_settings_files(conf: str) -> None:
    text = f"import os\nfrom flask_sqlalchemy import SQLAlchemy\n\ndb = SQLAlchemy()\n{conf}\n"
    env = document(".env", "SHOP_URL=postgresql+psycopg://shop@db:6432/shop\n")
    made = analysis({"m.py": text}, documents=(env,))
    (routed,) = Project(made, made.run()).routes()
    assert [(r.server.host, r.server.port) for r in routed.routes] == [("db", 6432)]
    assert routed.routes[0].pooler is not None


CLASSES = """
from sqlalchemy import create_engine

class Base:
    def __init__(self, url, size=5):
        self.engine = create_engine(url, pool_size=size, max_overflow=0)

class Options:
    def __init__(self, url, name="", **options):
        self.engine = create_engine(url, **options)
"""
CHILD = "class Child(Base):\n    def __init__(self, url):\n        "


@pytest.mark.parametrize(
    ("made", "most"),
    [
        ("db = Base('postgresql://db/shop', 41)", 41),
        ("db = Base('postgresql://db/shop')", 5),
        ("a = Base('postgresql://db/shop', 41)\nb = Base('postgresql://db/shop', 42)", None),
        ("class Child(Base):\n    pass\ndb = Child('postgresql://db/shop', 45)", 45),
        (f"{CHILD}super().__init__(url, size=44)\ndb = Child('postgresql://db/shop')", 44),
        (f"{CHILD}self.url = url\ndb = Child('postgresql://db/shop')", None),
    ],
)  # fmt: skip
def test_sizes_through_constructors(made: str, most: int | None) -> None:
    found = [p for p in pools({"m.py": f"{CLASSES}\n{made}\n"}) if p.get("size") and not p.open]
    assert [p.largest for p in found] == [most]


@pytest.mark.parametrize(
    ("made", "most"),
    [
        ("db = Options('postgresql://db/shop', name='x', pool_size=43, max_overflow=0)", 43),
        ("db = Options('postgresql://db/shop', 'x')", 15),
        ("MORE = {'pool_size': 46}\ndb = Options('postgresql://db/shop', 'x', **MORE)", 56),
        ("db = Options('postgresql://db/shop', 'x', **more())", None),
        ("a = Options('x://', pool_size=1)\nb = Options('x://', pool_size=2)", None),
    ],
)  # fmt: skip
def test_options_through_constructors(made: str, most: int | None) -> None:
    found = pools({"m.py": f"{CLASSES}\n{made}\n"})
    assert [p.largest for p in found if p.creation.function == "Options.__init__"] == [most]
