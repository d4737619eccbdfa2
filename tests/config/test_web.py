"""The web server goes on for everybody while some send half a request, or do not read the answer."""

import io
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from config import web

SLOW = 2 * web.SETTINGS["threads"]
HALF_A_POST = b"POST /post HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nlogin=a"
BYTES = 32 * 2**20  # more than the sockets of both sides hold


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(web, "DRAIN_SECONDS", 0)


@contextmanager
def serving(app: Any) -> Iterator[web.Server]:
    server = web.Server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


def connected(server: web.Server, sent: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", int(server.server.effective_port)), timeout=30)
    client.sendall(sent)
    return client


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def first_line(server: web.Server, path: str) -> bytes:
    with connected(server, get(path)) as client:
        return client.makefile("rb").readline()


def archive(environ: Any, start_response: Any) -> Any:
    """Answers /file with a file, /stream with an answer that is made piece by piece, and others with a word, after
    it has read the whole request.
    """
    if environ["PATH_INFO"] not in ("/file", "/stream"):
        environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]
    start_response("200 OK", [("Content-Length", str(BYTES))])
    if environ["PATH_INFO"] == "/file":
        return environ["wsgi.file_wrapper"](io.BytesIO(bytes(BYTES)))
    return (bytes(2**20) for _ in range(BYTES // 2**20))


def test_half_sent_requests_stop_nobody():
    with serving(archive) as server, ExitStack() as clients:
        for _ in range(SLOW):
            clients.enter_context(connected(server, HALF_A_POST))
        assert first_line(server, "/") == b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize("path", ["/file", "/stream"])
def test_readers_that_do_not_read_stop_nobody(path):
    with serving(archive) as server, ExitStack() as clients:
        for _ in range(SLOW):
            # Two requests in one: the second must not wait in a thread for the reader of the first.
            client = clients.enter_context(connected(server, 2 * get(path)))
            assert client.recv(12) == b"HTTP/1.1 200"
        assert first_line(server, "/") == b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def server() -> Iterator[web.Server]:
    """A server whose loop the test turns itself."""
    server = web.Server("127.0.0.1", 0, archive)
    yield server
    server.close()


def turn(server: web.Server, until: Callable[[], bool]) -> None:
    while not until():
        server.server.asyncore.loop(timeout=0.05, map=server.sockets, use_poll=True, count=1)
        server._sweep()


def test_after_stop_kept_and_waiting_connections_have_one_more_answer(server, monkeypatch):
    """nginx sends forms on connections that it keeps, and sends none of them twice."""
    monkeypatch.setattr(web, "DRAIN_SECONDS", web.STOP_SECONDS)
    with connected(server, get("/")) as kept:
        first = b""
        while not first.endswith(b"ok"):
            turn(server, lambda: bool(select.select([kept], [], [], 0)[0]))
            first += kept.recv(1000)
        with connected(server, get("/")) as waiting:  # in the hands of the kernel: nobody turns the loop
            server.stop()
            kept.sendall(get("/"))
            loop = threading.Thread(target=server.run)
            loop.start()
            for client in (kept, waiting):
                answer = b"".join(iter(lambda client=client: client.recv(1000), b""))  # to its end
                assert answer.startswith(b"HTTP/1.1 200 OK")
                assert b"Connection: close" in answer
            loop.join()


def test_a_photo_that_arrives_while_the_web_ends_is_taken_whole(server, monkeypatch):
    monkeypatch.setattr(web, "DRAIN_SECONDS", 0)
    with connected(server, HALF_A_POST) as client:
        turn(server, lambda: any(each.request for each in server._channels()))
        server.stop()
        loop = threading.Thread(target=server.run)
        loop.start()
        client.sendall(bytes(993))
        assert client.recv(1000).startswith(b"HTTP/1.1 200 OK")
        loop.join()


def test_request_that_does_not_arrive_in_time_is_cut_off(server, monkeypatch):
    with connected(server, HALF_A_POST):
        turn(server, lambda: bool(server._first_seen))
        monkeypatch.setattr(web, "REQUEST_SECONDS", -1)
        turn(server, lambda: not server._channels())


def test_headers_that_do_not_arrive_in_time_are_cut_off(server, monkeypatch):
    monkeypatch.setattr(web, "HEADER_SECONDS", -1)
    with connected(server, b"GET / HTTP/1.1\r\nHost: loc"), connected(server, HALF_A_POST):
        turn(server, lambda: len(server._first_seen) == 1 and len(server._channels()) == 1)
        (left,) = server._channels()
        assert left.request.headers_finished


@pytest.mark.parametrize(("proxies", "left"), [(0, 3), (1, 5)])
def test_one_address_does_not_take_every_connection(server, monkeypatch, settings, proxies, left):
    settings.TRUSTED_PROXIES = proxies
    monkeypatch.setattr(web, "OF_ONE_ADDRESS", 3)
    with ExitStack() as clients:
        for _ in range(4):
            clients.enter_context(connected(server, HALF_A_POST))
        turn(server, lambda: any(each.request for each in server._channels()))
        newest = clients.enter_context(connected(server, HALF_A_POST))
        ours = newest.getsockname()[1]
        turn(server, lambda: any(each.addr[1] == ours and each.request for each in server._channels()))
        assert len(server._channels()) == left


def test_answer_that_nobody_reads_is_dropped(server, monkeypatch):
    with connected(server, get("/file")) as client:
        turn(server, lambda: any(each.total_outbufs_len for each in server._channels()))
        client.recv(1)
        monkeypatch.setattr(web, "IDLE_SECONDS", -1)
        monkeypatch.setattr(server.server.adj, "channel_timeout", -1)
        turn(server, lambda: not server._channels())


def test_a_request_has_one_end_or_is_refused():
    """Otherwise what one server takes for a body is the next visitor's request for the other."""
    sent = {
        "Content-Length: 4\r\nTransfer-Encoding: chunked": b"200",  # chunks count, the length does not
        "Content-Length: 4\r\nContent-Length: 2": b"400",
        "Content-Length: +4": b"400",
        "Transfer-Encoding: xchunked": b"501",
        "Transfer-Encoding : chunked": b"400",
    }
    answers = {}
    with serving(archive) as server:
        for head in sent:
            request = f"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{head}\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
            with connected(server, request.encode()) as client:
                lines = client.makefile("rb").read().splitlines()
            (answers[head],) = [line.split()[1] for line in lines if line.startswith(b"HTTP/")]
    assert answers == sent


def test_portal_is_what_is_served():
    with serving(web.application) as server:
        assert first_line(server, "/static/css/base.css") == b"HTTP/1.1 200 OK\r\n"


def test_stop_lets_what_is_being_answered_end():
    with serving(archive) as server:
        client = connected(server, get("/file"))
        body = client.recv(1000)
        server.stop()
        while part := client.recv(2**20):
            body += part
            if len(body) > BYTES:
                break
        client.close()
    content = body.partition(b"\r\n\r\n")[2]
    assert len(content) == BYTES


@pytest.mark.parametrize("path", ["/", "/file", "/stream"])
def test_an_answer_to_head_has_no_body_that_the_next_reader_would_take_for_an_answer(path):
    with serving(archive) as server:
        head = get(path).replace(b"GET", b"HEAD")
        with connected(server, head + get("/")) as client, client.makefile("rb") as answers:
            assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
            headers = b"".join(iter(answers.readline, b"\r\n"))
            assert b"Content-Length: %d\r\n" % (2 if path == "/" else BYTES) in headers
            assert answers.readline() == b"HTTP/1.1 200 OK\r\n"


def test_a_request_whose_sender_has_gone_is_not_worked_on():
    threads, go_on, worked_on = web.SETTINGS["threads"], threading.Event(), []

    def app(environ: Any, start_response: Any) -> Any:
        worked_on.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/slow":
            go_on.wait(60)
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    with serving(app) as server, ExitStack() as clients:
        for _ in range(threads):
            clients.enter_context(connected(server, get("/slow")))
        wait_until(lambda: len(worked_on) == threads)
        with connected(server, get("/gone")):
            wait_until(lambda: server.server.task_dispatcher.queue)
        wait_until(lambda: sum(channel.connected for channel in server._channels()) == threads)
        go_on.set()
        assert first_line(server, "/after") == b"HTTP/1.1 200 OK\r\n"
    assert "/gone" not in worked_on


def wait_until(is_true: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not is_true():
        assert time.monotonic() < end, "it did not come to this"
        time.sleep(0.01)
