"""Lines of the log: one an event, with the offset of the time, and nothing in it that begins a line of its own."""

import logging
import textwrap

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
