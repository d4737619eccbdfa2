"""In place of a service, for the demo and a first try: it says yes to every name, and its own page plays the face.

Pages that lead to it say that it is one.
"""

import secrets
from collections.abc import Mapping
from typing import Any

from django.core.cache import cache
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from capture.sign_in.real_name.base import Denied, Face, Pending, Person

SECONDS = 1800
OUTCOMES = ("passed", "face")  # what its page lets the visitor choose


class Simulator:
    title = _("the simulator of a real-name service")

    def __init__(self, account: Mapping[str, Any]) -> None:
        pass

    def check(self, person: Person) -> str:
        return f"simulated-{secrets.token_hex(4)}"

    def begin_face(self, person: Person, *, back: str, browser: str) -> Face:
        token = secrets.token_hex(16)
        cache.set(_key(token), {"back": back, "outcome": ""}, SECONDS)
        return Face(f"{reverse('capture:simulated_face')}?token={token}", token)

    def face(self, token: str, person: Person) -> str:
        outcome = (found(token) or {"outcome": "expired"})["outcome"]
        if outcome == "":
            raise Pending
        if outcome != "passed":
            raise Denied(outcome, is_charged=outcome == "face")
        return f"simulated-{token[:8]}"


def found(token: str) -> dict[str, str] | None:
    known: dict[str, str] | None = cache.get(_key(token))
    return known


def choose(token: str, outcome: str) -> None:
    if known := found(token):
        cache.set(_key(token), known | {"outcome": outcome}, SECONDS)


def _key(token: str) -> str:
    return f"simulated-face:{token[:64]}"
