"""What a visitor sends makes no line of its own in the log."""

import logging
import re

from config.log_lines import OneLine


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
