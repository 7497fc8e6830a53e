"""A client that a handler opens is opened by the application of another file, and got through the request."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import write

from conn_lint.config.projects import Job, check_projects
from conn_lint.config.repairs import Repairs
from conn_lint.config.resolve import Flags
from conn_lint.model.fix import Applicability

MAIN = """\
from fastapi import FastAPI
from shop import pages

app = FastAPI()
app.include_router(pages.router)
"""
PAGES = """\
import httpx
from fastapi import APIRouter, Request

router = APIRouter()


@router.get("/a/{{name}}")
async def a({}):
    async with httpx.AsyncClient(timeout=5) as client:
        answer = await client.get("https://example.org/a")
        return answer.text
"""
STARLETTE = """\
from starlette.applications import Starlette
from starlette.routing import Route

from shop.pages import a

app = Starlette(routes=[Route("/a", a)])
"""
VIEW = """\
from aiohttp import ClientSession
from starlette.responses import PlainTextResponse


async def a(asked):
    async with ClientSession(raise_for_status=True) as session:
        async with session.get("https://example.org/a") as answer:
            return PlainTextResponse(await answer.text())
"""


def fix(folder: Path, pages: str, main: str = MAIN, **files: str) -> tuple[str, str]:
    """What the application's file and the handler's become, "" where nothing changes."""
    named = {f"shop/{name}.py": text for name, text in files.items()}
    given = {"shop/__init__.py": "", "shop/main.py": main, "shop/pages.py": pages}
    write(folder, {"pyproject.toml": "", **given, **named})
    repairs = Repairs(Applicability.UNSAFE)
    run = check_projects(Job(paths=(str(folder),)), Flags(use_cache=False), cure=repairs)
    assert [trouble for _, outcome in run.checked for trouble in outcome.troubles] == []
    after = repairs.done[0].after
    for path, text in after.items():
        compile(text, path, "exec")
    return after.get("shop/main.py", b"").decode(), after.get("shop/pages.py", b"").decode()


@pytest.mark.parametrize(
    ("parameters", "head", "request_"),
    [
        ("request: Request, name: str", "async def a(request: Request, name: str):", "request"),
        ("name: str, req: Request", "async def a(name: str, req: Request):", "req"),
        ("name: str", "async def a(request: Request, name: str):", "request"),
        ("", "async def a(request: Request):", "request"),
        ("request: int", "async def a(http_request: Request, request: int):", "http_request"),
        (
            "\n    name: str,\n    size: int = 3,\n",
            "async def a(\n    request: Request,\n    name: str,\n    size: int = 3,\n):",
            "request",
        ),
    ],
)
def test_the_handler_asks_its_request(
    parameters: str, head: str, request_: str, tmp_path: Path
) -> None:
    main, pages = fix(tmp_path, PAGES.format(parameters))
    assert f"{head}\n    client = {request_}.app.state.client\n    answer = await" in pages
    assert "    async with AsyncClient(timeout=5) as client:\n" in main
    assert "        app.state.client = client\n        yield\n" in main
    assert "app = FastAPI(lifespan=lifespan)\n" in main


def test_a_handler_of_starlette_has_its_request(tmp_path: Path) -> None:
    main, pages = fix(tmp_path, VIEW, STARLETTE)
    assert "async def a(asked):\n    session = asked.app.state.session\n    async with" in pages
    assert "async with ClientSession(raise_for_status=True) as session:\n" in main


def test_two_files_share_what_is_made_in_the_same_way(tmp_path: Path) -> None:
    other = PAGES.format("").replace("/a/{name}", "/b").replace("timeout=5", "timeout=5,")
    main = MAIN.replace("pages\n", "other, pages\n", 1) + "app.include_router(other.router)\n"
    third = other.replace("/b", "/c").replace("timeout=5", "timeout=9")
    main = main.replace("pages\n", "pages, third\n", 1) + "app.include_router(third.router)\n"
    after, _ = fix(tmp_path, PAGES.format(""), main, other=PAGES.format(""), third=third)
    assert after.count("AsyncClient(timeout=5)") == 1
    assert after.count("AsyncClient(timeout=9") == 1
    assert after.count("app.state.") == 2


WRAPPED = PAGES.format("").replace('")\nasync', '")\n@pages.cached\nasync')


@pytest.mark.parametrize(
    ("pages", "files"),
    [
        # what it is given belongs to its file
        (PAGES.format("").replace("timeout=5", "timeout=LIMIT") + "\nLIMIT = 5\n", {}),
        # somebody else calls the handler, or stands between it and its decorator
        (PAGES.format("") + '\n\n@router.get("/b")\nasync def b():\n    return await a()\n', {}),
        (WRAPPED.replace("import httpx\n", "import httpx\nimport pages\n"), {}),
        # no handler of a request: a socket, a middleware, a helper
        (PAGES.format("socket: int").replace("router.get", "router.websocket"), {}),
        (PAGES.format("name, after").replace('get("/a/{name}")', 'middleware("http")'), {}),
        (
            PAGES.format("").replace("@router.get", "#")
            + '\n\n@router.get("/b")\nasync def b():\n    return await a()\n',
            {},
        ),
        # a second application, or one that its callers make
        (PAGES.format(""), {"second": "from fastapi import FastAPI\n\napp = FastAPI()\n"}),
        (
            PAGES.format(""),
            {"main": "from fastapi import FastAPI\n\n\ndef make():\n    return FastAPI()\n"},
        ),
        # tests run it without its lifespan
        (PAGES.format(""), {"test_it": "from shop.pages import a\n\n\ndef test_it():\n    a()\n"}),
    ],
)
def test_the_application_is_left_alone(pages: str, files: dict[str, str], tmp_path: Path) -> None:
    main, _ = fix(tmp_path, pages, files.pop("main", MAIN), **files)
    assert main == ""


def test_what_the_application_keeps_under_that_name_stays(tmp_path: Path) -> None:
    other = "def show(request):\n    return request.app.state.client\n"
    main, pages = fix(tmp_path, PAGES.format(""), other=other)
    assert "app.state.httpx_client = httpx_client" in main
    assert "client = request.app.state.httpx_client" in pages
