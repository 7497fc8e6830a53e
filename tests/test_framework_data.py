"""The committed data on frameworks: complete, each record with its evidence, a label and a place to go."""

from __future__ import annotations

import collections

import pytest

from conn_lint.knowledge.load import load_builtin
from conn_lint.knowledge.lookup import Knowledge
from conn_lint.model.framework import EntryPoint, Hook, NotEntry

ENTRIES = """
    flask.route flask.add_url_rule flask.hooks flask.views flask_restful.resource flask.cli
    flask_login.loader connexion quart.route quart.add quart.background fastapi.route
    fastapi.add fastapi.hooks fastapi.dependency fastapi.background starlette.route
    starlette.add starlette.route_decorator_0x starlette.endpoint starlette.middleware
    asgi.middleware litestar.route litestar.controller litestar.hooks django.path django.cbv
    django.middleware_func django.signals django.admin django.template_tags
    django.context_processor django.tasks drf.api_view drf.views drf.serializer ninja
    channels aiohttp.routes aiohttp.add aiohttp.add_route aiohttp.def aiohttp.view
    aiohttp.middleware sanic.route sanic.add sanic.cbv tornado tornado.ws tornado.periodic
    falcon falcon.middleware bottle pyramid pyramid.add_view pyramid.misc cherrypy robyn
    blacksheep blacksheep.controller lambda.handler lambda.serverless_yml lambda.sam
    lambda.cdk lambda.powertools lambda.powertools_appsync lambda.powertools_decorators
    lambda.chalice lambda.mangum lambda.zappa zappa.task gcf azure.v2 azure.v1 azure.asgi
    vercel modal.function modal.cls celery.task celery.class celery.signals celery.periodic
    rq.decorator rq.enqueue rq.enqueue_in dramatiq dramatiq.class dramatiq.middleware arq
    huey taskiq apscheduler.add_job apscheduler.decorator schedule.every procrastinate
    django_q temporal.activity temporal.workflow kopf grpc.servicer grpc.interceptor
    strawberry graphene ariadne dataloader websockets.server socketio socketio.namespace
    http.server asyncio.server wsgi.raw ptb ptb0 ptb.jobs telebot aiogram discord.event
    discord.class discord.loop slack_bolt streamlit.script streamlit.fragment gradio
    gradio.events dash nicegui chainlit mcp.v2 mcp.v1 fastmcp prefect dagster
    airflow.taskflow airflow.operator airflow.python_operator airflow.top_level
    scrapy.spider scrapy.pipeline faust faststream consumer.loop
"""

HOOKS = """
    flask.factory flask.blueprint_record quart.before_serving quart.after_serving
    quart.while_serving fastapi.lifespan fastapi.on_event fastapi.on_startup
    starlette.on_startup starlette.add_event_handler litestar.on_startup
    litestar.on_shutdown litestar.lifespan django.ready django.wsgi aiohttp.cleanup_ctx
    aiohttp.on_startup aiohttp.on_cleanup sanic.server_start sanic.server_stop
    sanic.main_process sanic.listener cherrypy.engine robyn.startup blacksheep.on_start
    modal.enter modal.exit celery.worker_process_init celery.worker_process_shutdown
    celery.worker_init celery.on_after_configure dramatiq.boot dramatiq.shutdown
    arq.on_startup huey.on_startup taskiq.on_event kopf.startup ptb.post_init
    ptb.post_shutdown aiogram.startup discord.setup_hook nicegui.on_startup
    chainlit.on_app_startup mcp.lifespan dagster.resource scrapy.open_spider
    faststream.on_startup
"""

NOT_ENTRIES = """
    django.command django.migration cli main app-factory pytest alembic decorator-lookalikes
    locust handler-names
"""

MEMOS = """
    module-level lru_cache cached_property global-none-check class-attr-guard
    instance-attr-guard new-singleton metaclass-singleton decorator-singleton dict-registry
    thread-local contextvar st.cache_resource st.connection st.cache_data st.session_state
    di-singleton alru_cache cachetools joblib-diskcache app-state hasattr-guard
    function-attribute default-argument class-body lazy-object partial-closure
    once-per-loop-dict exit-stack
"""

PLACES = """
    fastapi starlette flask quart django litestar aiohttp.web sanic tornado falcon pyramid
    cherrypy blacksheep robyn aws-lambda google-cloud-functions azure-functions modal celery
    rq dramatiq arq huey taskiq streamlit gradio dash grpc mcp discord.py
    python-telegram-bot aiogram slack_bolt airflow prefect dagster scrapy faststream
    plain-script
"""

PROCESSES = """
    gunicorn uvicorn uwsgi celery rq dramatiq lambda airflow streamlit asyncio.run
"""

INJECTIONS = """
    fastapi.Depends litestar.di.Provide dependency_injector.providers.Singleton
    dependency_injector.providers.Factory dishka.Provider that_depends.providers.Singleton
    injector.singleton wireup.injectable svcs.Registry.register_factory
    rodi.Container.add_singleton taskiq.TaskiqDepends faststream.Depends ctx
    punq.Container.register pytest.fixture
"""

FAMILIES = load_builtin()
KNOWLEDGE = Knowledge(FAMILIES)
RECORDS = [r for f in FAMILIES for r in (*f.entry, *f.hook, *f.not_entry)]


def ids(record: EntryPoint | Hook | NotEntry) -> str:
    return record.id


def test_nothing_is_missing() -> None:
    counts = [141, 47, 10, 29, 39, 10, 15]
    wanted = [ENTRIES, HOOKS, NOT_ENTRIES, MEMOS, PLACES, PROCESSES, INJECTIONS]
    found = [
        {record.id for family in FAMILIES for record in family.entry},
        {record.id for family in FAMILIES for record in family.hook},
        {record.id for family in FAMILIES for record in family.not_entry},
        {record.id for family in FAMILIES for record in family.memo},
        {record.framework for family in FAMILIES for record in family.place},
        {record.id for family in FAMILIES for record in family.process},
        {record.names[0] for family in FAMILIES for record in family.di},
    ]
    assert [len(words.split()) for words in wanted] == counts
    assert [set(words.split()) - names for words, names in zip(wanted, found, strict=True)] == [
        set() for _ in counts
    ]


def test_ids_are_unique() -> None:
    counts = collections.Counter(record.id for record in RECORDS)
    assert [name for name, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("record", RECORDS, ids=ids)
def test_a_record_is_sound(record: EntryPoint | Hook | NotEntry) -> None:
    assert record.evidence
    assert record.framework
    assert record.example
    for receiver in record.receivers:
        assert KNOWLEDGE.is_type(receiver)
    if record.fallback is not None:
        assert record.match == "decorator" or (record.match == "call" and not record.fallback.path)
        assert record.fallback.receivers
        assert record.attrs


@pytest.mark.parametrize("record", [r for r in RECORDS if isinstance(r, EntryPoint)], ids=ids)
def test_an_entry_has_a_label(record: EntryPoint) -> None:
    assert record.label
    if "{path}" in record.label and "|" not in record.label:
        assert record.match in ("decorator", "call")


def test_a_shorter_decorator_never_hides_another_record() -> None:
    """Two records of one kind for one dotted name would make the second one useless."""
    for table in ("entry", "hook"):
        owners: dict[str, set[str]] = {}
        for family in FAMILIES:
            for record in getattr(family, table):
                if record.match == "decorator":
                    names = [
                        f"{KNOWLEDGE.canonical(r)}.{a}"
                        for r in record.receivers
                        for a in record.attrs
                    ]
                    for name in (*record.names, *names):
                        owners.setdefault(name, set()).add(record.id)
        assert {name: found for name, found in owners.items() if len(found) > 1} == {}
