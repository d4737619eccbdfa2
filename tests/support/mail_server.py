"""A mail server that speaks SMTP on a port of its own, and refuses, waits or hangs up as a test asks."""

import email
import email.policy
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope


class Handler:
    """`answers` {address: what the server says to it}; `hang_up` at these addresses the line is cut."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.hang_up: set[str] = set()
        self.connections = 0
        self.envelopes: list[Envelope] = []

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: list) -> list:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.hang_up:
            server.transport.close()
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return "250 OK"

    # No properties: aiosmtpd looks at every attribute at each connection, and would read all letters again each time.

    def addresses(self) -> list[str]:
        return [address for envelope in self.envelopes for address in envelope.rcpt_tos]

    def subjects(self) -> list[str]:
        return [
            email.message_from_bytes(envelope.content, policy=email.policy.default)["Subject"]
            for envelope in self.envelopes
        ]


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


@contextmanager
def mail_server(settings: Any, *, host: str = "127.0.0.1") -> Iterator[Handler]:
    """Runs beside the test, and the settings send mail there."""
    handler = Handler()
    controller = Controller(handler, hostname=host, port=free_port(host))
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = host, controller.port
    try:
        yield handler
    finally:
        controller.stop()
