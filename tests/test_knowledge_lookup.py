"""Look-ups by name: aliases, bases, methods of values, the user's own records."""

from __future__ import annotations

import pytest

from conn_lint.knowledge.load import data_digest, load_builtin, parse_family
from conn_lint.knowledge.lookup import Knowledge
from conn_lint.model.resource import Resource

KNOWLEDGE = Knowledge(load_builtin())

USER = """
[[resource]]
name = "acme.connect"
kind = "connection"
acquire = ["acme.connect", "acme.Client.open", "requests.Session"]
value = "acme.Connection"
release = ["shut"]
evidence = { source = "acme.py", version = "1" }

[[alias]]
type = "acme.Client"
also = ["acme.client.Client"]
bases = ["acme.Base"]

[[operation]]
name = "acme.Base.peer"
returns = "acme.Connection"

[[wrap]]
name = "contextlib.closing"
effect = "borrows"

[[harmless]]
names = ["acme.log", ".note"]
"""


def user_knowledge() -> Knowledge:
    return Knowledge(load_builtin(), parse_family(USER, "pyproject.toml"))


def acquired(name: str, knowledge: Knowledge = KNOWLEDGE) -> Resource:
    resource = knowledge.acquisition(name)
    assert resource is not None, name
    return resource


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("psycopg2.connect", "psycopg2.connect"),
        (
            "psycopg2.pool.SimpleConnectionPool.getconn",
            "psycopg2.pool.ThreadedConnectionPool.getconn",
        ),
        ("sqlalchemy.orm.session.Session", "sqlalchemy.orm.Session"),
        ("sqlalchemy.orm.session.sessionmaker.__call__", "sqlalchemy.orm.Session"),
        ("sqlalchemy.engine.base.Engine.connect", "sqlalchemy.Connection"),
        (
            "sqlalchemy.ext.asyncio.engine.AsyncEngine.begin",
            "sqlalchemy.ext.asyncio.AsyncEngine.begin",
        ),
        ("sqlmodel.create_engine", "sqlalchemy.create_engine"),
        ("sqlmodel.Session.begin", "sqlalchemy.orm.Session.begin"),
        ("pymysql.Connection", "pymysql.connect"),
        ("MySQLdb.Connection", "MySQLdb.connect"),
        ("sqlite3.dbapi2.connect", "sqlite3.connect"),
        ("pymongo.mongo_client.MongoClient", "pymongo.MongoClient"),
        ("redis.client.Redis", "redis.Redis"),
        ("redis.StrictRedis.from_url", "redis.Redis"),
        ("redis.BlockingConnectionPool.get_connection", "redis.ConnectionPool.get_connection"),
        ("asyncpg.pool.Pool.acquire", "asyncpg.Pool.acquire"),
        ("aiohttp.client.ClientSession", "aiohttp.ClientSession"),
        ("boto3.session.Session.client", "boto3.client"),
        ("google.cloud.storage.client.Client", "gcs.Client"),
    ],
)
def test_acquisitions_through_aliases_and_bases(written: str, name: str) -> None:
    assert acquired(written).name == name


@pytest.mark.parametrize(
    "name",
    [
        "psycopg2.extensions.connection.cursor",
        "sqlalchemy.orm.scoped_session.__call__",
        "sqlalchemy.orm.Session.execute",
        "requests.get",
        "json.loads",
        "connect",
        "",
    ],
)
def test_what_acquires_nothing(name: str) -> None:
    assert KNOWLEDGE.acquisition(name) is None


def test_an_acquisition_has_the_type_of_its_value() -> None:
    assert acquired("smtplib.SMTP_SSL").value == "smtplib.SMTP_SSL"
    assert (
        acquired("azure.storage.blob.BlobClient.from_blob_url").value
        == "azure.storage.blob.BlobClient"
    )
    assert acquired("requests.session").value == "requests.Session"
    assert acquired("sqlalchemy.orm.session.Session").value == "sqlalchemy.orm.Session"


def test_canonical_types_and_their_bases() -> None:
    assert KNOWLEDGE.canonical("psycopg2._psycopg.connection") == "psycopg2.extensions.connection"
    assert KNOWLEDGE.canonical("acme.Unheard") == "acme.Unheard"
    assert KNOWLEDGE.mro("sqlmodel.orm.session.Session") == (
        "sqlmodel.Session",
        "sqlalchemy.orm.Session",
    )
    assert KNOWLEDGE.is_type("sqlalchemy.engine.Engine")
    assert not KNOWLEDGE.is_type("acme.Unheard")
    kinds = KNOWLEDGE.derived("sqlalchemy.orm.session.Session")
    assert {"sqlalchemy.orm.Session", "sqlmodel.Session", "sqlmodel.orm.session.Session"} <= kinds
    assert "sqlalchemy.Engine" not in kinds


def test_the_resource_of_a_type() -> None:
    session = KNOWLEDGE.value_resource("sqlalchemy.orm.session.Session")
    assert session is not None
    assert session.lazy
    assert KNOWLEDGE.value_resource("psycopg2.extensions.connection") is None  # own or borrowed
    names = {r.name for r in KNOWLEDGE.value_resources("psycopg2.extensions.connection")}
    assert names == {"psycopg2.connect", "psycopg2.pool.ThreadedConnectionPool.getconn"}


def test_operations() -> None:
    cursor = KNOWLEDGE.operation("psycopg2._psycopg.connection.cursor")
    assert cursor is not None
    assert cursor.returns == "psycopg2.extensions.cursor"
    back = KNOWLEDGE.operation("psycopg2.extras.RealDictCursor.connection")
    assert back is not None
    assert back.attribute
    assert KNOWLEDGE.operation("sqlalchemy.Engine.connect") is None


def test_wraps() -> None:
    (closing,) = KNOWLEDGE.wrap("contextlib.closing")
    assert (closing.effect, closing.method) == ("closes-on-exit", "close")
    for name in (
        ".enter_context",
        "contextlib.AsyncExitStack.enter_context",
        "acme.Stack.enter_context",
    ):
        assert [wrap.effect for wrap in KNOWLEDGE.wrap(name)] == ["takes-ownership"]
    assert {wrap.argument for wrap in KNOWLEDGE.wrap("pandas.read_sql")} == {"1", "con"}
    assert KNOWLEDGE.wrap("acme.keep") == ()


def test_a_function_of_a_module_is_no_method() -> None:
    assert KNOWLEDGE.is_harmless(".copy")
    assert not KNOWLEDGE.is_harmless("shutil.copy")
    assert KNOWLEDGE.is_harmless("logging.Logger.info")
    assert KNOWLEDGE.is_harmless("print")
    assert not KNOWLEDGE.is_harmless(".get")


def test_exits_and_swallows() -> None:
    assert KNOWLEDGE.is_exit("sys.exit")
    assert not KNOWLEDGE.is_exit("print")
    assert KNOWLEDGE.swallows("contextlib.suppress")
    assert KNOWLEDGE.swallows("tests.MyCase.assertRaises")
    assert not KNOWLEDGE.swallows("contextlib.closing")


def test_waits() -> None:
    sleep = KNOWLEDGE.wait_function("time.sleep")
    assert sleep is not None
    assert sleep.category == "pause"
    assert KNOWLEDGE.wait_function("requests.get") is not None
    create = KNOWLEDGE.wait_method("openai.AsyncOpenAI", "chat.completions.create")
    assert create is not None
    assert create.category == "external"
    assert KNOWLEDGE.wait_method("openai.AzureOpenAI", "responses.create") is not None
    assert KNOWLEDGE.wait_method("requests.sessions.Session", "get") is not None
    assert KNOWLEDGE.wait_method("botocore.client.BaseClient", "put_object") is not None
    assert KNOWLEDGE.wait_method("botocore.client.BaseClient", "generate_presigned_url") is None
    assert KNOWLEDGE.wait_method("acme.shop_pb2_grpc.ShopStub", "Buy") is not None
    assert KNOWLEDGE.wait_method("requests.Session", "close") is None


def test_conveniences() -> None:
    get = KNOWLEDGE.convenience("requests.get")
    assert get is not None
    assert get.opens == "connection-per-call"
    assert KNOWLEDGE.convenience("requests.Session") is None


def test_modules() -> None:
    roots = KNOWLEDGE.library_roots()
    assert {"psycopg2", "sqlalchemy", "mysql.connector", "google.cloud.storage"} <= roots
    assert "google" not in roots
    assert "sqlalchemy.orm" not in roots
    assert KNOWLEDGE.is_known_module("sqlalchemy.orm.session")
    assert not KNOWLEDGE.is_known_module("google")
    assert not KNOWLEDGE.is_known_module("psycopg22")


def test_words_for_the_prefilter() -> None:
    words = KNOWLEDGE.acquire_words()
    assert {"connect", "Session", "getconn", "create_engine", "StrictRedis"} <= words
    assert "__call__" not in words
    assert "" not in words


def test_the_users_records_win() -> None:
    knowledge = user_knowledge()
    assert acquired("requests.Session", knowledge).name == "acme.connect"
    assert acquired("acme.client.Client.open", knowledge).value == "acme.Connection"
    assert [wrap.effect for wrap in knowledge.wrap("contextlib.closing")] == ["borrows"]
    peer = knowledge.operation("acme.client.Client.peer")
    assert peer is not None
    assert knowledge.is_harmless("acme.log")
    assert knowledge.is_harmless(".note")
    assert knowledge.is_harmless("print")
    assert "open" in knowledge.acquire_words()
    assert knowledge.resources[-1].name == "acme.connect"


def test_a_users_resource_replaces_one_of_its_name() -> None:
    text = USER.replace('name = "acme.connect"', 'name = "psycopg2.connect"')
    knowledge = Knowledge(load_builtin(), parse_family(text, "pyproject.toml"))
    resource = knowledge.resource("psycopg2.connect")
    assert resource is not None
    assert resource.release == ("shut",)
    assert knowledge.acquisition("psycopg2.connect") is None


def test_the_digest_tells_what_is_known() -> None:
    assert KNOWLEDGE.digest() == Knowledge(load_builtin()).digest()
    assert KNOWLEDGE.digest() != user_knowledge().digest()
    assert data_digest() == data_digest()
    assert len(data_digest()) == 64
