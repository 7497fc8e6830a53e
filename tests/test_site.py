"""The site: it builds without a warning, and a reader's browser asks nobody else for anything."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from browser import Page, find_chromium

ROOT = Path(__file__).parent.parent
LOADED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(\w+:)?//|@import|url\(["']?(\w+:)?//"""
)
LINKED = re.compile(r"""<link\b[^>]*>""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("mkdocs") is None:
        pytest.skip("mkdocs is not installed: pip install '.[dev]'")
    place = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir"]
    done = subprocess.run(
        [*command, str(place)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return place


def test_every_page_is_built(site: Path) -> None:
    pages = {p.relative_to(ROOT / "docs") for p in (ROOT / "docs").rglob("*.md")}
    built = {p.relative_to(site) for p in site.rglob("index.html")}
    assert pages
    for page in pages:
        place = page.parent if page.stem == "index" else page.with_suffix("")
        assert place / "index.html" in built


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not LOADED.search(text), page
        for link in LINKED.findall(text):
            if "canonical" not in link:
                assert "//" not in link, link


def test_a_reader_asks_nobody_else(site: Path, tmp_path: Path) -> None:
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    with Page(program, tmp_path) as page:
        page.ask("Page.navigate", url=(site / "index.html").as_uri())
        page.wait_for("document.readyState === 'complete'")
        page.wait_for("document.querySelectorAll('nav .md-nav__link').length > 5")
        asked = [url for url in page.requests if not url.startswith(("file:", "data:", "about:"))]
        assert asked == []
