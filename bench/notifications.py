"""A bulk sending of notifications by e-mail: how many a second one worker sends, and how long a single urgent one waits.

    .venv/bin/python -m bench.notifications [NUMBER]          20,000 unless told

Real PostgreSQL, and an SMTP server (aiosmtpd) in a process of its own that takes everything. The floor is smtplib alone,
with the same letters ready as bytes, over one connection. Printed beside the time on the clock is the processor time of
the worker, which a busy machine does not change. Budget: 200 e-mails a second a worker.

The urgent letter is put in while another process sends the bulk: once with a worker that is free for it, and once
without, so that the next batch of the bulk takes it along.
"""

import asyncio
import os
import smtplib
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["TUCAI_TEST_DB"] = "bench_notifications"
DATABASE = "test_bench_notifications"
TRIALS = 5


@dataclass(frozen=True)
class Reader:
    """Somebody with an address."""

    actor_key: str
    email: str
    phone: str = ""
    language: str = ""
    actor_name: str = ""


class Sink:
    """Takes every letter, and says when an urgent one has come."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if envelope.rcpt_tos[0].startswith("urgent"):
            print(time.time(), flush=True)
        return "250 OK"


def serve(port: int) -> None:
    from aiosmtpd.smtp import SMTP

    async def forever() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(Sink()), "127.0.0.1", port)
        await server.serve_forever()

    asyncio.run(forever())


def work(port: int) -> None:
    """What a worker of the queue `bulk` does."""
    prepare(port)
    from portal.notifications import deliveries

    deliveries.send_waiting()


def prepare(port: int, *, create: bool = False) -> None:
    from bench.database import connect

    connect(create=create, name=DATABASE)
    from django.conf import settings

    from portal.notifications import deliveries

    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    deliveries.MAX_TASK_SECONDS = 3600  # the queue is not part of this


@contextmanager
def process(what: str, port: int) -> Iterator[subprocess.Popen[str]]:
    """This module once more, beside us."""
    command = [sys.executable, "-m", "bench.notifications", what, str(port)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield child
    finally:
        child.terminate()
        child.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int) -> None:
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)


def line(label: str, number: int, call: Any) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{label:<52}{number / wall:>8.0f}{1000 * cpu / number:>12.2f}", flush=True)


def fill(school: Any, number: int, *, kind: str = "shipment.received") -> None:
    from portal import notifications

    readers = (Reader(f"student:{n}", f"student{n}@example.org") for n in range(number))
    notifications.notify_many(readers, school=school, kind=kind)


def floor(port: int, number: int) -> None:
    """The same letters, made before the clock runs."""
    from django.core.mail import EmailMessage

    from portal.models import Delivery
    from portal.notifications import deliveries
    from portal.notifications.channels.email import _body

    rows = list(Delivery.objects.select_related("notification")[:number])
    letters = []
    for row in rows:
        letter = deliveries._letter(row, {})
        mail = EmailMessage(letter.subject, _body(letter, row.notification.link), to=[row.address])
        letters.append((row.address, mail.message().as_bytes(linesep="\r\n")))

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", port) as server:
            for address, data in letters:
                server.sendmail("tucai@localhost", [address], data)

    line("floor: smtplib, one connection, letters ready", len(letters), send)


def urgent_delay(school: Any, server: subprocess.Popen[str], trial: int, *, has_worker: bool) -> float:
    """Seconds from the commit to the server."""
    from portal import notifications
    from portal.notifications import deliveries

    reader = Reader(f"user:{trial}", f"urgent{trial}@example.org")
    told = notifications.notify(reader, school=school, kind="account_unlocked")
    start = time.time()
    if has_worker:
        deliveries.send_one(told.deliveries.get().pk)
    assert server.stdout is not None
    return float(server.stdout.readline()) - start


def main(number: int) -> None:
    port = free_port()
    prepare(port, create=True)
    from django.db import transaction

    from portal.models import Delivery
    from portal.notifications import deliveries
    from portal.tenancy import system_scope
    from tests import factories

    transaction.on_commit = lambda function: None  # type: ignore[assignment] # no queue here
    with process("serve", port) as server, system_scope():
        wait_for(port)
        school = factories.school(season=factories.season())
        print(f"{'':<52}{'a second':>8}{'CPU ms each':>12}")
        line("stored by notify_many", number, lambda: fill(school, number))
        floor(port, min(number, 5000))
        line("one worker, in batches", number, deliveries.send_waiting)
        left = Delivery.objects.exclude(status=Delivery.Status.SENT).count()
        print(f"{'not sent':<52}{left:>8}\n")
        fill(school, number)
        with process("work", port):
            while Delivery.objects.filter(status=Delivery.Status.SENDING).count() == 0:
                time.sleep(0.05)
            for label, has_worker in (("with a worker of its own", True), ("in the next batch of the bulk", False)):
                delays = [urgent_delay(school, server, n, has_worker=has_worker) for n in range(TRIALS)]
                shown = f"{1000 * statistics.median(delays):.0f} ms, at most {1000 * max(delays):.0f} ms"
                print(f"{'one urgent letter meanwhile, ' + label:<62}{shown}", flush=True)
            waiting = Delivery.objects.filter(status=Delivery.Status.QUEUED, is_urgent=False).count()
            print(f"{'of the bulk, still waiting at that time':<52}{waiting:>8}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]))
    elif sys.argv[1:2] == ["work"]:
        work(int(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
