"""axe finds nothing of any level on any page of the three portals, staff's on a computer and students' on a phone;
and none is wider than its window on either, nor on a small computer.

A server in this process asks the test's own client for each page and picture, so that no row has to be committed. What the
rows hold is made up; `tests.test_outsider` finds the pages and the objects in their addresses.
"""

import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any, NamedTuple

import axe_playwright_python
import pytest
from django.contrib.staticfiles import finders
from django.db import connection, connections
from django.http import FileResponse
from django.test import Client
from playwright.sync_api import Browser
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import Page as Tab

from portal.models import Role
from students.models import Student
from tests import factories
from tests.capture.conftest import sign_in
from tests.conftest import client_of
from tests.test_outsider import PAGES, url_of
from tests.test_permission_matrix import readable

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
RUN = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.map(({ id, nodes }) => `${id} ${nodes[0].target} ${nodes[0].failureSummary}`);
}"""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
COMPUTER, SMALL, PHONE = {"width": 1440, "height": 900}, {"width": 1024, "height": 768}, {"width": 390, "height": 844}
NO_PAGES = ("account_", "mfa_")  # of the packages; their forms are drawn by the same parts


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

    A page that goes on by itself, as one of a finished job does, stays `here`. Routes of Playwright's would do the same, but
    they shut the browser's cache: each page would fetch its thirty scripts anew.
    """

    daemon_threads = True

    def __init__(self, client: Client) -> None:
        super().__init__(("localhost", 0), Answer)
        self.client = client
        self.here, self.page = "", Found(404, {}, b"")
        self.one_at_a_time = Lock()
        self.known = copy_context()  # a thread knows neither the test's scope nor its transaction
        self.connection = connections[connection.alias]

    def turn_to(self, address: str) -> Found:
        """Only this page is shown from now on, as it is at this moment."""
        self.here, self.page = address, answer_of(self.client.get(address))
        return self.page

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
            file = finders.find(path.removeprefix("/static/"))
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            kept = {"Content-Type": kind, "Cache-Control": "max-age=3600"}
            found = Found(200, kept, Path(file).read_bytes()) if file else Found(404, {}, b"")
        elif self.headers["Sec-Fetch-Mode"] == "navigate":
            found = self.server.page if self.path == self.server.here else Found(204, {}, b"")
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
def serving(client: Client) -> Iterator[Pages]:
    connection.inc_thread_sharing()
    with Pages(client) as pages:
        Thread(target=pages.serve_forever, daemon=True).start()
        try:
            yield pages
        finally:
            pages.shutdown()
            connection.dec_thread_sharing()


def arrive(tab: Tab, address: str) -> None:
    """Go there; once more if the page before went on by itself in the same moment."""
    try:
        tab.goto(address)
    except BrowserError:
        tab.goto(address)


def visitor(portal: str, world: dict[type, Any], owner: Any) -> Client:
    if portal == "student":
        return sign_in(world[Student])
    return (
        client_of(owner if portal == "school" else factories.person("center", Role.CENTER_ADMIN))
        if portal
        else Client()
    )


@pytest.mark.django_db
@pytest.mark.parametrize("portal", ["center", "school", "student", ""])
def test_axe_finds_nothing_on_any_page(portal, school, season, owner, browser: Browser):
    world = readable(school, season)
    client = visitor(portal, world, owner)
    sizes = [COMPUTER, SMALL, PHONE] if portal in ("center", "school") else [PHONE, SMALL, COMPUTER]
    found, looked = [], 0
    with (
        serving(client) as pages,
        browser.new_context(locale="zh-CN", viewport=sizes[0], reduced_motion="reduce") as context,
    ):
        tab = context.new_page()
        for page in PAGES:
            if page.portal not in (portal, *(["staff"] if portal == "center" else [])) or page.is_operators:
                continue
            if page.name.startswith(NO_PAGES):
                continue
            if not pages.turn_to(url_of(page, world)).is_whole_page:
                continue
            looked += 1
            arrive(tab, f"http://localhost:{pages.server_port}{pages.here}")
            tab.evaluate(AXE)
            found += [f"{page.name}: {line}" for line in tab.evaluate(RUN)]
            for size in sizes[1:] + sizes[:1]:
                tab.set_viewport_size(size)
                if wider := tab.evaluate(WIDER):
                    found.append(f"{page.name}: {wider} px wider than a window of {size['width']}")
    assert looked > 1
    assert not found, "\n".join(found)
