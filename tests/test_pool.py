from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from projects import LEAK, places, run_check, write

from conn_lint.engine import phase_one, pool
from conn_lint.engine.pool import run_batches, split, worker_count


def double(items: Sequence[int]) -> list[int]:
    return [2 * item for item in items]


def die_of_three(items: Sequence[int]) -> list[int]:
    if 3 in items:
        os._exit(1)
    return double(items)


def test_batches_have_all_items_once() -> None:
    batches = split(range(100), lambda item: item, 3)
    assert sorted(item for batch in batches for item in batch) == list(range(100))
    weights = [sum(batch) for batch in batches]
    assert max(weights) - min(weights) < 200
    assert split([], lambda item: item, 3) == []
    assert split([5], lambda item: item, 3) == [[5]]


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_with_their_batches(workers: int) -> None:
    done = list(run_batches(double, [[1, 2], [3], [4]], workers))
    assert sorted(item for _, result in done for item in result or ()) == [2, 4, 6, 8]


def test_an_item_that_kills_its_process_is_lost_alone() -> None:
    done = list(run_batches(die_of_three, [[1, 2], [3, 4], [5]], 2))
    found = sorted(item for _, result in done for item in result or ())
    assert found == [2, 4, 8, 10]
    assert [list(batch) for batch, result in done if result is None] == [[3]]


def test_without_processes_the_work_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(workers: int) -> None:
        raise OSError("no semaphores here")

    monkeypatch.setattr(pool, "_executor", refuse)
    assert len(list(run_batches(double, [[1], [2]], 2))) == 2


def test_worker_count() -> None:
    assert worker_count(3) == 3
    assert worker_count(0) >= 1


def test_processes_change_no_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {f"m{number}.py": LEAK for number in range(6)} | {"bad.py": "def f(:\n"})
    alone = places(run_check(tmp_path, jobs=1))
    monkeypatch.setattr(phase_one, "_FILES_WORTH", 0)
    monkeypatch.setattr(phase_one, "_UNITS_WORTH", 0)
    assert places(run_check(tmp_path, jobs=2)) == alone
    assert len(alone) == 7
