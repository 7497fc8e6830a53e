"""The committed data: complete, consistent, each record with its evidence and a sound example."""

from __future__ import annotations

import ast
import collections

import pytest

from conn_lint.knowledge.load import load_builtin
from conn_lint.knowledge.lookup import Knowledge
from conn_lint.model.resource import Resource

DATABASE_PACKAGES = """
    psycopg2-binary psycopg psycopg_pool asyncpg aiopg pg8000 pymysql mysqlclient
    mysql-connector-python aiomysql asyncmy mariadb pymssql pyodbc aioodbc oracledb cx_Oracle
    sqlite3 aiosqlite apsw duckdb libsql snowflake-connector-python databricks-sql-connector
    redshift_connector vertica_python trino pyhive impyla clickhouse_driver clickhouse_connect
    asynch SQLAlchemy sqlmodel databases dataset peewee tortoise-orm pony Flask-SQLAlchemy
    Django DBUtils pymongo motor mongoengine beanie redis valkey coredis aioredis pymemcache
    aiomcache python-memcached pylibmc elasticsearch opensearch-py cassandra-driver neo4j py2neo
    python-arango couchbase influxdb_client prisma supabase happybase
"""

CLIENT_NAMES = """
    requests.Session requests.adapters.HTTPAdapter httpx.Client httpx.AsyncClient
    httpx.HTTPTransport httpx2.Client httpx2.AsyncClient aiohttp.ClientSession
    aiohttp.TCPConnector urllib3.PoolManager urllib3.HTTPConnectionPool niquests.Session
    niquests.AsyncSession http.client.HTTPConnection http.client.HTTPSConnection
    urllib.request.build_opener curl_cffi.Session curl_cffi.AsyncSession httplib2.Http
    cloudscraper.create_scraper tls_client.Session tornado.httpclient.AsyncHTTPClient
    boto3.client boto3.resource boto3.Session botocore.session.get_session
    botocore.session.Session.create_client aioboto3.Session aioboto3.Session.client
    aiobotocore.session.get_session aiobotocore.session.AioSession.create_client minio.Minio
    google.cloud.storage.Client google.cloud.bigquery.Client google.cloud.firestore.Client
    google.cloud.firestore.AsyncClient google.cloud.pubsub_v1.PublisherClient
    google.cloud.pubsub_v1.SubscriberClient google.cloud.spanner.Client
    google.cloud.secretmanager.SecretManagerServiceClient
    google.cloud.secretmanager.SecretManagerServiceAsyncClient google.cloud.datastore.Client
    google.cloud.bigtable.Client google.cloud.bigtable.data.BigtableDataClientAsync
    google.cloud.logging.Client googleapiclient.discovery.build firebase_admin.initialize_app
    google.auth.transport.requests.AuthorizedSession google.generativeai.GenerativeModel
    azure.cosmos.CosmosClient azure.cosmos.aio.CosmosClient azure.storage.blob.BlobServiceClient
    azure.storage.blob.aio.BlobServiceClient azure.storage.queue.QueueServiceClient
    azure.servicebus.ServiceBusClient azure.servicebus.aio.ServiceBusClient
    azure.eventhub.EventHubProducerClient azure.eventhub.aio.EventHubProducerClient
    azure.keyvault.secrets.SecretClient azure.keyvault.secrets.aio.SecretClient
    azure.identity.DefaultAzureCredential azure.identity.aio.DefaultAzureCredential
    azure.search.documents.SearchClient azure.search.documents.aio.SearchClient
    grpc.insecure_channel grpc.aio.insecure_channel kafka.KafkaProducer kafka.KafkaConsumer
    kafka.KafkaAdminClient confluent_kafka.Producer confluent_kafka.Consumer
    confluent_kafka.admin.AdminClient confluent_kafka.aio.AIOProducer
    confluent_kafka.schema_registry.SchemaRegistryClient aiokafka.AIOKafkaProducer
    aiokafka.AIOKafkaConsumer pulsar.Client pulsar.Client.create_producer pulsar.asyncio.Client
    pika.BlockingConnection pika.SelectConnection aio_pika.connect aio_pika.pool.Pool
    kombu.Connection amqp.Connection nats.connect paho.mqtt.client.Client aiomqtt.Client
    celery.Celery zmq.Context temporalio.client.Client.connect openai.OpenAI openai.AsyncOpenAI
    anthropic.Anthropic anthropic.AsyncAnthropic groq.Groq groq.AsyncGroq together.Together
    together.AsyncTogether mistralai.client.Mistral cohere.Client cohere.AsyncClient
    google.genai.Client ollama.Client ollama.AsyncClient langchain_openai.ChatOpenAI
    langchain_anthropic.ChatAnthropic langchain_groq.ChatGroq langchain_ollama.ChatOllama
    langchain_google_genai.ChatGoogleGenerativeAI langchain.chat_models.init_chat_model
    litellm.Router huggingface_hub.InferenceClient huggingface_hub.AsyncInferenceClient
    huggingface_hub.HfApi pinecone.Pinecone pinecone.Index pinecone.AsyncPinecone
    qdrant_client.QdrantClient qdrant_client.AsyncQdrantClient weaviate.connect_to_local
    weaviate.use_async_with_local chromadb.HttpClient chromadb.AsyncHttpClient
    chromadb.PersistentClient pymilvus.MilvusClient pymilvus.AsyncMilvusClient
    pymilvus.connections.connect meilisearch.Client typesense.Client typesense.AsyncClient
    algoliasearch.search.client.SearchClientSync algoliasearch.search.client.SearchClient
    slack_sdk.WebClient slack_sdk.web.async_client.AsyncWebClient
    slack_sdk.socket_mode.SocketModeClient twilio.rest.Client
    twilio.http.async_http_client.AsyncTwilioHttpClient stripe.StripeClient
    sendgrid.SendGridAPIClient telegram.Bot zeep.Client zeep.AsyncClient suds.client.Client
    github.Github gitlab.Gitlab jira.JIRA atlassian.Confluence praw.Reddit tweepy.Client
    supabase.create_client supabase.acreate_client gql.Client hvac.Client consul.Consul
    consul.aio.Consul etcd3.client docker.from_env aiodocker.Docker kubernetes.client.ApiClient
    kubernetes_asyncio.client.ApiClient smtplib.SMTP aiosmtplib.SMTP imaplib.IMAP4 poplib.POP3
    ftplib.FTP telnetlib.Telnet paramiko.SSHClient paramiko.Transport
    paramiko.SFTPClient.from_transport asyncssh.connect fabric.Connection ldap3.Connection
    ldap.initialize websockets.connect websockets.sync.client.connect
    websocket.create_connection
"""

FAMILIES = load_builtin()
KNOWLEDGE = Knowledge(FAMILIES)
MODULES = {module for library in KNOWLEDGE.libraries for module in library.imports}
RESOURCES = [resource for family in FAMILIES for resource in family.resource]


def ids(resource: Resource) -> str:
    return resource.name


def test_every_database_library_is_there() -> None:
    wanted = DATABASE_PACKAGES.split()
    assert len(wanted) == 65
    assert set(wanted) <= {library.package for library in KNOWLEDGE.libraries}


def test_every_client_is_there() -> None:
    wanted = CLIENT_NAMES.split()
    assert len(wanted) == 177
    assert [name for name in wanted if KNOWLEDGE.acquisition(name) is None] == []


def test_names_of_resources_are_unique() -> None:
    names = collections.Counter(resource.name for resource in RESOURCES)
    assert [name for name, count in names.items() if count > 1] == []


def test_a_call_acquires_one_resource_only() -> None:
    owners: dict[str, set[str]] = {}
    for resource in RESOURCES:
        for name in resource.acquire:
            owners.setdefault(KNOWLEDGE.canonical(name), set()).add(resource.name)
    assert {name: found for name, found in owners.items() if len(found) > 1} == {}


def test_no_library_stands_in_two_families() -> None:
    packages = collections.Counter(library.package for library in KNOWLEDGE.libraries)
    assert [name for name, count in packages.items() if count > 1] == []


def test_an_alias_has_one_type_and_is_none_itself() -> None:
    owners: dict[str, set[str]] = {}
    for family in FAMILIES:
        for alias in family.alias:
            for name in alias.also:
                owners.setdefault(name, set()).add(alias.type)
    assert {name: found for name, found in owners.items() if len(found) > 1} == {}
    types = {alias.type for family in FAMILIES for alias in family.alias}
    assert types & set(owners) == set()


@pytest.mark.parametrize("resource", RESOURCES, ids=ids)
def test_a_record_is_sound(resource: Resource) -> None:
    assert resource.evidence.source
    assert resource.evidence.version
    assert bool(resource.example) == bool(resource.acquire)
    assert set(resource.release_awaited) <= set(resource.release)
    assert set(resource.elsewhere) <= set(resource.acquire)
    ways_out = (resource.release, resource.release_on_owner, resource.release_by)
    assert any(ways_out) or resource.must_release == "no"
    assert resource.is_async or resource.call not in {"await", "async-with-only"}
    assert not resource.begins or resource.lazy
    for name in resource.acquire:
        assert KNOWLEDGE.is_known_module(name), f"no library imports {name}"


@pytest.mark.parametrize("resource", [r for r in RESOURCES if r.acquire], ids=ids)
def test_a_method_belongs_to_a_known_type(resource: Resource) -> None:
    for name in resource.acquire:
        head, _, last = name.rpartition(".")
        in_class = head not in MODULES and head.rpartition(".")[2][:1].isupper()
        if in_class and not last[:1].isupper():
            assert KNOWLEDGE.is_type(head) or head in resource.acquire, head


@pytest.mark.parametrize("resource", [r for r in RESOURCES if r.acquire], ids=ids)
def test_the_example_acquires_it(resource: Resource) -> None:
    call = ast.parse(resource.example, mode="eval").body
    assert isinstance(call, ast.Call)
    found = KNOWLEDGE.acquisition(dotted(call.func))
    assert found is not None
    assert found.name == resource.name


def dotted(node: ast.expr) -> str:
    """The name of what an expression of an example stands for, by the types of earlier values."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            return f"{dotted(value)}.{attr}"
        case ast.Await(value=value):
            return dotted(value)
        case ast.Subscript(value=value):
            return type_of(f"{dotted(value)}.__getitem__")
        case ast.Call(func=ast.Call() as func):
            return type_of(f"{dotted(func)}.__call__")
        case ast.Call(func=func):
            return type_of(dotted(func))
        case _:
            raise AssertionError(ast.dump(node))


def type_of(callee: str) -> str:
    operation = KNOWLEDGE.operation(callee)
    if operation is not None:
        return operation.returns or callee.rpartition(".")[0]
    resource = KNOWLEDGE.acquisition(callee)
    assert resource is not None, callee
    return resource.value


def test_operations_lead_from_known_to_known() -> None:
    for family in FAMILIES:
        for operation in family.operation:
            assert bool(operation.returns) != operation.same, operation.name
            assert KNOWLEDGE.operation(operation.name) == operation


def test_waits_name_something() -> None:
    groups = collections.Counter(wait.group for family in FAMILIES for wait in family.wait)
    assert max(groups.values()) == 1
    for family in FAMILIES:
        for wait in family.wait:
            assert wait.functions or wait.receivers, wait.group
            assert bool(wait.receivers) == bool(wait.methods), wait.group


def test_databases_are_not_waited_for() -> None:
    """A cache, a broker's pool or a search server is never "external"."""
    for name in ("redis.Redis", "pymongo.MongoClient", "elasticsearch.Elasticsearch"):
        assert KNOWLEDGE.wait_method(name, "get") is None


def test_examples_of_judgements() -> None:
    def must_release(name: str) -> str:
        resource = KNOWLEDGE.acquisition(name)
        assert resource is not None
        return resource.must_release

    assert must_release("psycopg2.connect") == "yes"
    assert must_release("sqlalchemy.create_engine") == "yes"
    assert must_release("pymongo.MongoClient") == "yes"
    assert must_release("redis.asyncio.Redis") == "yes"
    for name in ("redis.Redis", "boto3.client", "requests.Session", "openai.OpenAI"):
        assert must_release(name) == "no"
