"""A mail server that keeps what it is sent: each letter a file in /tmp/mail. Who has an address at refused.test gets nothing. For the trial alone."""

import itertools
import socketserver
from pathlib import Path

KEPT = Path("/tmp/mail")  # noqa: S108 -- inside the machine of the trial
_numbers = itertools.count(1)


class Session(socketserver.StreamRequestHandler):
    """As much of SMTP as Django's client speaks."""

    def handle(self) -> None:
        self._say("220 trial")
        while line := self.rfile.readline():
            word = line[:4].upper().strip()
            if word == b"DATA":
                self._say("354 go on")
                letter = b"".join(iter(self.rfile.readline, b".\r\n"))
                (KEPT / f"{next(_numbers):04d}.eml").write_bytes(letter)
                self._say("250 kept")
            elif word == b"RCPT" and b"@refused.test" in line:
                self._say("550 5.1.1 nobody of this name")
            elif word == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 trial")

    def _say(self, answer: str) -> None:
        self.wfile.write(f"{answer}\r\n".encode())


if __name__ == "__main__":
    KEPT.mkdir(exist_ok=True)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 2525), Session) as server:
        server.serve_forever()
