"""A visitor's browser, as far as the product notices: cookies, the CSRF token, a multipart form."""

import http.client
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

SECONDS = 30


class NoAnswer(Exception):
    """The connection was refused or broke: nobody knows whether the request was carried out."""


@dataclass(frozen=True)
class Answer:
    status: int
    location: str
    body: bytes

    @property
    def is_success(self) -> bool:
        return self.status < 400

    @property
    def is_final(self) -> bool:
        """Whether asking again would change nothing; 429 and 5xx mean: later."""
        return self.status < 500 and self.status != 429

    def json(self) -> Any:
        return json.loads(self.body)


class Browser:
    """`source`: the loopback address that it comes from."""

    def __init__(self, url: str, source: str = "127.0.0.1") -> None:
        self.address = url.removeprefix("http://")
        self.source = source
        self.cookies: dict[str, str] = {}
        self.headers: dict[str, str] = {}

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def post(self, path: str, fields: Mapping[str, str] | None = None) -> Answer:
        return self.send("POST", path, urlencode(fields or {}).encode(), "application/x-www-form-urlencoded")

    def upload(self, path: str, fields: Mapping[str, str], name: str, filename: str, content: bytes) -> Answer:
        edge = uuid.uuid4().hex
        parts = [_part(edge, f'name="{key}"', value.encode()) for key, value in fields.items()]
        parts.append(_part(edge, f'name="{name}"; filename="{filename}"', content))
        body = b"".join(parts) + f"--{edge}--\r\n".encode()
        return self.send("POST", path, body, f"multipart/form-data; boundary={edge}")

    def send(self, method: str, path: str, body: bytes = b"", content_type: str = "", **extra: str) -> Answer:
        headers = (
            {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} | self.headers | extra
        )
        if content_type:
            headers["Content-Type"] = content_type
        if "csrftoken" in self.cookies:
            headers["X-CSRFToken"] = self.cookies["csrftoken"]
        connection = http.client.HTTPConnection(self.address, timeout=SECONDS, source_address=(self.source, 0))
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(str(error)) from error
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie", []):
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return Answer(answer.status, answer.headers.get("Location", ""), content)


def _part(edge: str, head: str, content: bytes) -> bytes:
    return f"--{edge}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"
