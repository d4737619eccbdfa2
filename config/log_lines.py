"""Lines of the log: one an event, with the offset of the time, and nothing in it that begins a line of its own. Each line of a
request has its number, which the visitor's answer has too.
"""

import json
import logging
import re
import textwrap
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

request_id: ContextVar[str] = ContextVar("request_id", default="")
_NUMBER = re.compile(r"[0-9a-f-]{8,64}")

# Control characters and the separators of lines: what a visitor sends must not look like another line.
_CONTROLS = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
_ESCAPED = {code: ascii(chr(code))[1:-1] for code in _CONTROLS if chr(code) != "\t"}


class OneLine(logging.Formatter):
    """2026-11-27T08:00:00+0800 WARNING name message; the lines of a trace follow, indented."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S%z")

    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record).translate(_ESCAPED)

    def formatException(self, ei: object) -> str:
        return textwrap.indent(super().formatException(ei), "    ", lambda line: True)  # type: ignore[arg-type]


class JSONLine(logging.Formatter):
    """{"time", "level", "logger", "message", "request", "trace"}: the last two where there are such."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if number := request_id.get():
            line["request"] = number
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line)  # all but ASCII is escaped, and so is whatever might end a line


class RequestNumbers:
    """Gives each request its number: nginx's, where one stands before us, else a new one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sent = request.headers.get("X-Request-ID", "") if settings.TRUSTED_PROXIES else ""
        number = sent if _NUMBER.fullmatch(sent) else uuid.uuid4().hex
        before = request_id.set(number)
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(before)
        response["X-Request-ID"] = number
        return response
