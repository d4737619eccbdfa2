"""What a real-name service has to do. It writes nothing and knows no roster; whom it is asked about, the roster has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

SECONDS = 6  # that a service has for its answer: a visitor waits for it


@dataclass(frozen=True)
class Person:
    name: str
    id_number: str


@dataclass(frozen=True)
class Face:
    """A page of the service on which the visitor shows the own face. `token`: what we ask for the result by."""

    url: str
    token: str


class Silent(Exception):
    """The service says nothing of the person: it is away, the account is refused or used up, the answer has another form."""


class Pending(Exception):
    """The visitor has not finished on the page of the service."""


class Denied(Exception):
    """The service says no. `why`: "mismatch", "no_record", "format", "face", "expired"; `is_charged`: it costs all the same."""

    def __init__(self, why: str, *, is_charged: bool = False) -> None:
        super().__init__(why)
        self.why, self.is_charged = why, is_charged


class Service(Protocol):
    title: Any

    def __init__(self, account: Mapping[str, Any]) -> None: ...

    def check(self, person: Person) -> str:
        """The service's number of its answer that both belong together. Raises Denied or Silent."""

    def begin_face(self, person: Person, *, back: str, browser: str) -> Face:
        """`back`: where the visitor comes afterwards; `browser`: its User-Agent. Raises Denied or Silent."""

    def face(self, token: str, person: Person) -> str:
        """The service's number of its answer that the live face is this person's. Raises Denied, Pending or Silent."""


def checked_url(url: Any, *, of_service: str) -> str:
    """An address to which a visitor may be led; `of_service`: the address of the interface that gave it."""
    given = urlsplit(str(url or ""))
    allowed = ("https", urlsplit(of_service).scheme)
    if given.scheme not in allowed or not given.netloc:
        raise Silent("The page of the service has no https address.")
    return str(url)
