"""The page of `conn-lint graph --html`: what is in it, and what people can do with it in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Page, find_chromium
from click.testing import CliRunner

from conn_lint.cli import main
from conn_lint.model.connections import Connection, Way
from conn_lint.model.finding import Finding, Severity, Step
from conn_lint.model.fix import Applicability, FixPlan
from conn_lint.model.location import Location, Span
from conn_lint.report.chart import make_chart
from conn_lint.report.html import render_html

ROOT = Path(__file__).parent.parent
HOSTILE = [
    "<script>window.owned = 1</script>",
    "</script><script>window.owned = 1</script>",
    "<img src=x onerror='window.owned = 1'>",
    "\"'><svg/onload=window.owned=1>",
    "javascript:window.owned=1",
    "{data}{script}{title}",
    "<!--<script>",
    "&lt;b&gt;\u2028\u202e\x00\n",
    "${window.owned=1}`",
]


def place(path: str, line: int) -> Location:
    return Location(path, Span(line, 4, line, 9))


def step(path: str, line: int, function: str) -> Step:
    return Step(place(path, line), function, f"leads to {function}")


def connection(
    path: str, line: int, *ways: Way, resource: str = "acme.connect", codes: tuple[str, ...] = ()
) -> Connection:
    return Connection(
        location=place(path, line),
        statement=(line, line),
        call=resource,
        function=f"load{line}",
        module=path,
        resource=resource,
        kind="connection",
        ways=ways,
        codes=codes,
    )


def finding(path: str, line: int, code: str, *chain: Step, message: str = "it leaks. ") -> Finding:
    plan = FixPlan("wrap-in-with", "close it", Applicability.SAFE, ())
    text = f"{message}Close it."
    severity = Severity.ERROR if code == "CNX101" else Severity.WARNING
    rule = "client-per-request" if code == "CNX101" else "not-released-on-error"
    return Finding(code, rule, text, place(path, line), severity, chain, plan, advice="Close it.")


GET = Way("GET /orders", "request", (step("api.py", 9, "orders"), step("find.py", 20, "find")))
JOB = Way("task sync", "job", (step("jobs.py", 3, "sync"),), sure=False)
SHOP = (
    connection("db.py", 5, GET, codes=("CNX101",)),
    connection("db.py", 8, JOB, codes=("CNX202",)),
    connection("cache.py", 2, resource="acme.Cache"),
)
FOUND = (
    finding("db.py", 5, "CNX101", *GET.steps),
    finding("db.py", 8, "CNX202"),
    finding("elsewhere.py", 1, "CNX202"),
)


def lines_of(_: str) -> list[str]:
    return [f"line {number} </script><b>" for number in range(1, 30)]


def page_of(
    connections: tuple[Connection, ...] = SHOP,
    findings: tuple[Finding, ...] = FOUND,
    title: str = "Connections of shop",
) -> str:
    return render_html(make_chart(connections, 2000), findings, lines_of, title)


def data_of(text: str) -> dict[str, list[dict[str, object]]]:
    (found,) = re.findall(
        r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL
    )
    data: dict[str, list[dict[str, object]]] = json.loads(found)
    return data


def test_the_data_has_nodes_with_their_findings() -> None:
    data = data_of(page_of())
    nodes = {node["title"]: node for node in data["nodes"]}
    site = nodes["acme.Cache()"]
    assert (site["kind"], site["where"], site["codes"]) == ("anew", "cache.py:2", [])
    titles_by_id = {node["id"]: node["where"] for node in data["nodes"]}
    on = [[titles_by_id[node] for node in f["nodes"]] for f in data["findings"]]  # type: ignore[attr-defined]
    assert on == [["db.py:5"], ["db.py:8"], []]
    assert data["findings"][0]["message"] == "it leaks."
    assert data["findings"][0]["advice"] == "Close it."


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_can_end_its_element(name: str) -> None:
    way = Way(name, "request", (step(name, 3, name),))
    text = page_of(
        (connection(name, 5, way, resource=name, codes=("CNX101",)),),
        (finding(name, 5, "CNX101", *way.steps, message=name),),
        title=name,
    )
    assert text.count("<script") == 2
    assert text.count("</script") == 2
    assert text.count("<style") == text.count("</style") == 1
    assert "<img" not in text
    assert "<svg/" not in text
    assert data_of(text)["nodes"][0]["title"] == name


def test_the_page_asks_for_nothing() -> None:
    text = page_of()
    assert "default-src 'none'" in text
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//|@import|url\((?!#)""", text)


def test_the_command_writes_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "fixtures" / "graph" / "orders")
    target = tmp_path / "page.html"
    done = CliRunner().invoke(main, ["graph", "--html", "--no-cache", "-o", str(target)])
    assert (done.exit_code, done.stdout) == (0, "")
    assert f"Open {target} in a browser." in done.stderr
    data = data_of(target.read_text(encoding="utf-8"))
    assert {finding["code"] for finding in data["findings"]} == {"CNX101"}
    assert data["title"] == "Connections of orders"
    printed = CliRunner().invoke(main, ["graph", "--html", "--no-cache", "-o", "-"])
    assert printed.output == target.read_text(encoding="utf-8")
    focused = ["graph", "--html", "--no-cache", "-o", "-", "--focus", "store.py:4"]
    data = data_of(CliRunner().invoke(main, focused).output)
    assert data["findings"] == []
    assert len(data["groups"]) == 1


# In a browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    with Page(program, tmp_path_factory.mktemp("profile")) as page:
        yield page
        assert [url for url in page.requests if not url.startswith(("file:", "about:"))] == []


def show(browser: Page, tmp_path: Path, text: str, fragment: str = "") -> None:
    path = tmp_path / "page.html"
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
    browser.errors.clear()
    browser.open(path, fragment)
    assert browser.errors == []


def titles(browser: Page) -> list[str]:
    found = browser.evaluate(
        "[...document.querySelectorAll('.node .name')].map(e => e.textContent)"
    )
    assert isinstance(found, list)
    return sorted(found)


def test_everything_is_drawn(browser: Page, tmp_path: Path) -> None:
    show(browser, tmp_path, page_of())
    assert titles(browser) == sorted(str(node["title"]) for node in data_of(page_of())["nodes"])
    assert browser.evaluate("document.querySelectorAll('.edge').length") == len(
        data_of(page_of())["edges"]
    )
    assert browser.evaluate("document.querySelectorAll('.edge.unsure').length") == 1
    assert browser.evaluate("document.querySelectorAll('#findings li').length") == 3


def test_a_click_shows_the_finding_and_its_chain(browser: Page, tmp_path: Path) -> None:
    show(browser, tmp_path, page_of())
    browser.click(".node.found")
    detail = browser.evaluate("document.getElementById('detail').innerText")
    for part in ("CNX101", "it leaks.", "Close it.", "Fix (safe):", "api.py:9", "find.py:20"):
        assert part in detail
    assert browser.evaluate("document.querySelectorAll('.edge.lit').length") >= 3
    browser.click("#detail ol.chain button")  # a step leads to its node
    assert (
        browser.evaluate("document.querySelector('.node.chosen .name').textContent")
        == "GET /orders"
    )
    browser.press("Escape")
    assert browser.evaluate("document.getElementById('detail').hidden") is True


def test_filters_and_search(browser: Page, tmp_path: Path) -> None:
    show(browser, tmp_path, page_of())
    browser.click("#rules [data-key=CNX202]")
    assert "task sync" in titles(browser)
    assert "GET /orders" not in titles(browser)
    assert (
        browser.evaluate("document.getElementById('findings-head').textContent")
        == "2 of 3 findings"
    )
    browser.click("#rules [data-key=CNX202]")
    group = browser.evaluate(
        "[...document.querySelectorAll('#groups button')]"
        ".find(b => b.textContent.includes('Cache')).dataset.key"
    )
    browser.click(f"#groups [data-key={group}]")
    assert [t for t in titles(browser) if t.startswith("acme")] == ["acme.Cache()"]
    browser.click(f"#groups [data-key={group}]")
    browser.press("/")
    for letter in "sync":
        browser.press(letter)
    assert "task sync" in titles(browser)
    assert "acme.Cache()" not in titles(browser)
    for letter in "xyz":
        browser.press(letter)
    assert titles(browser) == []
    assert browser.evaluate("document.getElementById('empty').hidden") is False


def test_the_keyboard_goes_everywhere(browser: Page, tmp_path: Path) -> None:
    show(browser, tmp_path, page_of())
    browser.evaluate("document.querySelector('.node.entry').focus()")
    assert browser.evaluate("document.activeElement.getAttribute('aria-label')").startswith(
        "GET /orders"
    )
    browser.press("ArrowRight")
    assert browser.evaluate("document.activeElement.getAttribute('aria-label')").startswith("find,")
    browser.press("ArrowLeft")
    browser.press("ArrowDown")
    assert browser.evaluate("document.activeElement.getAttribute('aria-label')").startswith(
        "task sync"
    )
    browser.press("Enter")
    assert (
        browser.evaluate("document.querySelector('.node.chosen .name').textContent") == "task sync"
    )
    browser.press("f")
    assert "GET /orders" not in titles(browser)
    browser.press("f")
    assert "GET /orders" in titles(browser)
    unreachable = "[...document.querySelectorAll('button, input, .node, a')].filter(e => e.tabIndex < 0).length"
    assert browser.evaluate(unreachable) == 0


def test_light_and_dark(browser: Page, tmp_path: Path) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    seen = {}
    for name in ("light", "dark"):
        browser.ask(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}]
        )
        show(browser, tmp_path, page_of())
        seen[name] = browser.evaluate(colour)
        assert browser.evaluate("document.documentElement.dataset.theme") == name
    assert seen["light"] != seen["dark"]
    browser.click("#theme")
    assert browser.evaluate(colour) == seen["light"]


def test_hostile_names_are_only_text(browser: Page, tmp_path: Path) -> None:
    connections = []
    findings = []
    for number, name in enumerate(HOSTILE):
        way = Way(name, "request", (step(name, 3, name),))
        connections.append(connection(name, number, way, resource=name, codes=("CNX101",)))
        findings.append(finding(name, number, "CNX101", *way.steps, message=name))
    show(browser, tmp_path, page_of(tuple(connections), tuple(findings), HOSTILE[0]))
    for number in range(len(HOSTILE)):
        browser.evaluate(f"document.querySelectorAll('#findings button')[{number}].click()")
    assert browser.evaluate("typeof window.owned") == "undefined"
    assert browser.evaluate("document.querySelectorAll('img, script').length") == 2
    assert browser.evaluate("document.title") == HOSTILE[0]
    assert browser.errors == []


def test_a_link_opens_a_node(browser: Page, tmp_path: Path) -> None:
    show(browser, tmp_path, page_of(), "#c1")
    assert browser.evaluate("document.querySelector('.node.chosen').dataset.id") == "c1"
    show(browser, tmp_path, page_of(), "#<img src=x>")
    assert browser.evaluate("document.querySelector('.node.chosen')") is None


def test_a_project_without_connections(browser: Page, tmp_path: Path) -> None:
    show(browser, tmp_path, page_of((), ()))
    assert "No connection is created" in browser.evaluate(
        "document.getElementById('empty').textContent"
    )


def test_five_hundred_nodes_are_quick_and_do_not_overlap(browser: Page, tmp_path: Path) -> None:
    def way(number: int, other: int) -> Way:
        calls = [(f"f{(number + depth) % 40}", depth) for depth in range(1, 5)]
        steps = tuple(step(f"pkg/{name}.py", depth, name) for name, depth in calls)
        return Way(f"GET /{number}/{other}", "request", steps)

    connections = tuple(
        connection(
            f"pkg{number % 7}/m{number}.py",
            number + 1,
            *(way(number, other) for other in range(2)),
            codes=("CNX101",) if number % 3 else (),
        )
        for number in range(150)
    )
    findings = tuple(
        finding(c.location.path, c.location.span.line, "CNX101") for c in connections if c.codes
    )
    text = page_of(connections, findings)
    assert len(data_of(text)["nodes"]) > 450
    show(browser, tmp_path, text)
    spent = (
        "(() => { const t = performance.now(); document.querySelector('#rules button').click();"
        " return performance.now() - t; })()"
    )
    assert browser.evaluate(spent) < 3000
    overlaps = """(() => {
      const all = [...document.querySelectorAll('.node rect')].map(e => e.getBoundingClientRect());
      const beside = (a, b) => a.right - 1 < b.left || b.right - 1 < a.left;
      const above = (a, b) => a.bottom - 1 < b.top || b.bottom - 1 < a.top;
      return all.flatMap((a, i) => all.slice(i + 1).filter(b => !beside(a, b) && !above(a, b))).length;
    })()"""
    assert browser.evaluate(overlaps) == 0
    everything = len(titles(browser))
    browser.click("#findings button")  # in a crowd, a choice shows what leads there alone
    assert browser.evaluate("document.querySelectorAll('.node.found').length") == 1
    browser.click("#focus")
    assert len(titles(browser)) == everything


def test_circles_of_calls_end(browser: Page, tmp_path: Path) -> None:
    around = tuple(step("a.py", line, name) for line, name in enumerate("abcabc", 1))
    show(
        browser,
        tmp_path,
        page_of((connection("db.py", 5, Way("GET /", "request", around), codes=("CNX101",)),), ()),
    )
    browser.click(".node.found")
    assert len(titles(browser)) >= 4
