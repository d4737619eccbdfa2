"""One request to a provider and its answer, both with limits."""

import time
from collections.abc import Iterator, Mapping

import requests

from billing.online.providers.base import ANSWER_SECONDS, CONNECT_SECONDS, ProviderError

LARGEST_ANSWER = 1024 * 1024  # bytes
LARGEST_BILL = 64 * 1024 * 1024


def exchange(
    method: str, url: str, headers: dict[str, str], body: str = "", *, largest: int = LARGEST_ANSWER
) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and content of the answer. No redirect is followed. Raises ProviderError without an answer."""
    limits = (CONNECT_SECONDS, ANSWER_SECONDS)
    try:
        with requests.request(
            method, url, data=body.encode() or None, headers=headers, timeout=limits, allow_redirects=False, stream=True
        ) as answer:
            return answer.status_code, answer.headers, b"".join(_limited(answer, largest))
    except requests.RequestException as error:
        raise ProviderError(f"The provider gave no answer: {type(error).__name__}") from error


def _limited(answer: requests.Response, largest: int) -> Iterator[bytes]:
    """The time limit of requests is one of each piece; this is one of the whole."""
    deadline, size = time.monotonic() + ANSWER_SECONDS, 0
    for piece in answer.iter_content(8192):
        size += len(piece)
        if time.monotonic() > deadline or size > largest:
            raise ProviderError("The provider's answer takes too long or is too large.")
        yield piece
