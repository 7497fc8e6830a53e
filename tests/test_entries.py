"""Where requests, jobs and messages enter a program, and what looks like it and is none."""

from __future__ import annotations

import textwrap

import pytest
from programs import analysis, place

from conn_lint.analyze.analysis import Analysis
from conn_lint.knowledge.load import load_builtin, parse_family
from conn_lint.knowledge.lookup import Knowledge
from conn_lint.link.values import ClassRef, FunctionRef
from conn_lint.model.flow import CallEvent


def program(files: dict[str, str]) -> Analysis:
    return analysis({path: textwrap.dedent(text) for path, text in files.items()})


def function(made: Analysis, path: str, qualname: str) -> FunctionRef:
    for index, head in enumerate(made.program.files[path].skeleton.heads):
        if head.qualname == qualname and head.kind == "function":
            return FunctionRef(path, index)
    raise LookupError(qualname)


def label(text: str, qualname: str = "handler", **others: str) -> str:
    """What a message calls the entry point; "" for none."""
    files = {"m.py": text, **{f"{name}.py": other for name, other in others.items()}}
    made = program(files)
    found = made.entries.of(function(made, "m.py", qualname))
    return "" if found is None else found.label


def passed(text: str, caller: str = "", **others: str) -> list[str]:
    """What the arguments of a function's calls are registered as, those that are."""
    files = {"m.py": text, **{f"{name}.py": other for name, other in others.items()}}
    made = program(files)
    at = place(made, "m.py", caller)
    body = made.program.function(at)
    assert body is not None
    found = []
    for event in body.graph.events:
        for index in range(len(event.arguments) if isinstance(event, CallEvent) else 0):
            assert isinstance(event, CallEvent)
            entered = made.entries.passed(event, index, at)
            if entered is not None:
                found.append(getattr(entered, "label", None) or getattr(entered, "id", ""))
    return found


APP = "from flask import Flask\napp = Flask(__name__)\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (APP + '@app.get("/orders/<id>")\ndef handler(id): ...', "GET /orders/<id>"),
        (APP + '@app.route("/x", methods=["POST"])\ndef handler(): ...', "POST /x"),
        (APP + '@app.route("/x")\n@other\ndef handler(): ...', "/x"),
        (APP + "@app.before_request\ndef handler(): ...", "Flask before_request handler"),
        (APP + '@app.cli.command("x")\ndef handler(): ...', "Flask command handler"),
        (
            'import fastapi\nr = fastapi.APIRouter(prefix="/v1")\n@r.get("/x")\ndef handler(): ...',
            "GET /v1/x",
        ),
        ("from celery import shared_task\n@shared_task\ndef handler(): ...", "Celery task handler"),
        (
            "from celery import shared_task as t\n@t(bind=True)\ndef handler(self): ...",
            "Celery task handler",
        ),
        ("import litestar\n@litestar.get('/x')\nasync def handler(): ...", "GET /x"),
    ],
)
def test_decorators(text: str, expected: str) -> None:
    assert label(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        'from unittest.mock import patch\n@patch("a.b")\ndef handler(m): ...',
        'import requests\n@requests.get("/x")\ndef handler(): ...',
        'import respx\n@respx.get("/x")\ndef handler(): ...',
        APP + '@app.test_client().get("/x")\ndef handler(): ...',
        'from flask import Flask\nstore = {}\n@store.get("x")\ndef handler(): ...',
        'import flask\nsession = Session()\n@session.get("/x")\ndef handler(): ...',
        "def handler(signum, frame): ...",
    ],
)
def test_lookalikes(text: str) -> None:
    assert label(text) == ""


def test_an_app_from_another_file() -> None:
    text = 'from main import app\n@app.post("/x")\ndef handler(): ...'
    assert label(text, main=APP) == "POST /x"


def test_an_app_that_a_function_makes() -> None:
    made = "from fastapi import FastAPI\ndef make() -> FastAPI: ...\napp = make()\n"
    assert label(made + '@app.get("/x")\ndef handler(): ...') == "GET /x"


def test_an_app_as_a_parameter() -> None:
    text = """
    from fastapi import FastAPI
    def register(api: FastAPI):
        @api.get("/x")
        async def handler(): ...
    """
    assert label(text, "register.handler") == "GET /x"


def test_an_app_of_a_class_of_the_project() -> None:
    base = "from discord.ext import commands\nclass MyBot(commands.Bot): ...\n"
    text = "from bots import MyBot\nbot = MyBot()\n@bot.tree.command()\nasync def handler(i): ...\n"
    assert label(text, bots=base) == "bot command handler"


def test_an_app_on_self() -> None:
    text = """
    from fastapi import FastAPI
    class Server:
        def __init__(self):
            self.app = FastAPI()
            @self.app.get("/x")
            def handler(): ...
    """
    assert label(text, "Server.__init__.handler") == "GET /x"


def test_a_decorator_of_the_project_around_one_of_a_framework() -> None:
    own = """
    from celery import Celery
    queue = Celery()
    def job(function):
        return queue.task(bind=True)(function)
    """
    assert label("from own import job\n@job\ndef handler(): ...", own=own) == "Celery task handler"
    plain = "def job(function):\n    return function\n"
    assert label("from own import job\n@job\ndef handler(): ...", own=plain) == ""


def test_groups_of_commands() -> None:
    text = """
    import click
    from discord.ext import commands
    @click.group()
    def cli(): ...
    @cli.command()
    def sync(): ...
    class Tags(commands.Cog):
        @commands.group()
        async def tag(self, ctx): ...
        @tag.command()
        async def make(self, ctx): ...
        @make.error
        async def failed(self, ctx, error): ...
        @tag.help
        async def other(self): ...
    """
    assert label(text, "Tags.tag") == "bot command tag"
    assert label(text, "Tags.make") == "bot command make"
    assert label(text, "Tags.failed") == "bot command failed"
    assert label(text, "Tags.other") == ""
    made = program({"m.py": text})
    assert made.entries.is_not_entry(function(made, "m.py", "sync"))


FALLBACK = "from company.web import {name}\n{more}@{name}.get({path})\ndef handler(): ..."


def test_an_unknown_app_is_told_by_name_path_and_import() -> None:
    known = FALLBACK.format(name="app", more="", path='"/x"')
    assert label(known, other="import fastapi") == "GET /x"
    assert label(known) == ""
    assert label(FALLBACK.format(name="cache", more="", path='"/x"'), other="import fastapi") == ""
    assert label(FALLBACK.format(name="app", more="", path='"key"'), other="import fastapi") == ""


def test_of_two_frameworks_the_one_that_the_file_imports() -> None:
    text = 'import flask\ndef register(app):\n    @app.get("/x")\n    def handler(): ...\n'
    made = program({"m.py": text, "o.py": "import fastapi"})
    found = made.entries.of(function(made, "m.py", "register.handler"))
    assert found is not None
    assert found.entry.framework == "flask"


def test_methods_of_view_classes() -> None:
    text = """
    from rest_framework.views import APIView
    class Base(APIView): ...
    class Orders(Base):
        def __init__(self): ...
        def get(self, request): ...
        def helper(self): ...
    """
    assert label(text, "Orders.get") == "Orders.get"
    assert label(text, "Orders.helper") == ""
    made = program({"m.py": text})
    heads = made.program.files["m.py"].skeleton.heads
    cls = ClassRef("m.py", next(i for i, h in enumerate(heads) if h.name == "Orders"))
    assert made.entries.instance(cls) == "per-request"


def test_generated_servicers() -> None:
    text = """
    from shop_pb2_grpc import ShopServicer
    class Shop(ShopServicer):
        def __init__(self): ...
        def Order(self, request, context): ...
    """
    generated = "class ShopServicer(object):\n    def Order(self, request, context): ...\n"
    assert label(text, "Shop.Order", shop_pb2_grpc=generated) == "gRPC method Order"
    assert label(text, "Shop.Order") == "gRPC method Order"
    assert label(text, "Shop.__init__") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def lambda_handler(event, context): ...", "Lambda event"),
        ("def handler(event, _): ...", "Lambda event"),
        ("def main(event, context, client=None): ...", "Lambda event"),
        ("def main(event, context, client): ...", ""),
        ("def main(event, context): ...\ndef other(): main(1, 2)", ""),
        ("def application(environ, start_response): ...", "WSGI request"),
        ("def handler(signum, frame): ...", ""),
        ("class A:\n    def handler(self, event, context): ...", ""),
    ],
)
def test_names(text: str, expected: str) -> None:
    made = program({"m.py": text})
    heads = made.program.files["m.py"].skeleton.heads
    first = next(i for i, head in enumerate(heads) if head.kind == "function")
    found = made.entries.of(FunctionRef("m.py", first))
    assert ("" if found is None else found.label) == expected


def test_calls_that_are_given_a_handler() -> None:
    text = APP + "def f(): ...\napp.add_url_rule('/x', 'x', f)\napp.add_url_rule('/y', view_func=f)"
    assert passed(text) == ["/x", "/y"]
    text = "from fastapi import FastAPI\ndef life(a): ...\napp = FastAPI(lifespan=life)"
    assert passed(text) == ["fastapi.lifespan"]
    text = "from aiohttp import web\ndef f(r): ...\napp = web.Application()\n"
    assert passed(text + "app.router.add_get('/x', f)") == ["GET /x"]
    assert passed(text + "app.on_startup.append(f)") == ["aiohttp.on_startup"]
    assert passed(text + "app.add_routes([web.post('/x', f)])") == ["POST /x"]
    assert passed("import schedule\nschedule.every(5).minutes.do(f)") == ["scheduled job f"]
    assert passed(APP + "def f(): ...\napp.route('/x')(f)") == ["/x"]


def test_calls_that_are_none() -> None:
    assert passed(APP + "def f(): ...\nother.add_url_rule('/x', 'x', f)") == []
    assert passed("import threading\ndef f(): ...\nthreading.Thread(target=f)") == []


URLS = """
    from django.urls import path
    from shop import views
    urlpatterns = [path("orders/", views.orders), path("cart/", views.Cart.as_view())]
    """
VIEWS = """
    from django.views import View
    def orders(request): ...
    class Cart(View):
        def get(self, request): ...
    """


def test_django_urls() -> None:
    made = program({"shop/urls.py": URLS, "shop/views.py": VIEWS, "shop/__init__.py": ""})
    at = place(made, "shop/urls.py", "")
    body = made.program.function(at)
    assert body is not None
    calls = [event for event in body.graph.events if isinstance(event, CallEvent)]
    found = {
        entered.label: event
        for event in calls
        if len(event.arguments) > 1 and (entered := made.entries.passed(event, 1, at)) is not None
        if not hasattr(entered, "phase")
    }
    assert list(found) == ["orders/", "cart/"]
    cls = made.entries.registered_class(found["cart/"].arguments[1].value, at)
    assert cls is not None
    assert made.program.head(cls).name == "Cart"
    entered = made.entries.of(function(made, "shop/views.py", "orders"))
    assert entered is not None
    assert entered.label == "view orders"


def test_django_middleware() -> None:
    files = {
        "site/settings.py": """
            MIDDLEWARE = ["django.middleware.common.CommonMiddleware", "shop.middleware.Timing"]
            MIDDLEWARE += ["shop.middleware.simple"]
            """,
        "shop/__init__.py": "",
        "shop/middleware.py": """
            class Timing:
                def __init__(self, get_response): ...
                def __call__(self, request): ...
            def simple(get_response):
                def middleware(request): ...
                return middleware
            """,
    }
    made = program(files)
    names = ["Timing.__init__", "Timing.__call__", "simple", "simple.middleware"]
    entered = [made.entries.of(function(made, "shop/middleware.py", name)) for name in names]
    assert [found is not None for found in entered] == [False, True, False, True]


def test_views_named_by_text() -> None:
    files = {
        "shop/__init__.py": "",
        "shop/urls.py": "from django.urls import path\nurls = [path('orders/', 'shop.pages.orders')]",
        "shop/pages.py": "def orders(request): ...\ndef other(request): ...",
    }
    made = program(files)
    entered = [made.entries.of(function(made, "shop/pages.py", n)) for n in ("orders", "other")]
    assert [found and found.label for found in entered] == ["orders/", None]


def test_functions_that_another_function_calls_are_no_views() -> None:
    views = "import django\ndef orders(request): return total(request)\ndef total(request): ...\n"
    made = program({"views.py": views})
    entered = [made.entries.of(function(made, "views.py", n)) for n in ("orders", "total")]
    assert [found and found.label for found in entered] == ["view orders", None]


def own(table: str) -> Knowledge:
    return Knowledge(load_builtin(), parse_family(textwrap.dedent(table), "own.toml"))


OWN = """
[[entry]]
id = "own.route"
framework = "flask"
match = "decorator"
receivers = ["flask.Flask"]
attrs = ["get"]
per = "request"
label = "page {path}"
evidence = ["own"]

[[entry]]
id = "own.names"
framework = "own"
match = "function"
names = ["shop.jobs.*", "shop.jobs.Worker.run"]
per = "job"
label = "{class}.{name}|{name}"
evidence = ["own"]

[[memo]]
id = "own.memo"
match = "function"
names = ["shop.clients.make", "shop.clients.Client"]
scope = "process"
once = "no"
verdict = "singleton"
evidence = ["own"]
"""


def test_records_of_the_user_win() -> None:
    knowledge = own(
        OWN
        + """
[[entry]]
id = "own.decorator"
framework = "own"
match = "decorator"
names = ["shop.jobs.job"]
handler = ["0"]
per = "job"
label = "job {name}"
evidence = ["own"]
"""
    )
    files = {
        "shop/__init__.py": "",
        "shop/more.py": "from .jobs import job\n@job\ndef sweep(): ...\ndef later(): ...\njob(later)",
        "shop/web.py": APP + '@app.get("/x")\ndef handler(): ...\n',
        "shop/jobs.py": "def job(f): ...\ndef sync():\n    def inner(): ...\nclass Worker:\n"
        "    def run(self): ...\n    def stop(self): ...\n",
        "shop/clients.py": "def make(): ...\ndef other(): ...\nclass Client:\n    def __init__(self): ...\n",
    }
    made = analysis(files, knowledge=knowledge)

    def entered(path: str, name: str) -> str:
        found = made.entries.of(function(made, path, name))
        return "" if found is None else found.label

    assert entered("shop/web.py", "handler") == "page /x"
    assert entered("shop/more.py", "sweep") == "job sweep"
    names = ("sync", "sync.inner", "Worker.run", "Worker.stop")
    assert [entered("shop/jobs.py", name) for name in names] == ["sync", "", "Worker.run", ""]
    names = ("make", "other", "Client.__init__")
    memos = [made.entries.memo(function(made, "shop/clients.py", name)) for name in names]
    assert [memo is not None for memo in memos] == [True, False, True]


def test_arq() -> None:
    text = """
    from arq import cron
    async def send(ctx): ...
    async def sweep(ctx): ...
    async def startup(ctx): ...
    async def other(ctx): ...
    class WorkerSettings:
        functions = [send]
        cron_jobs = [cron(sweep, hour=1)]
        on_startup = startup
    """
    assert label(text, "send") == "arq job send"
    assert label(text, "sweep") == "arq job sweep"
    assert label(text, "other") == ""
    made = program({"m.py": text})
    hook = made.entries.hook(function(made, "m.py", "startup"))
    assert hook is not None
    assert hook.id == "arq.on_startup"


def test_hooks() -> None:
    text = """
    from fastapi import FastAPI
    app = FastAPI()
    @app.on_event("startup")
    async def begin(): ...
    def create_app(): ...
    @app.get("/x")
    def view(): ...
    """
    made = program({"m.py": text})
    hooks = [made.entries.hook(function(made, "m.py", n)) for n in ("begin", "create_app", "view")]
    assert [hook and hook.id for hook in hooks] == ["fastapi.on_event", "flask.factory", None]


def test_what_is_no_entry() -> None:
    text = """
    import click
    from django.core.management.base import BaseCommand
    @click.command()
    def run(): ...
    class Command(BaseCommand):
        def handle(self, *args): ...
    def main(): ...
    def work(): ...
    """
    made = program({"m.py": text})
    names = ["run", "Command.handle", "main", "work"]
    found = [made.entries.is_not_entry(function(made, "m.py", name)) for name in names]
    assert found == [True, True, True, False]


def script(**files: str) -> list[str]:
    made = program({f"{name}.py": text for name, text in files.items()})
    return [path for path in sorted(made.program.files) if made.entries.script(path) is not None]


def test_scripts_that_run_again_and_again() -> None:
    page = "import streamlit as st\nimport tools\nst.title('x')\n"
    tools = "import streamlit as st\n@st.cache_resource\ndef make(): ...\n"
    assert script(page=page, tools=tools) == ["page.py"]
    inside = "import streamlit as st\ndef main():\n    st.title('x')\nmain()\n"
    assert script(page=inside) == ["page.py"]
    dag = "from airflow import DAG\nwith DAG('x'):\n    pass\n"
    assert script(dag=dag, plain="import airflow\n") == ["dag.py"]


def test_loops_over_messages() -> None:
    text = """
    from kafka import KafkaConsumer
    def consume():
        consumer = KafkaConsumer("t")
        for message in consumer:
            for part in message:
                pass
        while True:
            consumer.poll()
    """
    made = program({"m.py": text})
    at = place(made, "m.py", "consume")
    body = made.program.function(at)
    assert body is not None
    found = made.entries.message_loops(at)
    assert [body.loops[number].kind for number in found] == ["for", "while"]
    assert len(body.loops) == 3


def test_memos() -> None:
    text = """
    import functools
    import streamlit as st
    from own import cached
    @functools.lru_cache(maxsize=1)
    def a(): ...
    @st.cache_data
    def b(): ...
    @cached
    def c(): ...
    @functools.wraps(a)
    def d(): ...
    """
    made = program({"m.py": text})
    memos = [made.entries.memo(function(made, "m.py", name)) for name in "abcd"]
    assert [memo and memo.verdict for memo in memos] == [
        "singleton", "not-singleton", "weak", None,
    ]  # fmt: skip


def test_a_task_that_a_request_wraps_is_a_job_of_its_own() -> None:
    text = """
    import celery

    def index(self, order): ...

    def view(request):
        request.task(index).delay(1)
    """
    assert passed(text, "view") == ["Celery task index"]
    assert passed(text.replace("import celery", "import other"), "view") == []
