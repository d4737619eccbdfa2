"""Pages for a browser without a server of the product's: the test's own client is asked for each, so that no row has to be
committed.

    with serving(client) as pages:
        pages.turn_to(reverse("students:roster"))
        tab.goto(pages.address)
"""

import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any, NamedTuple

from django.contrib.staticfiles import finders
from django.db import connection, connections
from django.http import FileResponse
from django.test import Client


class Found(NamedTuple):
    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def is_whole_page(self) -> bool:
        """Neither a refusal, nor a file, nor a part that htmx fetches."""
        return self.status == 200 and b"<html" in self.content[:400]


def answer_of(found: Any) -> Found:
    content = found.getvalue()
    if isinstance(found, FileResponse) and found.file_to_stream:  # `close()` would end the test's transaction as well
        found.file_to_stream.close()
    return Found(found.status_code, dict(found.headers), content)


class Pages(ThreadingHTTPServer):
    """Answers by `client`, and by the files that `collectstatic` would copy, which the browser may keep.

    A page that goes on by itself, as one of a finished job does, stays `here`; another query of the same page is asked for. Routes of Playwright's would do the same, but
    they shut the browser's cache: each page would fetch its thirty scripts anew.
    """

    daemon_threads = True

    def __init__(self, client: Client, **scripts: Path) -> None:
        super().__init__(("localhost", 0), Answer)
        self.client, self.scripts = client, scripts
        self.here, self.page = "", Found(404, {}, b"")
        self.one_at_a_time = Lock()
        self.known = copy_context()  # a thread knows neither the test's scope nor its transaction
        self.connection = connections[connection.alias]

    def turn_to(self, address: str) -> Found:
        """Only this page is shown from now on, as it is at this moment."""
        self.here, self.page = address, self.ask(address)
        return self.page

    @property
    def address(self) -> str:
        return f"http://localhost:{self.server_port}{self.here}"

    def ask(self, address: str) -> Found:
        with self.one_at_a_time:
            connections[connection.alias] = self.connection
            return answer_of(self.known.run(self.client.get, address))


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Pages

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/static/"):
            name = path.removeprefix("/static/")
            file = self.server.scripts.get(name) or finders.find(name)
            kind = mimetypes.guess_type(str(file))[0] or "application/octet-stream"
            kept = {"Content-Type": kind, "Cache-Control": "max-age=3600"}
            found = Found(200, kept, Path(file).read_bytes()) if file else Found(404, {}, b"")
        elif self.path == self.server.here:
            found = self.server.page
        elif self.headers["Sec-Fetch-Mode"] == "navigate" and path != self.server.here.partition("?")[0]:
            found = Found(204, {}, b"")
        else:
            found = self.server.ask(self.path)
        self.send_response(found.status)
        for name, value in (found.headers | {"Content-Length": str(len(found.content))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(found.content)

    def log_message(self, *_: Any) -> None:
        """Nothing: a failed test names the page."""


@contextmanager
def serving(client: Client, **scripts: Path) -> Iterator[Pages]:
    """`scripts`: a test's own, beside the files of the product: `axe=PATH` is `/static/axe`."""
    connection.inc_thread_sharing()
    with Pages(client, **scripts) as pages:
        Thread(target=pages.serve_forever, daemon=True).start()
        try:
            yield pages
        finally:
            pages.shutdown()
            connection.dec_thread_sharing()
