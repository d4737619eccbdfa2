"""How many threads of one web process may be busy with what strangers send at the same time.

Opening a file costs seconds when somebody means it to, and a password costs a third of a second. Whoever finds the places taken waits a little, and is then told
to come again: the other threads answer everybody else meanwhile. A worker has one thread, which never waits.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from portal.errors import PortalError

COME_AGAIN = 5  # seconds
READING = _("Many files are being read at this moment. Nothing is lost: try again in a few seconds.")
SIGNING_IN = _("Very many people are signing in at this moment. Try again in a few seconds.")


class Busy(PortalError):
    status = 503
    headers = {"Retry-After": str(COME_AGAIN)}


class Brake:
    """`at_once` threads work, others wait for `seconds`; beyond `inside` in all nobody waits."""

    def __init__(self, *, at_once: int, inside: int, seconds: float, sentence: object = READING) -> None:
        self.seconds = seconds
        self.sentence = sentence  # for whoever is to come again
        self._inside = threading.BoundedSemaphore(max(at_once, inside))
        self._working = threading.BoundedSemaphore(at_once)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raises Busy."""
        if not self._inside.acquire(blocking=False):
            raise Busy(self.sentence)
        try:
            if not self._working.acquire(timeout=self.seconds):
                raise Busy(self.sentence)
            try:
                yield
            finally:
                self._working.release()
        finally:
            self._inside.release()


# Of 12 threads, 5 may be in photos, 2 in papers, 2 in passwords and 2 in the codes that strangers sign in with, so that they
# keep nobody from sending a paper: one is always free. A picture takes up to 400 MB while it is decoded.
PHOTOS = Brake(at_once=2, inside=(settings.WEB_THREADS - 1) // 2, seconds=10)
PAPERS = Brake(at_once=1, inside=settings.WEB_THREADS // 6, seconds=3)
CODES = Brake(at_once=1, inside=settings.WEB_THREADS // 6, seconds=3, sentence=SIGNING_IN)
PASSWORDS = Brake(at_once=1, inside=settings.WEB_THREADS // 6, seconds=3, sentence=SIGNING_IN)
