#!/usr/bin/env python3
"""Measures one PostgreSQL server under the same load through pools of different sizes, for docs/budget.md.

100 clients at once each ask for a connection, run one transaction that changes one of two rows and computes for a
millisecond, and give it back. The rounds of all sizes take turns, so that whatever else the machine does meets all
of them alike; the median of the rounds counts.
"""

from __future__ import annotations

import os
import platform
import re
import statistics
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "live"))

import live_postgres  # noqa: E402 - it lies beside the tests that use it

PAGE = ROOT / "docs" / "budget.md"
PLACE = re.compile(
    r"(<!-- measured by scripts/measure_pools.py -->\n).*?(<!-- end of what was measured -->)",
    re.DOTALL,
)
SIZES = (2, 5, 10, 20, 50, 100)
CLIENTS = 100
REQUESTS = 2000  # of all clients together, in each round
ROUNDS = 3
HOT_ROWS = 2
COMPUTE = "select sum(length(t)) from (select md5(a::text) t from generate_series(1, 1500) a order by t) s"
CHANGE = "update stored_orders set amount = amount + 1 where id = %s"


class Round(NamedTuple):
    per_second: float
    median_ms: float
    worst_ms: float  # of 100, the slowest but one
    cpu_ms: float  # of the server's processes, for each transaction


class _Pool:
    """Who has waited longest gets the next connection, as in the pools that libraries have."""

    def __init__(self, connections: list[Any]) -> None:
        self._free = deque(connections)
        self._waiting: deque[tuple[threading.Event, list[Any]]] = deque()
        self._lock = threading.Lock()

    def get(self) -> Any:
        with self._lock:
            if self._free:
                return self._free.popleft()
            turn: tuple[threading.Event, list[Any]] = (threading.Event(), [])
            self._waiting.append(turn)
        turn[0].wait()
        return turn[1][0]

    def put(self, connection: Any) -> None:
        with self._lock:
            if not self._waiting:
                self._free.append(connection)
                return
            event, given = self._waiting.popleft()
        given.append(connection)
        event.set()


@contextmanager
def _pool(url: str, size: int) -> Iterator[tuple[_Pool, list[int]]]:
    """The pool, and the processes that serve it."""
    connections = [psycopg2.connect(url) for _ in range(size)]
    try:
        yield _Pool(connections), [connection.info.backend_pid for connection in connections]
    finally:
        for connection in connections:
            connection.close()


def _round(url: str, size: int) -> Round:
    todo = iter(range(REQUESTS))
    lock = threading.Lock()
    times: list[float] = []
    with _pool(url, size) as (pool, processes):

        def client() -> None:
            while True:
                with lock:
                    number = next(todo, None)
                if number is None:
                    return
                begin = time.perf_counter()
                connection = pool.get()
                try:
                    with connection, connection.cursor() as cursor:
                        cursor.execute(CHANGE, [number % HOT_ROWS + 1])
                        cursor.execute(COMPUTE)
                finally:
                    pool.put(connection)
                times.append(time.perf_counter() - begin)

        threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        whole = time.perf_counter() - start
        cpu = sum(map(_cpu_seconds, processes))
    times.sort()
    worst = times[int(len(times) * 0.99) - 1]
    return Round(
        REQUESTS / whole, statistics.median(times) * 1000, worst * 1000, cpu * 1000 / REQUESTS
    )


def _cpu_seconds(process: int) -> float:
    """What a process has used of the processors: other load on the machine does not change it."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured() -> str:
    """The table."""
    wheel = live_postgres.installed()
    if wheel is None:
        sys.exit("there is no wheel of pgserver for this interpreter")
    rounds: dict[int, list[Round]] = {size: [] for size in SIZES}
    with live_postgres.running(wheel, max_connections=120) as server, server.database() as database:
        with closing(psycopg2.connect(database.url)) as connection:
            version = connection.server_version // 10000
        for number in range(ROUNDS):
            for size in SIZES:
                rounds[size].append(_round(database.url, size))
                sys.stderr.write(f"round {number + 1}, pool of {size}: {rounds[size][-1]}\n")
    lines = [
        f"{CLIENTS} clients at once, {REQUESTS:,} transactions a round, the median of {ROUNDS} rounds; PostgreSQL "
        f"{version} and the clients on one machine with {os.cpu_count()} processors ({platform.system()}).",
        "",
        "| Pool | transactions a second | median ms | 99 of 100 within ms | server's CPU ms for each |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for size in SIZES:
        middle = [statistics.median(values) for values in zip(*rounds[size], strict=True)]
        lines.append(
            f"| {size} | {middle[0]:.0f} | {middle[1]:.0f} | {middle[2]:.0f} | {middle[3]:.1f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    if not PLACE.search(PAGE.read_text(encoding="utf-8")):
        sys.exit("docs/budget.md has no place for the table.")
    table = measured()
    text = PAGE.read_text(encoding="utf-8")
    written = PLACE.sub(lambda match: match[1] + table + match[2], text)
    PAGE.write_text(written, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
