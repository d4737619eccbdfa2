"""What a visitor sends makes no line of its own in the log."""

import json
import logging
import re

import pytest
from django.http import HttpResponse

from config.log_lines import JSONLine, OneLine, RequestNumbers


def written(message: str, *values: object, error: Exception | None = None) -> str:
    exc_info = (type(error), error, None) if error else None
    return OneLine().format(logging.LogRecord("portal", logging.WARNING, "", 0, message, values, exc_info))


def test_a_line_begins_with_its_time_and_offset():
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} WARNING portal hello$", written("hello"))


def test_what_a_visitor_sends_stays_in_its_line():
    line = written("404 %s", "/a\r\n2026-11-27T08:00:00+0800 INFO portal 图采\u2028\x1b[31m\x85\tend")
    assert line.endswith(r"404 /a\r\n2026-11-27T08:00:00+0800 INFO portal 图采\u2028\x1b[31m\x85" + "\tend")
    assert len(line.splitlines()) == 1


def test_the_lines_of_a_trace_are_indented():
    first, *trace = written("failed", error=ValueError("x\n2026-11-27T08:00:00+0800 INFO portal forged")).splitlines()
    assert first.endswith("failed")
    assert trace
    assert all(line.startswith("    ") for line in trace)


def test_a_line_of_json_has_the_number_of_its_request_and_stays_one_line(rf, settings):
    settings.TRUSTED_PROXIES = 1
    lines = []

    def answer(request):
        for message in ("名单 \u2028 \n second", "%s failed"):
            record = logging.LogRecord("tucai", logging.WARNING, "", 0, message, ("x",) if "%" in message else (), None)
            lines.append(JSONLine().format(record))
        return HttpResponse()

    sent = "0123456789abcdef"
    assert RequestNumbers(answer)(rf.get("/", headers={"X-Request-ID": sent}))["X-Request-ID"] == sent
    assert all(len(line.splitlines()) == 1 for line in lines)
    found = [json.loads(line) for line in lines]
    assert [line["message"] for line in found] == ["名单 \u2028 \n second", "x failed"]
    assert {(line["request"], line["level"]) for line in found} == {(sent, "WARNING")}


@pytest.mark.parametrize(("proxies", "sent"), [(0, "0123456789abcdef"), (1, "x\n forged"), (1, "")])
def test_a_visitor_chooses_no_number(rf, settings, proxies, sent):
    settings.TRUSTED_PROXIES = proxies
    request = rf.get("/")
    request.META["HTTP_X_REQUEST_ID"] = sent
    number = RequestNumbers(lambda request: HttpResponse())(request)["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{32}", number)
