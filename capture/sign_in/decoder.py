"""The registry's decoder, which turns the text of a capture code (采集码) into a student: it holds the keys, and is not ours.

One HTTP call, signed both ways with a shared key. POST <address>/decode with {"code": text}; headers:

    X-Key        our name at the decoder
    X-Time       seconds since 1970
    X-Nonce      32 hex digits
    X-Signature  hex HMAC-SHA-256 of "POST\n/decode\n<time>\n<nonce>\n<hex SHA-256 of the body>"

The answer carries X-Signature over "<status>\n<our nonce>\n<hex SHA-256 of its body>": one without it says nothing.
200: {"number", "name", "document", "expires"}; the name and the document number are masked, `expires` is a moment (ISO
8601). 422: {"refused": "expired" | "unknown"}. To decode is to read: what was not answered is asked once more.
"""

import datetime as dt
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from django.conf import settings
from django.utils import timezone

from capture.sign_in import simulated_decoder

CONNECT_SECONDS, ANSWER_SECONDS = 3, 5
TRIES = 2
LARGEST_ANSWER = 64 * 1024


class DecoderError(Exception):
    """The decoder was not reached, or its answer is not to be believed."""


class CodeRefused(Exception):
    """`why`: "expired", "unknown"."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Decoded:
    """Whose code it is: the registry's number of the student, the name and the document number with stars."""

    number: str
    masked_name: str
    masked_document: str


def is_set_up() -> bool:
    return bool(settings.CAPTURE_CODE_DECODER)


def is_simulated() -> bool:
    return settings.CAPTURE_CODE_DECODER.get("provider") == "simulator"


def decode(text: str) -> Decoded:
    """Raises CodeRefused, or DecoderError."""
    account = settings.CAPTURE_CODE_DECODER
    if is_simulated():
        status, told = simulated_decoder.answer(text)
    else:
        status, told = _asked(account, json.dumps({"code": text}).encode())
    return _decoded(status, told)


def _decoded(status: int, told: Any) -> Decoded:
    try:
        if status == 422:
            raise CodeRefused("expired" if told["refused"] == "expired" else "unknown")
        found = Decoded(*(str(told[name]) for name in ("number", "name", "document")))
        expires = dt.datetime.fromisoformat(told["expires"])
        is_over = expires <= timezone.now()
    except (ValueError, TypeError, LookupError) as error:
        raise DecoderError(f"The answer has not the decoder's shape: {error!r}") from error
    if not all((found.number, found.masked_name, found.masked_document)):
        raise DecoderError("The answer lacks what a student is known by.")
    if len(found.number) > 40 or len(found.masked_name) > 60 or len(found.masked_document) > 40:
        raise DecoderError("The answer says more than a student is known by.")
    if is_over:
        raise CodeRefused("expired")
    return found


def _asked(account: Mapping[str, str], body: bytes) -> tuple[int, Any]:
    """Status and content of a signed answer, 200 or 422."""
    for left in reversed(range(TRIES)):
        try:
            return _exchange(account, body)
        except (requests.RequestException, _Trouble) as error:
            if not left:
                raise DecoderError(f"The decoder gave no answer: {type(error).__name__}") from error
    raise AssertionError


class _Trouble(Exception):
    """The decoder has a trouble of its own, which may be over at the next try."""


def _exchange(account: Mapping[str, str], body: bytes) -> tuple[int, Any]:
    nonce, now = secrets.token_hex(16), str(int(time.time()))
    signed = f"POST\n/decode\n{now}\n{nonce}\n{hashlib.sha256(body).hexdigest()}"
    headers = {"Content-Type": "application/json", "X-Key": account["key"], "X-Time": now, "X-Nonce": nonce}
    headers["X-Signature"] = sign(account["secret"], signed)
    url = f"{account['address'].rstrip('/')}/decode"
    limits = (CONNECT_SECONDS, ANSWER_SECONDS)
    with requests.post(url, data=body, headers=headers, timeout=limits, allow_redirects=False, stream=True) as answer:
        content = _limited(answer)
        if answer.status_code >= 500:
            raise _Trouble
        expected = f"{answer.status_code}\n{nonce}\n{hashlib.sha256(content).hexdigest()}"
        given = answer.headers.get("X-Signature", "")
        if not hmac.compare_digest(sign(account["secret"], expected).encode(), given.encode()):
            raise DecoderError("The answer is not signed by the decoder.")
        if answer.status_code not in (200, 422):
            raise DecoderError(f"The decoder refuses us: {answer.status_code}.")
        try:
            return answer.status_code, json.loads(content)
        except ValueError as error:
            raise DecoderError("The answer is no JSON.") from error


def _limited(answer: requests.Response) -> bytes:
    """The time limit of requests is one of each piece; this is one of the whole."""
    deadline, content = time.monotonic() + ANSWER_SECONDS, b""
    for piece in answer.iter_content(8192):
        content += piece
        if time.monotonic() > deadline or len(content) > LARGEST_ANSWER:
            raise DecoderError("The decoder's answer takes too long or is too large.")
    return content


def sign(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
