"""Somebody else's service, which counts the sockets that are opened to it and can keep callers waiting."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from live_postgres import DEADLINE


class OtherService(ThreadingHTTPServer):
    """Answers every GET with the same object, on connections that stay open as long as the caller likes."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.answer = json.dumps(answer).encode()
        self.sockets = 0
        self.waiting = 0
        self.lock = threading.Lock()
        self.may_answer = threading.Event()
        self.may_answer.set()

    def handle_error(self, *_args: object) -> None:
        """Be silent on callers that have gone."""

    @contextmanager
    def slow(self) -> Iterator[None]:
        """Nobody gets an answer within the block."""
        self.may_answer.clear()
        try:
            yield
        finally:
            self.may_answer.set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: OtherService

    def setup(self) -> None:
        super().setup()
        with self.server.lock:
            self.server.sockets += 1

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.waiting += 1
        self.server.may_answer.wait(DEADLINE)
        with self.server.lock:
            self.server.waiting -= 1
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *_args: object) -> None:
        """Be silent on those that stay, too."""


@contextmanager
def other_service(answer: dict[str, Any]) -> Iterator[OtherService]:
    """The service in a thread, until the block ends."""
    service = OtherService(answer)
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield service
    finally:
        service.shutdown()
        thread.join()
        service.server_close()
