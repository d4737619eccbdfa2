"""A server that answers as its `handle` says, and notes what it took."""

from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class Request:
    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self.method, self.path = handler.command, handler.path
        self.headers = handler.headers
        self.body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))


class Peer:
    """`refusals` {who it is for: code}; `taken`: the messages that went out; `leads_to`: an address, in place of all answers;
    `breaks_off`: the line ends before the answer does; `asked`: the paths of all requests.
    """

    def __init__(self) -> None:
        self.refusals: dict[str, Any] = {}
        self.taken: list[Any] = []
        self.asked: list[str] = []
        self.leads_to = ""
        self.breaks_off = False
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                peer.asked.append(self.path)
                request = Request(self)  # its body too, or it would be taken for the next request of the connection
                status, content = (302, b"") if peer.leads_to else peer.handle(request)
                self.send_response(status)
                if peer.leads_to:
                    self.send_header("Location", peer.leads_to)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content) + 100 * peer.breaks_off))
                self.end_headers()
                self.close_connection = self.close_connection or peer.breaks_off
                with suppress(BrokenPipeError):  # who asked did not wait
                    self.wfile.write(content)

            do_GET = do_POST

            def log_message(self, format: str, *arguments: Any) -> None:
                """The test's output stays its own."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def handle(self, request: Request) -> tuple[int, bytes]:
        raise NotImplementedError

    def reset(self) -> None:
        self.refusals.clear()
        self.taken.clear()
        self.asked.clear()
        self.leads_to = ""
        self.breaks_off = False

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
