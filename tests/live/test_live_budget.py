"""The sum of `conn-lint budget` is what a server really sees under load: never more, and in the end all of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from live_apps import Application, Server
from live_load import Burst
from live_postgres import Postgres

MOST_BURSTS = 60
PAUSE = 0.1
SETTLED = 1.0  # seconds in which more could come, if there were more
COMMAND = ("uvicorn", "main:app", "--log-level", "warning", "--workers", "2")


def _budget(app: Application) -> dict[str, Any]:
    done = app.run("-m", "conn_lint", "budget", "--no-cache", "--format", "json", ".")
    assert done.returncode == 0, done.stdout + done.stderr
    ((server,),) = [project["servers"] for project in json.loads(done.stdout)["projects"]]
    found: dict[str, Any] = server
    return found


def test_the_sum_is_what_the_server_sees(postgres: Postgres, tmp_path: Path) -> None:
    app = Application("two_pools", tmp_path / "two_pools")
    assert (app.folder / "Procfile").read_text() == f"web: {' '.join(COMMAND)}\n"
    server = _budget(app)
    assert [(row["size"], row["copies"]) for row in server["rows"]] == [(3, 2), (4, 2)]
    with postgres.database() as database, app.served(*COMMAND, DATABASE_URL=database.url) as web:
        with database.stalled():
            bursts = list(_until_full(web, lambda: database.connections() >= server["total"]))
            time.sleep(SETTLED)
            seen = database.connections()
        bad = sum(burst.join().bad() for burst in bursts)
    assert seen == server["total"] == 14
    assert bad == 0


def _until_full(web: Server, is_full: Callable[[], bool]) -> Iterator[Burst]:
    """A few requests at a time: which of the processes takes them is the system's choice."""
    for n in range(MOST_BURSTS):
        if is_full():
            break
        yield Burst(web, [f"/{part}/{n % 100 + 1}" for part in ("old", "new") for _ in range(4)])
        time.sleep(PAUSE)
    yield Burst(web, [f"/{part}/7" for part in ("old", "new") for _ in range(8)])
