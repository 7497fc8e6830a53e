"""Requests to an application, one after the other or many at once."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from live_apps import Server
from live_postgres import DEADLINE

NO_ANSWER = 0


class Answer(NamedTuple):
    status: int  # NO_ANSWER if the connection broke
    body: Any = None


def ask(server: Server, path: str, form: dict[str, str] | None = None) -> Answer:
    """One request on a connection of its own: a POST if there is a form."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)
    headers = {"Connection": "close"}
    try:
        if form is None:
            connection.request("GET", path, headers=headers)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request("POST", path, urlencode(form), headers)
        response = connection.getresponse()
        body = response.read()
        status = response.status
    except (OSError, http.client.HTTPException):
        return Answer(NO_ANSWER)
    finally:
        connection.close()
    return Answer(status, json.loads(body) if status < 500 and body[:1] in {b"{", b"["} else None)


class Burst:
    """Requests that are under way at once; `answers` has those that came back, with their paths."""

    def __init__(self, server: Server, paths: Sequence[str]) -> None:
        self.answers: list[tuple[str, Answer]] = []
        self._threads = [threading.Thread(target=self._ask, args=(server, p)) for p in paths]
        for thread in self._threads:
            thread.start()

    def _ask(self, server: Server, path: str) -> None:
        self.answers.append((path, ask(server, path)))

    def join(self) -> Burst:
        """Wait for the last answer."""
        for thread in self._threads:
            thread.join()
        return self

    def good(self) -> int:
        return sum(answer.status == 200 for _, answer in self.answers)

    def bad(self) -> int:
        return len(self.answers) - self.good()
