"""A mailbox that speaks POP3 (RFC 1939) on a port of its own: what is deleted is gone after QUIT."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PASSWORD = "secret of the mailbox"


class Mailbox(socketserver.ThreadingTCPServer):
    """`letters` {lasting name: text}; `fetched`: the names of those that were read, in order."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.letters: dict[str, bytes] = {}
        self.fetched: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Session(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        self.say("+OK ready")
        is_known, deleted = False, set()
        names = dict(enumerate(self.server.letters, 1))
        for line in self.rfile:
            word, _blank, given = line.decode().strip().partition(" ")
            left = {number: name for number, name in names.items() if name not in deleted}
            if word == "PASS":
                is_known = given == PASSWORD
                self.say("+OK" if is_known else "-ERR wrong password")
            elif word == "LIST":
                self.say_all(f"{number} {len(self.server.letters[name])}".encode() for number, name in left.items())
            elif word == "UIDL":
                self.say_all(f"{number} {name}".encode() for number, name in left.items())
            elif word == "RETR" and is_known:
                self.server.fetched.append(left[int(given)])
                self.say_all(self.server.letters[left[int(given)]].splitlines())
            elif word == "DELE" and is_known:
                deleted.add(left[int(given)])
                self.say("+OK")
            else:
                self.say("+OK" if word in ("USER", "QUIT") else "-ERR")
            if word == "QUIT":
                for name in deleted:
                    del self.server.letters[name]
                return

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def say_all(self, lines: Iterator[bytes] | list[bytes]) -> None:
        self.say("+OK")
        for line in lines:
            self.wfile.write((b"." + line if line.startswith(b".") else line) + b"\r\n")
        self.wfile.write(b".\r\n")


@contextmanager
def mailbox_server() -> Iterator[Mailbox]:
    with Mailbox() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
