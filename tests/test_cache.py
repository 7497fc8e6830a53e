from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from projects import CLEAN, LEAK, command, places, write

from conn_lint.config.projects import Job, Run, check_projects
from conn_lint.config.resolve import Flags
from conn_lint.engine import phase_one
from conn_lint.engine.cache import FOLDER, Cache, Results, Store, clean, code_version, digest_of
from conn_lint.engine.jobs import UnitJob
from conn_lint.model.summary import UnitSummary

LEAK_FOUND = [("a.py", 5, "CNX201")]


def check(root: Path) -> Run:
    return check_projects(Job(paths=(str(root),)), Flags())


@pytest.fixture
def lowered(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many units each load had to parse."""
    counts: list[int] = []
    original = phase_one.PhaseOne._lowered

    def count(
        self: phase_one.PhaseOne, missing: Sequence[UnitJob]
    ) -> Iterator[tuple[bytes, UnitSummary]]:
        counts.append(len(missing))
        return original(self, missing)

    monkeypatch.setattr(phase_one.PhaseOne, "_lowered", count)
    return counts


def test_a_second_run_reads_the_result(tmp_path: Path, lowered: list[int]) -> None:
    write(tmp_path, {"a.py": LEAK, "b.py": CLEAN})
    assert places(check(tmp_path)) == LEAK_FOUND
    assert sum(lowered) > 0
    lowered.clear()
    assert places(check(tmp_path)) == LEAK_FOUND
    assert lowered == []


def test_only_what_changed_is_parsed_again(tmp_path: Path, lowered: list[int]) -> None:
    write(tmp_path, {"a.py": LEAK})
    check(tmp_path)
    lowered.clear()
    write(tmp_path, {"a.py": LEAK.replace("import psycopg2\n", "import psycopg2\n\n# moved\n")})
    assert places(check(tmp_path)) == [("a.py", 7, "CNX201")]
    assert sum(lowered) <= 1  # the rest of the file, not the function that moved


def test_settings_that_matter_are_part_of_the_key(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "import ourlib\n\n\ndef f():\n    x = ourlib.open()\n    x.go()\n"})
    assert places(check(tmp_path)) == []
    write(
        tmp_path,
        {
            "conn-lint.toml": '[[resource]]\nname = "ourlib.x"\nkind = "connection"\n'
            'acquire = ["ourlib.open"]\nrelease = ["close"]\n'
            'evidence = { source = "x", version = "1" }\n'
        },
    )
    assert places(check(tmp_path)) == LEAK_FOUND
    write(tmp_path, {"conn-lint.toml": ""})
    assert places(check(tmp_path)) == []


def test_selection_is_not_part_of_the_key(tmp_path: Path, lowered: list[int]) -> None:
    write(tmp_path, {"a.py": LEAK})
    check(tmp_path)
    lowered.clear()
    write(tmp_path, {"conn-lint.toml": "ignore = ['CNX201']\n"})
    assert places(check(tmp_path)) == []
    assert lowered == []


def test_the_folder_says_that_it_is_a_cache(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": LEAK})
    check(tmp_path)
    folder = tmp_path / FOLDER
    assert (folder / ".gitignore").read_text() == "*\n"
    assert (
        (folder / "CACHEDIR.TAG")
        .read_text()
        .startswith("Signature: 8a477f597d28d172789f06886806bc55")
    )
    assert len([path for path in folder.rglob("*") if path.is_file()]) < 20


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\xc1\xc1\xc1",
        b"garbage that is no msgpack",
        msgspec.msgpack.encode(["other version", {}]),
        msgspec.msgpack.encode([code_version("syntax", "model"), {b"x": [1, {"a": 1}]}]),
        msgspec.msgpack.encode({"findings": 1}),
    ],
)
def test_damage_is_as_if_it_were_not_there(tmp_path: Path, damage: bytes) -> None:
    write(tmp_path, {"a.py": LEAK})
    check(tmp_path)
    for path in (tmp_path / FOLDER).rglob("*.msgpack"):
        path.write_bytes(damage)
    assert places(check(tmp_path)) == LEAK_FOUND
    assert places(check(tmp_path)) == LEAK_FOUND


def test_foreign_entries_are_not_used(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": LEAK})
    check(tmp_path)
    version = code_version("syntax", "model")
    for path in (tmp_path / FOLDER).rglob("skeletons/*.msgpack"):
        _, entries = msgspec.msgpack.decode(path.read_bytes())
        strange = {digest: [day, ["nothing", 1]] for digest, (day, _) in entries.items()}
        path.write_bytes(msgspec.msgpack.encode([version, strange]))
    for path in (tmp_path / FOLDER).rglob("results/*.msgpack"):
        path.unlink()
    assert places(check(tmp_path)) == LEAK_FOUND


def test_an_unwritable_cache_is_done_without(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": LEAK, FOLDER: "a file where the folder should be"})
    assert places(check(tmp_path)) == LEAK_FOUND
    done = command(tmp_path / "a.py", "--cache-dir", "/proc/nowhere", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")


def test_no_cache_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": LEAK})
    assert command("--no-cache", ".", cwd=tmp_path).returncode == 1
    assert not (tmp_path / FOLDER).exists()


def test_entries_live_on_and_old_ones_go(tmp_path: Path) -> None:
    digest, old = b"\x00" * 16, b"\x40" * 16
    store = Store(tmp_path, "units", "v")
    store.put(digest, b"\x01")
    store._buckets[0][old] = (store._today - 31, msgspec.Raw(b"\x02"))
    store.save()
    again = Store(tmp_path, "units", "v")
    assert again.get(digest) == b"\x01"
    assert again.get(old) is None
    assert Store(tmp_path, "units", "w").get(digest) is None


def test_a_bucket_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conn_lint.engine.cache._BUCKET_BYTES", 1000)
    store = Store(tmp_path, "units", "v")
    for number in range(4):
        store.put(bytes([0, number]) * 8, msgspec.msgpack.encode(b"x" * 400))
    store.save()
    again = Store(tmp_path, "units", "v")
    assert sum(again.get(bytes([0, n]) * 8) is not None for n in range(4)) == 2


def test_results_are_bounded(tmp_path: Path) -> None:
    results = Results(tmp_path)
    for number in range(30):
        results.put(f"{number:02}", b"x")
        os.utime(tmp_path / "results" / f"{number:02}.msgpack", (number, number))
    assert len(list((tmp_path / "results").iterdir())) <= 17
    assert results.get("29") == b"x"


def test_runs_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    def work(seed: int) -> None:
        for round_ in range(20):
            store = Store(tmp_path, "units", "v")
            digest = digest_of(bytes([seed, round_]))
            store.put(digest, msgspec.msgpack.encode([seed, round_]))
            store.save()
            found = Store(tmp_path, "units", "v").get(digest)
            assert found in (None, msgspec.msgpack.encode([seed, round_]))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not list(tmp_path.rglob(".tmp-*"))


def test_clean_deletes_only_a_cache(tmp_path: Path) -> None:
    mine, foreign = tmp_path / "mine", tmp_path / "foreign"
    Cache(mine).skeletons.save()
    write(mine, {"units/00.msgpack": ""})
    write(foreign, {"keep.txt": ""})
    (mine / "link").symlink_to(foreign, target_is_directory=True)
    assert clean(mine)
    assert not mine.exists()
    assert not clean(foreign)
    assert (foreign / "keep.txt").exists()


def test_a_run_that_finds_all_in_the_cache_imports_and_parses_next_to_nothing(
    tmp_path: Path,
) -> None:
    write(tmp_path, {"a.py": LEAK})
    script = (
        "import sys\n"
        "from conn_lint.api import check_paths\n"
        "assert check_paths(['.'])\n"
        "heavy = {'conn_lint.analyze.analysis', 'conn_lint.lower.unit'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "assert 'libcst' not in sys.modules\n"
        "from conn_lint.knowledge.load import load_builtin\n"
        "print(load_builtin.cache_info().currsize)\n"
    )

    def run() -> list[str]:
        command = [sys.executable, "-c", script]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=300
        )
        return done.stdout.splitlines()

    assert run() == ["['conn_lint.analyze.analysis', 'conn_lint.lower.unit']", "1"]
    assert run() == ["[]", "0"]
