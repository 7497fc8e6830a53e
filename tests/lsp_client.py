"""A small client of the Language Server Protocol, which speaks with `conn-lint server` over its standard streams."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PATIENCE = 90.0


class Client:
    """Use as a context manager; everything that the server sends of its own accord is kept in `sent`."""

    def __init__(
        self,
        root: Path,
        options: object = None,
        capabilities: object = None,
        settings: object = None,
        args: Sequence[str] = ("server", "--stdio"),
    ) -> None:
        self.settings = settings
        self._process = subprocess.Popen(
            [sys.executable, "-m", "conn_lint", *args],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._inbox: queue.Queue[dict[str, Any]] = queue.Queue()
        self.sent: list[dict[str, Any]] = []
        self._number = 0
        self._versions: dict[str, int] = {}
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._drain, daemon=True).start()
        self.initialized = self.request(
            "initialize",
            {
                "processId": None,
                "rootUri": root.as_uri(),
                "capabilities": capabilities or {},
                "initializationOptions": options,
            },
        )
        self.notify("initialized", {})

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.request("shutdown", None)
            self.notify("exit", None)
        self._process.wait(timeout=PATIENCE)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        return self._process.poll() is None

    def _drain(self) -> None:
        assert self._process.stderr is not None
        try:
            while self._process.stderr.readline():
                pass
        except ValueError:
            pass

    def _read(self) -> None:
        assert self._process.stdout is not None
        stream = self._process.stdout
        try:
            while line := stream.readline():
                length = 0
                while line.strip():
                    name, _, value = line.partition(b":")
                    if name.lower() == b"content-length":
                        length = int(value)
                    line = stream.readline()
                self._inbox.put(json.loads(stream.read(length)))
        except ValueError:
            pass  # closed

    def _write(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self._process.stdin.flush()

    def notify(self, method: str, params: object) -> None:
        self._write({"method": method, "params": params})

    def request(self, method: str, params: object) -> Any:
        self._number += 1
        number = self._number
        self._write({"id": number, "method": method, "params": params})
        message = self._until(lambda m: m.get("id") == number and "method" not in m)
        assert "error" not in message, message["error"]
        return message["result"]

    def wait(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """A message that the server has sent or sends now; each is given once."""
        for message in self.sent:
            if wanted(message):
                self.sent.remove(message)
                return message
        found = self._until(wanted)
        self.sent.remove(found)
        return found

    def _until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while True:
            message = self._inbox.get(timeout=max(end - time.monotonic(), 0.01))
            if "method" in message:
                self.sent.append(message)
                if "id" in message:  # the server asks, and gets a yes
                    answers = {
                        "workspace/applyEdit": {"applied": True},
                        "workspace/configuration": [self.settings],
                    }
                    self._write({"id": message["id"], "result": answers.get(message["method"])})
            if wanted(message):
                return message

    # Files

    def open(self, path: Path, text: str | None = None) -> str:
        uri = path.as_uri()
        self._versions[uri] = 1
        source = path.read_text(encoding="utf-8") if text is None else text
        item = {"uri": uri, "languageId": "python", "version": 1, "text": source}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return uri

    def change(self, uri: str, text: str) -> None:
        self._versions[uri] += 1
        document = {"uri": uri, "version": self._versions[uri]}
        params = {"textDocument": document, "contentChanges": [{"text": text}]}
        self.notify("textDocument/didChange", params)

    def close(self, uri: str) -> None:
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def save(self, uri: str) -> None:
        self.notify("textDocument/didSave", {"textDocument": {"uri": uri}})

    def diagnostics(self, uri: str) -> list[dict[str, Any]]:
        """The next ones of the file as it is now."""

        def is_it(message: dict[str, Any]) -> bool:
            params = message.get("params") or {}
            return (
                message.get("method") == "textDocument/publishDiagnostics"
                and params["uri"] == uri
                and params.get("version") == self._versions[uri]
            )

        found: list[dict[str, Any]] = self.wait(is_it)["params"]["diagnostics"]
        return found

    def actions(self, uri: str, line: int, only: list[str] | None = None) -> list[dict[str, Any]]:
        """What can be done on a line (from 0)."""
        place = {"start": {"line": line, "character": 0}, "end": {"line": line, "character": 400}}
        context: dict[str, Any] = {"diagnostics": []}
        if only:
            context["only"] = only
        params = {"textDocument": {"uri": uri}, "range": place, "context": context}
        found: list[dict[str, Any]] = self.request("textDocument/codeAction", params)
        return found

    def hover(self, uri: str, line: int, character: int) -> str:
        place = {"line": line, "character": character}
        found = self.request(
            "textDocument/hover", {"textDocument": {"uri": uri}, "position": place}
        )
        return "" if found is None else str(found["contents"]["value"])


def applied(text: str, edits: list[dict[str, Any]]) -> str:
    """The text after edits as an editor makes them, in UTF-16 units."""
    lines = text.splitlines(keepends=True) or [""]
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode("utf-16-le")))
    data = text.encode("utf-16-le")

    def offset(place: dict[str, int]) -> int:
        if place["line"] >= len(starts):
            return len(data)
        return min(starts[place["line"]] + 2 * place["character"], len(data))

    ordered = sorted(edits, key=lambda e: offset(e["range"]["start"]), reverse=True)
    for edit in ordered:
        start, end = offset(edit["range"]["start"]), offset(edit["range"]["end"])
        data = data[:start] + edit["newText"].encode("utf-16-le") + data[end:]
    return data.decode("utf-16-le")
