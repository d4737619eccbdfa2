"""The web server: `python -m config.web`, on HOST and PORT.

waitress reads a whole request, and keeps a whole answer, in one loop that waits for nobody; a thread
is only busy while Django works. So people who send slowly, or do not read, take no thread from the
others (docs/decisions/039-edge.md).
"""

import select
import signal
import sys
import time
from typing import Any

import waitress
from django.conf import settings
from django.template.loader import get_template
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer
from waitress.task import WSGITask

from config import database_login
from config.wsgi import application
from launch import environment
from portal.database.patience import patience
from portal.database.scope import limit_statements

IDLE_SECONDS = 60  # a connection on which nothing moves ends
REQUEST_SECONDS = 300  # a request has arrived by then: a photo of 5 MB at 20 kB/s takes 250
HEADER_SECONDS = 20  # its headers have arrived by then
# Connections of one address that wait for a request or for the rest of one; the oldest end, where no proxy counts them.
OF_ONE_ADDRESS = 100
STOP_SECONDS = 30  # after a SIGTERM what is being answered may end for so long
DRAIN_SECONDS = 2  # and for so long what nginx has sent on its kept connections is still answered
SWEEP_SECONDS = 2
SETTINGS: dict[str, Any] = {
    "threads": settings.WEB_THREADS,
    "connection_limit": 1000,
    "channel_timeout": IDLE_SECONDS,
    "cleanup_interval": SWEEP_SECONDS,
    "asyncore_use_poll": True,
    "asyncore_loop_timeout": 1,
    "recv_bytes": 64 * 1024,
    "channel_request_lookahead": 1,  # or nobody would notice that a sender has gone
    "max_request_header_size": 64 * 1024,
    # Up to twice the limit the portal refuses with a page of its own; beyond, the connection ends at once.
    "max_request_body_size": 2 * settings.REQUEST_MAX_BYTES,
    # An answer that nobody reads waits in a temporary file; no thread ever waits for its reader.
    "outbuf_high_watermark": sys.maxsize,
    # Behind a proxy the portal itself counts TRUSTED_PROXIES addresses back in X-Forwarded-For.
    "clear_untrusted_proxy_headers": False,
    "ident": None,
}
# A thread waits no longer for the database: heavy work is a job. It is against slow pages and held locks, and stops nobody
# who sends SQL of his own.
STATEMENT_SECONDS, LOCK_SECONDS = 60, 15


def for_who_waits(app: Any) -> Any:
    """`app`, but for requests whose sender has gone while they waited for a thread: they are not worked on."""

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["waitress.client_disconnected"]():
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return []
        return app(environ, start_response)

    return answer


def without_body(app: Any) -> Any:
    """`app` with the answers to HEAD as HTTP wants them: the headers alone.

    Neither Django nor waitress takes the body off. What a proxy finds behind the headers on a connection that it keeps
    is the beginning of the next answer, and the next may be anybody's.
    """

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        body = app(environ, start_response)
        if environ["REQUEST_METHOD"] != "HEAD":
            return body
        if hasattr(body, "close"):
            body.close()
        return []

    return answer


class Server:
    """waitress on one address, with an end to slow requests and to answers that nobody reads."""

    def __init__(self, host: str, port: int, app: Any = application) -> None:
        self.sockets: dict[int, Any] = {}  # what the loop waits for, by file descriptor
        self.server = waitress.create_server(
            for_who_waits(without_body(app)), map=self.sockets, host=host, port=port, **SETTINGS
        )
        self.stop_until: float | None = None  # when the server ends at the latest, once it is asked to
        for listener in self._listeners():
            listener.channel_class = self._channel_class()
        self._first_seen: dict[HTTPChannel, tuple[Any, float]] = {}  # the request that arrives, and since when

    def run(self) -> None:
        """Serve until `stop` is called."""
        next_sweep = 0.0
        while True:
            self.server.asyncore.loop(timeout=1, map=self.sockets, use_poll=True, count=1)
            if self.stop_until is not None:
                self._take_no_more()
                if not self._is_to_go_on(self.stop_until):
                    break
            if time.monotonic() >= next_sweep:
                self._sweep()
                next_sweep = time.monotonic() + SWEEP_SECONDS
        self.close()

    def close(self) -> None:
        for channel in self._channels():
            channel.handle_close()
        self.server.task_dispatcher.shutdown(timeout=1)
        for each in list(self.sockets.values()):
            each.close()

    def stop(self, *_signal: Any) -> None:
        """`run` ends when everything is answered. Called by a signal's handler, or from another thread: the loop does the rest."""
        if self.stop_until is None:
            self.stop_until = time.monotonic() + STOP_SECONDS
            self.server.pull_trigger()

    def _take_no_more(self) -> None:
        """Close the listeners, once those connections are taken that the kernel has taken already: nginx has sent a form
        there, and must not send it twice.
        """
        for listener in self._listeners():
            while select.select([listener.socket], [], [], 0)[0]:
                listener.handle_accept()
            listener.del_channel(self.sockets)
            listener.socket.close()

    def _channel_class(self) -> type[HTTPChannel]:
        """After `stop` each answer says that it is the last one on its connection, so that nginx sends the next elsewhere."""
        server = self

        class Task(WSGITask):
            def build_response_header(self) -> bytes:
                if server.stop_until is not None:
                    self.request.headers["CONNECTION"] = "close"
                head: bytes = super().build_response_header()
                return head

        class Channel(HTTPChannel):
            task_class = Task

        return Channel

    def _listeners(self) -> list[BaseWSGIServer]:
        return [each for each in self.sockets.values() if isinstance(each, BaseWSGIServer)]

    def _is_to_go_on(self, stop_until: float) -> bool:
        left = stop_until - time.monotonic()
        is_draining = left > STOP_SECONDS - DRAIN_SECONDS and bool(self._channels())
        return is_draining or (left > 0 and self._is_answering())

    def _channels(self) -> list[HTTPChannel]:
        return [each for each in self.sockets.values() if isinstance(each, HTTPChannel)]

    def _is_answering(self) -> bool:
        """Also what is still arriving: a photo takes more than one look."""
        return any(each.requests or each.request or each.total_outbufs_len for each in self._channels())

    def _sweep(self) -> None:
        """Close what waitress would not: its own time limit starts anew with every byte, and it closes
        a connection only when the other side takes more.
        """
        channels = self._channels()
        now = time.monotonic()
        before, self._first_seen = self._first_seen, {}
        for channel in channels:
            arriving = channel.request
            if arriving is not None:
                known, since = before.get(channel, (None, now))
                self._first_seen[channel] = (arriving, since if known is arriving else now)
                limit = REQUEST_SECONDS if arriving.headers_finished else HEADER_SECONDS
                if known is arriving and now - since > limit:
                    channel.handle_close()
            if channel.will_close and time.time() - channel.last_activity > IDLE_SECONDS:
                channel.handle_close()
        if not settings.TRUSTED_PROXIES:
            self._limit_addresses()

    def _limit_addresses(self) -> None:
        """Close the oldest waiting connections of an address that has too many: there is room for 1000 in all."""
        waiting: dict[str, list[HTTPChannel]] = {}
        for channel in self._channels():
            if not (channel.requests or channel.total_outbufs_len or channel.will_close):
                waiting.setdefault(channel.addr[0], []).append(channel)
        for channels in waiting.values():
            if len(channels) > OF_ONE_ADDRESS:
                channels.sort(key=lambda each: each.creation_time)
                for channel in channels[:-OF_ONE_ADDRESS]:
                    channel.handle_close()


def load_templates() -> None:
    """All of ours: an update lays the next release's over them while this process still answers, and its code knows only its own."""
    folder = settings.BASE_DIR / "templates"
    for path in sorted(folder.rglob("*.*")):
        get_template(str(path.relative_to(folder)))


def main() -> None:
    limit_statements(seconds=STATEMENT_SECONDS, lock_seconds=LOCK_SECONDS)
    with patience.limited():
        _serve()


def _serve() -> None:
    database_login.check_rights()
    database_login.check_settings()
    database_login.check_log()
    load_templates()
    host = environment.text("HOST", "127.0.0.1")
    port = environment.number("PORT", 8000, least=1, most=65_535)
    try:
        server = Server(host, port)
    except OSError as error:
        sys.exit(f"{host}:{port} cannot be used: {error.strerror}")
    signal.signal(signal.SIGTERM, server.stop)
    signal.signal(signal.SIGINT, server.stop)
    server.run()


if __name__ == "__main__":
    main()
